/* SPDX-License-Identifier: Apache-2.0 */
#include "passes/match.h"

#include "tensor/convert.h"

tenon__node *tenon__match_producer(const tenon__pass_context *c, tenon__value_id id)
{
    if (id == TENON__NO_VALUE) return NULL;
    const tenon__value *v = tenon__graph_value(c->graph, id);
    if (v->role != TENON__ROLE_NODE || v->producer >= c->graph->nodes.count) return NULL;
    tenon__node *node = c->graph->nodes.items[v->producer];
    return node->dead ? NULL : node;
}

tenon__node *tenon__match_sole(const tenon__pass_context *c, tenon__value_id id, const char *op)
{
    tenon__node *node = tenon__match_producer(c, id);
    if (!node || !tenon__match_is(node, op) || node->output_count < 1 || node->outputs[0] != id)
        return NULL;
    return id < c->use_count && c->uses[id] == 1 ? node : NULL;
}

tenon__value_id tenon__match_input(const tenon__node *node, uint32_t i)
{
    return i < node->input_count ? node->inputs[i] : TENON__NO_VALUE;
}

const tenon__view *tenon__match_view(const tenon__pass_context *c, tenon__value_id id)
{
    return id == TENON__NO_VALUE ? NULL : &tenon__graph_value(c->graph, id)->view;
}

bool tenon__match_const(const tenon__pass_context *c, tenon__value_id id)
{
    if (id == TENON__NO_VALUE) return false;
    const tenon__value *v = tenon__graph_value(c->graph, id);
    return v->role == TENON__ROLE_CONST && !v->has_default && v->view.kind == TENON_VALUE_TENSOR;
}

bool tenon__match_scalar(const tenon__pass_context *c, tenon__value_id id, double *out)
{
    if (!tenon__match_const(c, id)) return false;
    const tenon__view *v = tenon__match_view(c, id);
    if (tenon__view_count(v) != 1 || v->dtype == TENON_STRING) return false;
    *out = tenon__get_f64(v->dtype, v->data, 0);
    return true;
}

bool tenon__match_is(const tenon__node *node, const char *op)
{
    return strcmp(node->op->name, op) == 0;
}

bool tenon__match_numpy(const tenon__node *node)
{
    return node->opset >= 7 || !tenon__attr_find(node, "axis");
}

bool tenon__match_same_shape(const tenon__pass_context *c, tenon__value_id a, tenon__value_id b)
{
    const tenon__view *x = tenon__match_view(c, a), *y = tenon__match_view(c, b);
    if (!x || !y || x->rank < 0 || x->rank != y->rank || x->dtype != y->dtype) return false;
    for (int d = 0; d < x->rank; d++)
        if (x->dims[d] != y->dims[d] || x->dims[d] == TENON__DIM_UNKNOWN) return false;
    return true;
}

void tenon__rewrite_output(tenon__pass_context *c, tenon__node *node, tenon__value_id value)
{
    node->outputs[0] = value;
    tenon__graph_value(c->graph, value)->producer = node->index;
    c->changed = true;
}

static tenon_status out_of_memory(const tenon__pass_context *c)
{
    return tenon__fail(c->err, c->graph->arena->over_limit ? TENON_ELIMIT : TENON_ENOMEM,
                       "no memory to rewrite the graph");
}

tenon_status tenon__rewrite_input(tenon__pass_context *c, tenon__node *node, uint32_t i,
                                  tenon__value_id value)
{
    if (i >= node->input_count) {
        tenon__value_id *more = tenon__arena_alloc(c->graph->arena, (i + 1) * sizeof *more);
        if (!more) return out_of_memory(c);
        for (uint32_t k = 0; k <= i; k++)
            more[k] = k < node->input_count ? node->inputs[k] : TENON__NO_VALUE;
        node->inputs = more;
        node->input_count = i + 1;
    }
    node->inputs[i] = value;
    c->changed = true;
    return TENON_OK;
}

static tenon_status read_attrs(tenon__pass_context *c, tenon__node *node)
{
    node->parsed = tenon__arena_zeroed(c->graph->arena, 1, node->op->attrs_bytes + 1);
    if (!node->parsed) return out_of_memory(c);
    return node->op->read ? node->op->read(c->graph, node, node->parsed, c->err) : TENON_OK;
}

