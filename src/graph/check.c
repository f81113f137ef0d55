/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of a graph that has just been built. */
#include "graph/check.h"

#include "base/map.h"
#include "graph/op.h"

#define MAX_ATTRS 256

tenon_status tenon__node_where(const tenon__node *node, tenon_status status, tenon_error *err)
{
    if (node->name.size == 0)
        return tenon__error_where(err, status, "node %u (%.*s)", node->index,
                                  TENON__STR_ARG(node->kind));
    return tenon__error_where(err, status, "node '%.*s' (%.*s)", TENON__STR_ARG(node->name),
                              TENON__STR_ARG(node->kind));
}

static tenon_status check_count(const char *what, uint32_t have, unsigned min, unsigned max,
                                tenon_error *err)
{
    if (have >= min && (have <= max || max == 255)) return TENON_OK;
    if (min == max)
        return tenon__fail(err, TENON_EFORMAT, "it has %u %s; %u is right", have, what, min);
    if (max == 255)
        return tenon__fail(err, TENON_EFORMAT, "it has %u %s; at least %u is right", have, what,
                           min);
    return tenon__fail(err, TENON_EFORMAT, "it has %u %s; %u to %u is right", have, what, min, max);
}

static tenon_status check_node(const tenon__node *node, tenon_error *err)
{
    const tenon__op *op = node->op;
    tenon_status status =
        check_count("inputs", node->input_count, op->min_inputs, op->max_inputs, err);
    if (status) return status;
    status = check_count("outputs", node->output_count, op->min_outputs, op->max_outputs, err);
    if (status) return status;
    for (uint32_t i = 0; i < op->min_inputs; i++)
        if (node->inputs[i] == TENON__NO_VALUE)
            return tenon__fail(err, TENON_EFORMAT, "input %u is missing", i);
    if (node->attr_count > MAX_ATTRS) /* more than any operator has, by far */
        return tenon__fail(err, TENON_ELIMIT, "it has more than %d attributes", MAX_ATTRS);
    for (uint32_t i = 0; i < node->attr_count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (tenon__str_equal(node->attrs[i].name, node->attrs[k].name))
                return tenon__fail(err, TENON_EFORMAT, "attribute '%.*s' is given twice",
                                   TENON__STR_ARG(node->attrs[i].name));
    return TENON_OK;
}

static tenon_status check_names(const tenon__graph *graph, tenon_error *err)
{
    tenon_status status = TENON_OK;
    tenon__map names;
    uint32_t other;
    tenon__map_init(&names, graph->allocator);
    for (size_t v = 0; v < graph->values.count && status == TENON_OK; v++) {
        tenon__str name = graph->values.items[v].name;
        if (name.size == 0) continue;
        if (tenon__map_get(&names, name, &other))
            status = tenon__fail(err, TENON_EFORMAT, "two values are called '%.*s'",
                                 TENON__STR_ARG(name));
        else if (!tenon__map_set(&names, name, (uint32_t)v))
            status = tenon__fail(err, TENON_ENOMEM, "no memory for %zu names", graph->values.count);
    }
    tenon__map_fini(&names);
    return status;
}

/* Every value is made once. `made` has an item per value, zeroed. */
static tenon_status check_outputs(const tenon__graph *graph, const tenon__node *node, bool *made,
                                  tenon_error *err)
{
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (node->outputs[i] == TENON__NO_VALUE) continue;
        const tenon__value *value = tenon__graph_value(graph, node->outputs[i]);
        if (made[node->outputs[i]] || value->role != TENON__ROLE_NODE)
            return tenon__fail(err, TENON_EFORMAT, "its output '%.*s' is made elsewhere too",
                               TENON__STR_ARG(value->name));
        made[node->outputs[i]] = true;
    }
    return TENON_OK;
}

static tenon_status check_nodes(const tenon__graph *graph, bool *made, tenon_error *err)
{
    for (size_t n = 0; n < graph->nodes.count; n++) {
        const tenon__node *node = graph->nodes.items[n];
        if (node->dead) continue;
        tenon_status status = check_node(node, err);
        if (status == TENON_OK) status = check_outputs(graph, node, made, err);
        for (uint32_t k = 0; k < node->attr_count && status == TENON_OK; k++)
            if (node->attrs[k].type == TENON__ATTR_GRAPH) /* at most TENON__GRAPH_DEPTH deep */
                status = tenon__graph_verify(node->attrs[k].graph, err);
        if (status) return tenon__node_where(node, status, err);
    }
    return TENON_OK;
}

tenon_status tenon__graph_verify(const tenon__graph *graph, tenon_error *err)
{
    tenon_status status = check_names(graph, err);
    if (status) return status;
    bool *made = tenon__alloc_zeroed(graph->allocator, graph->values.count);
    if (!made) return tenon__fail(err, TENON_ENOMEM, "no memory to check the graph");
    status = check_nodes(graph, made, err);
    tenon__free(graph->allocator, made);
    return status;
}

static tenon_status read_node(const tenon__graph *graph, tenon__node *node, tenon_error *err)
{
    const tenon__op *op = node->op;
    for (const char *const *body = op->bodies; body && *body; body++) {
        const tenon__attr *attr = tenon__attr_find(node, *body);
        if (!attr || attr->type != TENON__ATTR_GRAPH)
            return tenon__fail(err, TENON_EFORMAT, "it has no graph '%s'", *body);
    }
    if (op->attrs_bytes) {
        node->parsed = tenon__arena_zeroed(graph->arena, 1, op->attrs_bytes);
        if (!node->parsed) return tenon__graph_no_memory(graph->arena, err);
    }
    return op->read ? op->read(graph, node, node->parsed, err) : TENON_OK;
}

tenon_status tenon__node_read(const tenon__graph *graph, tenon__node *node, tenon_error *err)
{
    tenon_status status = read_node(graph, node, err);
    return status ? tenon__node_where(node, status, err) : TENON_OK;
}
