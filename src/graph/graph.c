/* SPDX-License-Identifier: Apache-2.0 */
/* Building and rewriting graphs. */
#include "graph/graph.h"

#include "graph/check.h"
#include "graph/op.h"

/* What a graph is made of, beside what everybody may see. Lives in the arena. */
typedef struct graph_body {
    tenon__graph graph; /* first: the two have one address */
    struct graph_body *children, *sibling;
    int depth;
} graph_body;

tenon_status tenon__graph_no_memory(const tenon__arena *arena, tenon_error *err)
{
    if (arena->over_limit)
        return tenon__fail(err, TENON_ELIMIT,
                           "the model's graph takes more than the %zu bytes allowed",
                           arena->limit_bytes);
    return tenon__fail(err, TENON_ENOMEM, "no memory for the model's graph");
}

tenon_status tenon__graph_create(const tenon_allocator *a, tenon__arena *arena,
                                 tenon__graph *parent, tenon__graph **out, tenon_error *err)
{
    graph_body *outer = (graph_body *)parent;
    *out = NULL;
    if (outer && outer->depth + 1 >= TENON__GRAPH_DEPTH)
        return tenon__fail(err, TENON_ELIMIT, "subgraphs lie more than %d deep in each other",
                           TENON__GRAPH_DEPTH);
    graph_body *body = tenon__arena_zeroed(arena, 1, sizeof *body);
    if (!body) return tenon__graph_no_memory(arena, err);
    body->graph.allocator = a;
    body->graph.arena = arena;
    body->graph.parent = parent;
    if (outer) {
        body->depth = outer->depth + 1;
        body->sibling = outer->children;
        outer->children = body;
        body->graph.opset = parent->opset;
    }
    *out = &body->graph;
    return TENON_OK;
}

void tenon__graph_destroy(tenon__graph *graph)
{
    if (!graph) return;
    graph_body *body = (graph_body *)graph;
    for (graph_body *child = body->children; child; child = child->sibling)
        tenon__graph_destroy(&child->graph); /* at most TENON__GRAPH_DEPTH deep */
    tenon__vec_free(graph->allocator, &graph->values);
    tenon__vec_free(graph->allocator, &graph->nodes);
    tenon__vec_free(graph->allocator, &graph->inputs);
    tenon__vec_free(graph->allocator, &graph->outputs);
    tenon__vec_free(graph->allocator, &graph->symbols);
    tenon__vec_free(graph->allocator, &graph->metadata);
}

tenon_status tenon__graph_add_value(tenon__graph *graph, tenon__str name, tenon__value_id *out,
                                    tenon_error *err)
{
    tenon__value value = {.name = name, .producer = UINT32_MAX, .outer = TENON__NO_VALUE};
    value.view.rank = TENON__RANK_UNKNOWN;
    *out = TENON__NO_VALUE;
    if (graph->values.count >= TENON__NO_VALUE)
        return tenon__fail(err, TENON_ELIMIT, "more than %u values", TENON__NO_VALUE);
    if (!tenon__vec_push(graph->allocator, &graph->values, value))
        return tenon__fail(err, TENON_ENOMEM, "no memory for %zu values", graph->values.count + 1);
    *out = (tenon__value_id)(graph->values.count - 1);
    return TENON_OK;
}

tenon_status tenon__graph_add_const(tenon__graph *graph, tenon__str name, const tenon__view *view,
                                    tenon__value_id *out, tenon_error *err)
{
    tenon_status status = tenon__graph_add_value(graph, name, out, err);
    if (status) return status;
    tenon__value *value = tenon__graph_value(graph, *out);
    value->view = *view;
    value->view.known = true;
    value->role = TENON__ROLE_CONST;
    return TENON_OK;
}

/* A copy in the arena; NULL where there is no memory, or nothing to copy. */
static void *copy_list(tenon__arena *arena, const void *items, size_t count, size_t item_bytes)
{
    size_t bytes;
    if (count == 0 || !tenon__mul(count, item_bytes, &bytes)) return NULL;
    void *copy = tenon__arena_alloc(arena, bytes);
    if (copy) memcpy(copy, items, bytes);
    return copy;
}