tenon_status tenon__rewrite_attrs(tenon__pass_context *c, tenon__node *node,
                                  const tenon__attr *attrs, uint32_t count)
{
    tenon__attr *all =
        tenon__arena_zeroed(c->graph->arena, (size_t)node->attr_count + count + 1, sizeof *all);
    uint32_t n = 0;
    if (!all) return out_of_memory(c);
    for (uint32_t i = 0; i < node->attr_count; i++) {
        bool replaced = false;
        for (uint32_t k = 0; k < count; k++)
            replaced |= tenon__str_equal(attrs[k].name, node->attrs[i].name);
        if (!replaced) all[n++] = node->attrs[i];
    }
    for (uint32_t k = 0; k < count; k++)
        all[n++] = attrs[k];
    node->attrs = all;
    node->attr_count = n;
    c->changed = true;
    return read_attrs(c, node);
}

tenon_status tenon__rewrite_op(tenon__pass_context *c, tenon__node *node, const char *op,
                               const tenon__value_id *inputs, uint32_t input_count,
                               const tenon__attr *attrs, uint32_t attr_count)
{
    tenon__value_id *list = tenon__arena_alloc(c->graph->arena, (input_count + 1) * sizeof *list);
    if (!list) return out_of_memory(c);
    for (uint32_t i = 0; i < input_count; i++)
        list[i] = inputs[i];
    node->op = tenon__op_find(op);
    if (!node->op) return tenon__fail(c->err, TENON_EINTERNAL, "there is no operator %s", op);
    node->kind = tenon__str_of(node->op->name);
    node->opset = TENON__NEWEST_OPSET;
    node->inputs = list;
    node->input_count = input_count;
    node->attr_count = 0;
    return tenon__rewrite_attrs(c, node, attrs, attr_count);
}

tenon_status tenon__rewrite_add(tenon__pass_context *c, const char *op, tenon__str name,
                                const tenon__value_id *inputs, uint32_t input_count,
                                const tenon__value_id *outputs, uint32_t output_count,
                                const tenon__attr *attrs, uint32_t attr_count, tenon__node **out)
{
    const tenon__op *found = tenon__op_find(op);
    *out = NULL;
    if (!found) return tenon__fail(c->err, TENON_EINTERNAL, "there is no operator %s", op);
    tenon_status st = tenon__graph_add_node(
        c->graph, found, name, tenon__str_of(found->name), TENON__NEWEST_OPSET, inputs, input_count,
        outputs, output_count, attrs, attr_count, UINT32_MAX, out, c->err);
    c->changed = true;
    return st ? st : read_attrs(c, *out);
}

tenon_status tenon__rewrite_value(tenon__pass_context *c, const tenon__view *like,
                                  tenon__value_id *out)
{
    tenon__view view = *like;
    tenon_status st = tenon__graph_add_value(c->graph, (tenon__str){NULL, 0}, out, c->err);
    if (st) return st;
    view.data = NULL;
    view.known = false;
    tenon__graph_value(c->graph, *out)->view = view;
    return TENON_OK;
}

tenon_status tenon__rewrite_const(tenon__pass_context *c, int rank, const int64_t *dims,
                                  tenon__value_id *out, float **data)
{
    tenon__view view = {0};
    size_t bytes;
    *out = TENON__NO_VALUE;
    tenon__view_set(&view, TENON_F32, rank, dims);
    if (!tenon__view_bytes(&view, &bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "a constant's size overflows");
    uint8_t *block = tenon__arena_zeroed(c->graph->arena, bytes + 128, 1);
    if (!block) return out_of_memory(c);
    *data = (void *)tenon__align_up((uintptr_t)block, 64);
    view.data = *data;
    view.known = true;
    tenon_status st = tenon__graph_add_const(c->graph, (tenon__str){NULL, 0}, &view, out, c->err);
    if (st == TENON_OK) tenon__graph_value(c->graph, *out)->aligned = true;
    return st;
}
