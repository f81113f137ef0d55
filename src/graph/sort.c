/* SPDX-License-Identifier: Apache-2.0 */
/* Topological order. */
#include "graph/check.h"
#include "graph/op.h"

/* What a node waits for: the values it reads and those its subgraphs capture. */
typedef struct reads {
    const tenon__node *node;
    uint32_t input;  /* next */
    uint32_t attr;   /* next subgraph */
    size_t captured; /* next value of it */
} reads;

/* The next value, or TENON__NO_VALUE at the end. */
static tenon__value_id reads_next(reads *r)
{
    while (r->input < r->node->input_count) {
        tenon__value_id id = r->node->inputs[r->input++];
        if (id != TENON__NO_VALUE) return id;
    }
    for (; r->attr < r->node->attr_count; r->attr++, r->captured = 0) {
        const tenon__attr *attr = &r->node->attrs[r->attr];
        if (attr->type != TENON__ATTR_GRAPH) continue;
        while (r->captured < attr->graph->values.count) {
            const tenon__value *value = &attr->graph->values.items[r->captured++];
            if (value->role == TENON__ROLE_OUTER) return value->outer;
        }
    }
    return TENON__NO_VALUE;
}

/* The node that makes `id`, NULL where it needs none. *missing is set where there should be one. */
static tenon__node *maker_of(const tenon__graph *graph, tenon__value_id id, bool *missing)
{
    const tenon__value *value = tenon__graph_value(graph, id);
    *missing = false;
    if (value->role != TENON__ROLE_NODE) return NULL;
    tenon__node *node =
        value->producer < graph->nodes.count ? graph->nodes.items[value->producer] : NULL;
    *missing = !node || node->dead;
    return *missing ? NULL : node;
}

static tenon_status undefined(const tenon__graph *graph, const tenon__node *node,
                              tenon__value_id id, tenon_error *err)
{
    tenon__str name = tenon__graph_value(graph, id)->name;
    tenon_status status =
        tenon__fail(err, TENON_EFORMAT, "it reads '%.*s', which no input, constant or node makes",
                    TENON__STR_ARG(name));
    return tenon__node_where(node, status, err);
}

/* Whether every node stands behind what it reads; TENON_EFORMAT where it reads what nobody makes.
 */
static tenon_status look(const tenon__graph *graph, bool *sorted, tenon_error *err)
{
    *sorted = true;
    for (size_t n = 0; n < graph->nodes.count; n++) {
        const tenon__node *node = graph->nodes.items[n];
        if (node->dead) continue;
        reads r = {.node = node};
        for (tenon__value_id id; (id = reads_next(&r)) != TENON__NO_VALUE;) {
            bool missing;
            const tenon__node *maker = maker_of(graph, id, &missing);
            if (missing) return undefined(graph, node, id, err);
            if (maker && maker->index >= n) *sorted = false;
        }
    }
    for (size_t i = 0; i < graph->outputs.count; i++) {
        bool missing;
        maker_of(graph, graph->outputs.items[i], &missing);
        if (missing)
            return tenon__fail(
                err, TENON_EFORMAT, "output '%.*s' is made by no input, constant or node",
                TENON__STR_ARG(tenon__graph_value(graph, graph->outputs.items[i])->name));
    }
    return TENON_OK;
}

/* Depth first from each node in the order that is there, so that what is sorted keeps its place and
 * what is not comes just before its first reader. `order` and `stack` have room for all nodes,
 * `state` is zeroed: 1 on the stack, 2 placed. */
