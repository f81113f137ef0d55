/* SPDX-License-Identifier: Apache-2.0 */
/* Add of a constant per column behind a matrix product becomes its bias. */
#include "passes/match.h"

static tenon_status fuse(tenon__pass_context *c, tenon__node *product, tenon__node *add,
                         tenon__value_id constant, int64_t columns)
{
    tenon__value_id bias;
    tenon__view view = *tenon__match_view(c, constant);
    bool aligned = tenon__graph_value(c->graph, constant)->aligned;
    tenon__view_set(&view, TENON_F32, 1, &columns);
    view.data = tenon__match_view(c, constant)->data;
    view.known = true;
    tenon_status st = tenon__graph_add_const(c->graph, (tenon__str){NULL, 0}, &view, &bias, c->err);
    if (st) return st;
    tenon__graph_value(c->graph, bias)->aligned = aligned;
    st = tenon__rewrite_input(c, product, 2, bias);
    if (st) return st;
    tenon__rewrite_output(c, product, add->outputs[0]);
    add->dead = true;
    return TENON_OK;
}

/* A constant along the columns of a matrix product: [N], [1,..,1,N]. */
static bool is_per_column(const tenon__pass_context *c, tenon__value_id id, tenon__value_id product,
                          int64_t columns)
{
    if (!tenon__match_const(c, id)) return false;
    const tenon__view *v = tenon__match_view(c, id), *y = tenon__match_view(c, product);
    return v->dtype == TENON_F32 && v->rank >= 1 && v->rank <= y->rank &&
           tenon__view_count(v) == columns && v->dims[v->rank - 1] == columns;
}

/* The product behind `add`'s input i that can take its other input as bias; *columns of it. */
static tenon__node *host(const tenon__pass_context *c, const tenon__node *add, uint32_t i,
                         int64_t *columns)
{
    tenon__node *node = tenon__match_sole(c, add->inputs[i], "MatMul");
    if (!node || !tenon__match_const(c, tenon__match_input(node, 1)) ||
        tenon__attr_find(node, "activation"))
        return NULL;
    if (tenon__match_input(node, 2) != TENON__NO_VALUE ||
        tenon__match_input(node, 3) != TENON__NO_VALUE)
        return NULL;
    const tenon__view *w = tenon__match_view(c, node->inputs[1]);
    if (w->dtype != TENON_F32 || w->rank < 2) return NULL;
    *columns = w->dims[w->rank - 1];
    return is_per_column(c, add->inputs[1 - i], add->inputs[i], *columns) ? node : NULL;
}

tenon_status tenon__pass_bias(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *add = c->graph->nodes.items[n];
        if (add->dead || !tenon__match_is(add, "Add") || add->input_count != 2 ||
            !tenon__match_numpy(add))
            continue;
        for (uint32_t i = 0; i < 2; i++) {
            int64_t columns;
            tenon__node *node = host(c, add, i, &columns);
            if (!node) continue;
            tenon_status st = fuse(c, node, add, add->inputs[1 - i], columns);
            if (st) return st;
            break;
        }
    }
    return TENON_OK;
}
