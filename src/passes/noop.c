/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that change nothing: Identity, Dropout whose mask nobody reads, Cast to the type that is
 * there, Transpose that keeps the order, Pad by nothing. Their readers read what they read. */
#include "passes/match.h"
#include "tensor/convert.h"

static bool same_dtype(const tenon__pass_context *c, const tenon__node *node)
{
    const tenon__view *x = tenon__match_view(c, node->inputs[0]),
                      *y = tenon__match_view(c, node->outputs[0]);
    return x->dtype != TENON_NONE && x->dtype == y->dtype;
}

static bool keeps_order(const tenon__node *node)
{
    size_t count;
    const int64_t *perm = tenon__attr_ints(node, "perm", &count);
    for (size_t i = 0; perm && i < count; i++)
        if (perm[i] != (int64_t)i) return false;
    return perm && count > 0;
}

static bool pads_nothing(const tenon__pass_context *c, const tenon__node *node)
{
    size_t count;
    const int64_t *attr = tenon__attr_ints(node, "pads", &count);
    tenon__value_id pads = tenon__match_input(node, 1);
    for (size_t i = 0; attr && i < count; i++)
        if (attr[i] != 0) return false;
    if (attr) return true;
    if (!tenon__match_const(c, pads)) return false;
    const tenon__view *v = tenon__match_view(c, pads);
    for (int64_t i = 0; i < tenon__view_count(v); i++)
        if (tenon__get_i64(v->dtype, v->data, (size_t)i) != 0) return false;
    return true;
}

static bool other_outputs_read(const tenon__pass_context *c, const tenon__node *node)
{
    for (uint32_t i = 1; i < node->output_count; i++)
        if (node->outputs[i] != TENON__NO_VALUE && node->outputs[i] < c->use_count &&
            c->uses[node->outputs[i]])
            return true;
    return false;
}

static bool changes_nothing(const tenon__pass_context *c, const tenon__node *node)
{
    if (tenon__match_is(node, "Identity")) return true;
    if (tenon__match_is(node, "Cast")) return same_dtype(c, node);
    if (tenon__match_is(node, "Transpose")) return keeps_order(node);
    if (tenon__match_is(node, "Pad")) return pads_nothing(c, node);
    double training = 0;
    if (!tenon__match_is(node, "Dropout") || other_outputs_read(c, node)) return false;
    tenon__value_id mode = tenon__match_input(node, 2);
    return mode == TENON__NO_VALUE || (tenon__match_scalar(c, mode, &training) && training == 0);
}

static bool is_output(const tenon__graph *g, tenon__value_id id)
{
    return tenon__graph_value(g, id)->is_output;
}

tenon_status tenon__pass_noop(tenon__pass_context *c)
{
    tenon__graph *g = c->graph;
    for (size_t n = 0; n < g->nodes.count; n++) {
        tenon__node *node = g->nodes.items[n];
        if (node->dead || !node->input_count || node->inputs[0] == TENON__NO_VALUE ||
            !changes_nothing(c, node))
            continue;
        tenon__value_id from = node->outputs[0], to = node->inputs[0];
        /* A graph output keeps its own value: only then is it plain what the caller gets. */
        if (is_output(g, from) || tenon__match_view(c, to)->kind != TENON_VALUE_TENSOR) continue;
        tenon_status st = tenon__graph_replace(g, from, to, c->err);
        if (st) return st;
        c->uses[to] += c->uses[from] ? c->uses[from] - 1 : 0;
        node->dead = true;
        c->changed = true;
    }
    return TENON_OK;
}