static tenon_status visit(const tenon__graph *graph, tenon__node *root, reads *stack,
                          uint8_t *state, tenon__node **order, size_t *placed, tenon_error *err)
{
    size_t depth = 0;
    if (state[root->index]) return TENON_OK;
    stack[depth++] = (reads){.node = root};
    state[root->index] = 1;
    while (depth > 0) {
        reads *top = &stack[depth - 1];
        tenon__value_id id = reads_next(top);
        if (id == TENON__NO_VALUE) {
            state[top->node->index] = 2;
            order[(*placed)++] = graph->nodes.items[top->node->index];
            depth--;
            continue;
        }
        bool missing;
        tenon__node *maker = maker_of(graph, id, &missing);
        if (!maker || state[maker->index] == 2) continue;
        if (state[maker->index] == 1) {
            tenon_status status =
                tenon__fail(err, TENON_EFORMAT, "it waits for its own output, by way of '%.*s'",
                            TENON__STR_ARG(tenon__graph_value(graph, id)->name));
            return tenon__node_where(top->node, status, err);
        }
        state[maker->index] = 1;
        stack[depth++] = (reads){.node = maker};
    }
    return TENON_OK;
}

static tenon_status reorder(tenon__graph *graph, tenon_error *err)
{
    size_t count = graph->nodes.count, placed = 0;
    const tenon_allocator *a = graph->allocator;
    size_t stack_bytes;
    if (!tenon__mul(count, sizeof(reads), &stack_bytes))
        return tenon__fail(err, TENON_ELIMIT, "%zu nodes", count);
    reads *stack = tenon__alloc(a, stack_bytes);
    uint8_t *state = tenon__alloc_zeroed(a, count);
    tenon__node **order = tenon__alloc(a, count * sizeof *order);
    tenon_status status = TENON_OK;
    if (!stack || !state || !order)
        status = tenon__fail(err, TENON_ENOMEM, "no memory to sort %zu nodes", count);
    for (size_t n = 0; n < count && status == TENON_OK; n++)
        if (!graph->nodes.items[n]->dead)
            status = visit(graph, graph->nodes.items[n], stack, state, order, &placed, err);
    if (status == TENON_OK) {
        /* The dead ones go behind: what follows drops them, and forgets them as producers. */
        for (size_t n = 0; n < count; n++)
            if (graph->nodes.items[n]->dead) order[placed++] = graph->nodes.items[n];
        memcpy(graph->nodes.items, order, count * sizeof *order);
    }
    tenon__free(a, order);
    tenon__free(a, state);
    tenon__free(a, stack);
    return status;
}

/* Takes the dead nodes out and numbers the rest by their places. node->index is the old number
 * until then. */
static void renumber(tenon__graph *graph)
{
    size_t kept = 0;
    for (size_t n = 0; n < graph->nodes.count; n++) {
        const tenon__node *node = graph->nodes.items[n];
        for (uint32_t i = 0; node->dead && i < node->output_count; i++) {
            if (node->outputs[i] == TENON__NO_VALUE) continue;
            tenon__value *value = tenon__graph_value(graph, node->outputs[i]);
            if (value->producer == node->index) value->producer = UINT32_MAX;
        }
    }
    for (size_t n = 0; n < graph->nodes.count; n++) {
        tenon__node *node = graph->nodes.items[n];
        if (node->dead) continue;
        node->index = (uint32_t)kept;
        graph->nodes.items[kept++] = node;
        for (uint32_t i = 0; i < node->output_count; i++)
            if (node->outputs[i] != TENON__NO_VALUE)
                tenon__graph_value(graph, node->outputs[i])->producer = node->index;
    }
    graph->nodes.count = kept;
}

tenon_status tenon__graph_sort(tenon__graph *graph, tenon_error *err)
{
    bool sorted;
    tenon_status status = look(graph, &sorted, err);
    if (status == TENON_OK && !sorted) status = reorder(graph, err);
    if (status) return status;
    renumber(graph);
    for (size_t n = 0; n < graph->nodes.count; n++) {
        const tenon__node *node = graph->nodes.items[n];
        for (uint32_t k = 0; k < node->attr_count; k++) {
            if (node->attrs[k].type != TENON__ATTR_GRAPH) continue;
            /* At most TENON__GRAPH_DEPTH deep. */
            status = tenon__graph_sort(node->attrs[k].graph, err);
            if (status) return tenon__node_where(node, status, err);
        }
    }
    return TENON_OK;
}