tenon_status tenon__graph_add_node(tenon__graph *graph, const struct tenon__op *op, tenon__str name,
                                   tenon__str kind, int opset, const tenon__value_id *inputs,
                                   size_t input_count, const tenon__value_id *outputs,
                                   size_t output_count, const tenon__attr *attrs, size_t attr_count,
                                   uint32_t before, tenon__node **out, tenon_error *err)
{
    /* Where `before` is another node, the sort that ends a rewrite brings this one in front of its
     * readers: moving it now would renumber everything behind it, each time. */
    (void)before;
    *out = NULL;
    if (graph->nodes.count >= UINT32_MAX || input_count > UINT32_MAX || output_count > UINT32_MAX ||
        attr_count > UINT32_MAX)
        return tenon__fail(err, TENON_ELIMIT, "more than %u nodes", UINT32_MAX);
    tenon__node *node = tenon__arena_zeroed(graph->arena, 1, sizeof *node);
    if (!node) return tenon__graph_no_memory(graph->arena, err);
    node->op = op;
    node->name = name;
    node->kind = kind;
    node->opset = opset;
    node->input_count = (uint32_t)input_count;
    node->output_count = (uint32_t)output_count;
    node->attr_count = (uint32_t)attr_count;
    node->inputs = copy_list(graph->arena, inputs, input_count, sizeof *inputs);
    node->outputs = copy_list(graph->arena, outputs, output_count, sizeof *outputs);
    node->attrs = copy_list(graph->arena, attrs, attr_count, sizeof *attrs);
    if ((input_count && !node->inputs) || (output_count && !node->outputs) ||
        (attr_count && !node->attrs))
        return tenon__graph_no_memory(graph->arena, err);
    node->index = (uint32_t)graph->nodes.count;
    if (!tenon__vec_push(graph->allocator, &graph->nodes, node))
        return tenon__fail(err, TENON_ENOMEM, "no memory for %zu nodes", graph->nodes.count + 1);
    for (size_t i = 0; i < output_count; i++)
        if (outputs[i] != TENON__NO_VALUE)
            tenon__graph_value(graph, outputs[i])->producer = node->index;
    *out = node;
    return TENON_OK;
}

void tenon__graph_count_uses(const tenon__graph *graph, uint32_t *uses)
{
    if (graph->values.count) memset(uses, 0, graph->values.count * sizeof *uses);
    for (size_t n = 0; n < graph->nodes.count; n++) {
        const tenon__node *node = graph->nodes.items[n];
        if (node->dead) continue;
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i] != TENON__NO_VALUE) uses[node->inputs[i]]++;
        for (uint32_t k = 0; k < node->attr_count; k++) {
            if (node->attrs[k].type != TENON__ATTR_GRAPH) continue;
            const tenon__graph *body = node->attrs[k].graph;
            for (size_t v = 0; v < body->values.count; v++)
                if (body->values.items[v].role == TENON__ROLE_OUTER)
                    uses[body->values.items[v].outer]++;
        }
    }
    for (size_t i = 0; i < graph->outputs.count; i++)
        uses[graph->outputs.items[i]]++;
}

tenon_status tenon__graph_replace(tenon__graph *graph, tenon__value_id from, tenon__value_id to,
                                  tenon_error *err)
{
    if (from >= graph->values.count || to >= graph->values.count)
        return tenon__fail(err, TENON_EINVAL, "no value %u",
                           from >= graph->values.count ? from : to);
    if (from == to) return TENON_OK;
    for (size_t n = 0; n < graph->nodes.count; n++) {
        tenon__node *node = graph->nodes.items[n];
        if (node->dead) continue;
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i] == from) node->inputs[i] = to;
        for (uint32_t k = 0; k < node->attr_count; k++) {
            if (node->attrs[k].type != TENON__ATTR_GRAPH) continue;
            tenon__graph *body = node->attrs[k].graph;
            for (size_t v = 0; v < body->values.count; v++) {
                tenon__value *value = &body->values.items[v];
                if (value->role == TENON__ROLE_OUTER && value->outer == from) value->outer = to;
            }
        }
    }
    for (size_t i = 0; i < graph->outputs.count; i++)
        if (graph->outputs.items[i] == from) graph->outputs.items[i] = to;
    tenon__value *old = tenon__graph_value(graph, from), *now = tenon__graph_value(graph, to);
    now->is_output |= old->is_output;
    old->is_output = false;
    return TENON_OK;
}
