/* SPDX-License-Identifier: Apache-2.0 */
/* float16, bfloat16 and float8 are storage: around an operator that computes in float32, its inputs
 * are widened and its outputs rounded back, once per operator. */
#include "passes/passes.h"

static bool is_storage(tenon_dtype d)
{
    return d == TENON_F16 || d == TENON_BF16 || d == TENON_F8E4M3FN || d == TENON_F8E4M3FNUZ ||
           d == TENON_F8E5M2 || d == TENON_F8E5M2FNUZ;
}

/* ONNX's number for a dtype, as Cast's `to` takes it. */
static int64_t onnx_number(tenon_dtype d)
{
    switch (d) {
    case TENON_F32:
        return 1;
    case TENON_F16:
        return 10;
    case TENON_BF16:
        return 16;
    case TENON_F8E4M3FN:
        return 17;
    case TENON_F8E4M3FNUZ:
        return 18;
    case TENON_F8E5M2:
        return 19;
    default:
        return 20;
    }
}

static tenon_status add_cast(tenon__pass_context *c, const tenon__op *cast, tenon__value_id from,
                             tenon__value_id to, tenon_dtype dtype)
{
    tenon__attr attr = {.name = TENON__STR("to"), .type = TENON__ATTR_INT, .i = onnx_number(dtype)};
    tenon__node *node;
    tenon_status st =
        tenon__graph_add_node(c->graph, cast, (tenon__str){NULL, 0}, TENON__STR("Cast"), 21, &from,
                              1, &to, 1, &attr, 1, UINT32_MAX, &node, c->err);
    if (st) return st;
    node->parsed = tenon__arena_zeroed(c->graph->arena, 1, cast->attrs_bytes + 1);
    if (!node->parsed) return tenon__fail(c->err, TENON_ENOMEM, "no memory for a cast");
    return cast->read ? cast->read(c->graph, node, node->parsed, c->err) : TENON_OK;
}

/* A new value like `id` but in `dtype`. */
static tenon_status twin(tenon__pass_context *c, tenon__value_id id, tenon_dtype dtype,
                         tenon__value_id *out)
{
    tenon_status st = tenon__graph_add_value(c->graph, (tenon__str){NULL, 0}, out, c->err);
    if (st) return st;
    tenon__view view = tenon__graph_value(c->graph, id)->view;
    view.dtype = dtype;
    view.data = NULL;
    view.known = false;
    tenon__graph_value(c->graph, *out)->view = view;
    return TENON_OK;
}

static tenon_status widen_node(tenon__pass_context *c, tenon__node *node, const tenon__op *cast,
                               tenon__value_id *wide)
{
    tenon_status st = TENON_OK;
    for (uint32_t i = 0; i < node->input_count && st == TENON_OK; i++) {
        tenon__value_id id = node->inputs[i];
        if (id == TENON__NO_VALUE || !is_storage(tenon__graph_value(c->graph, id)->view.dtype))
            continue;
        if (wide[id] == TENON__NO_VALUE) {
            st = twin(c, id, TENON_F32, &wide[id]);
            if (st == TENON_OK) st = add_cast(c, cast, id, wide[id], TENON_F32);
        }
        node->inputs[i] = wide[id];
    }
    for (uint32_t i = 0; i < node->output_count && st == TENON_OK; i++) {
        tenon__value_id id = node->outputs[i], narrow;
        if (id == TENON__NO_VALUE || !is_storage(tenon__graph_value(c->graph, id)->view.dtype))
            continue;
        st = twin(c, id, TENON_F32, &narrow);
        if (st == TENON_OK)
            st = add_cast(c, cast, narrow, id, tenon__graph_value(c->graph, id)->view.dtype);
        if (st) break;
        node->outputs[i] = narrow;
        tenon__graph_value(c->graph, narrow)->producer = node->index;
    }
    return st;
}

static bool reads_storage(const tenon__pass_context *c, const tenon__node *node)
{
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != TENON__NO_VALUE &&
            is_storage(tenon__graph_value(c->graph, node->inputs[i])->view.dtype))
            return true;
    return false;
}

tenon_status tenon__pass_widen(tenon__pass_context *c)
{
    const tenon__op *cast = tenon__op_find("Cast");
    size_t values = c->graph->values.count, nodes = c->graph->nodes.count;
    if (!cast) return TENON_OK;
    tenon__value_id *wide = tenon__alloc(c->graph->allocator, (values + 1) * sizeof *wide);
    if (!wide) return tenon__fail(c->err, TENON_ENOMEM, "no memory for pass widen");
    memset(wide, 0xff, (values + 1) * sizeof *wide);
    tenon_status st = TENON_OK;
    for (size_t n = 0; n < nodes && st == TENON_OK; n++) {
        tenon__node *node = c->graph->nodes.items[n];
        if (node->dead || !(node->op->flags & TENON__OP_WIDEN) || !reads_storage(c, node)) continue;
        st = widen_node(c, node, cast, wide);
        c->changed = true;
    }
    tenon__free(c->graph->allocator, wide);
    return st;
}
