/* SPDX-License-Identifier: Apache-2.0 */
/* Operators made of smaller ones. */
#include "graph/check.h"
#include "graph/op.h"

/* An expansion may hold operators that expand; so many times over is a loop among them. */
#define MAX_ROUNDS 16

tenon__value_id tenon__expand_node(tenon__expand *c, const char *op, const tenon__value_id *inputs,
                                   uint32_t count, const tenon__attr *attrs, uint32_t attr_count,
                                   tenon__value_id out)
{
    tenon__node *node;
    if (c->err->status) return TENON__NO_VALUE;
    const tenon__op *found = tenon__op_find(op);
    if (!found) {
        tenon__fail(c->err, TENON_EINTERNAL, "it expands into %s, which this build lacks", op);
        return TENON__NO_VALUE;
    }
    if (out == TENON__NO_VALUE &&
        tenon__graph_add_value(c->graph, (tenon__str){NULL, 0}, &out, c->err))
        return TENON__NO_VALUE;
    if (tenon__graph_add_node(c->graph, found, c->node->name, tenon__str_of(found->name),
                              TENON__OPSET_NEWEST, inputs, count, &out, 1, attrs, attr_count,
                              c->node->index, &node, c->err) ||
        tenon__node_read(c->graph, node, c->err))
        return TENON__NO_VALUE;
    return out;
}

tenon__value_id tenon__expand_const(tenon__expand *c, tenon_dtype dtype, int rank,
                                    const int64_t *dims, const void *data)
{
    tenon__view view = {.kind = TENON_VALUE_TENSOR, .known = true};
    tenon__value_id id;
    size_t bytes;
    if (c->err->status) return TENON__NO_VALUE;
    tenon__view_set(&view, dtype, rank, dims);
    if (!tenon__view_bytes(&view, &bytes) || bytes > SIZE_MAX - TENON_TENSOR_PAD_BYTES) {
        tenon__fail(c->err, TENON_ELIMIT, "a constant is too large");
        return TENON__NO_VALUE;
    }
    view.data = tenon__arena_zeroed(c->graph->arena, 1, bytes + TENON_TENSOR_PAD_BYTES);
    if (!view.data) {
        tenon__graph_no_memory(c->graph->arena, c->err);
        return TENON__NO_VALUE;
    }
    if (bytes) memcpy(view.data, data, bytes);
    if (tenon__graph_add_const(c->graph, (tenon__str){NULL, 0}, &view, &id, c->err))
        return TENON__NO_VALUE;
    tenon__graph_value(c->graph, id)->aligned = true;
    return id;
}

/* `failure` is never NULL: its status tells the helpers above that an earlier one has failed. */
static tenon_status expand_one(tenon__graph *graph, tenon__node *node, bool *did,
                               tenon_error *failure)
{
    tenon__expand c = {.graph = graph, .node = node, .attrs = node->parsed, .err = failure};
    size_t nodes_before = graph->nodes.count;
    failure->status = TENON_OK;
    tenon_status status = node->op->expand(&c);
    if (status == TENON_EAGAIN && graph->nodes.count == nodes_before) {
        if (node->op->run || node->op->next) return TENON_OK;
        status = tenon__fail(failure, TENON_EUNSUPPORTED,
                             "the types and shapes of its inputs must be declared");
    }
    if (status == TENON_OK) status = failure->status;
    if (status) return tenon__node_where(node, status, failure);
    *did = node->dead;
    return TENON_OK;
}

static tenon_status expand_here(tenon__graph *graph, size_t max_nodes, tenon_error *err)
{
    tenon_error failure;
    size_t first = 0;
    for (int round = 0;; round++) {
        size_t end = graph->nodes.count;
        bool any = false;
        if (first == end) return TENON_OK;
        for (size_t n = first; n < end; n++) {
            tenon__node *node = graph->nodes.items[n];
            if (node->dead || !node->op->expand) continue;
            bool did = false;
            tenon_status status = round < MAX_ROUNDS
                                      ? expand_one(graph, node, &did, &failure)
                                      : tenon__fail(&failure, TENON_EINTERNAL,
                                                    "it expands into itself, over and over");
            if (status == TENON_OK && max_nodes && graph->nodes.count > max_nodes)
                status = tenon__fail(&failure, TENON_ELIMIT, "more than %zu nodes", max_nodes);
            if (status) {
                if (err) *err = failure;
                return status;
            }
            any |= did;
        }
        if (!any) return TENON_OK;
        first = end; /* only what this round added can still be new */
    }
}

static tenon_status expand_tree(tenon__graph *graph, size_t max_nodes, tenon_error *err)
{
    tenon_status status = expand_here(graph, max_nodes, err);
    for (size_t n = 0; n < graph->nodes.count && status == TENON_OK; n++) {
        const tenon__node *node = graph->nodes.items[n];
        for (uint32_t k = 0; k < node->attr_count && !node->dead && status == TENON_OK; k++)
            if (node->attrs[k].type == TENON__ATTR_GRAPH) /* at most TENON__GRAPH_DEPTH deep */
                status = expand_tree(node->attrs[k].graph, max_nodes, err);
    }
    return status;
}

tenon_status tenon__graph_expand(tenon__graph *graph, size_t max_nodes, tenon_error *err)
{
    tenon_status status = expand_tree(graph, max_nodes, err);
    return status ? status : tenon__graph_sort(graph, err);
}
