/* SPDX-License-Identifier: Apache-2.0 */
/* See inline.h. */
#include "opkit/inline.h"

#include "graph/check.h"

/* Where a value of the body comes out: its constant copied, its outer value itself, or a new one.
 */
static tenon_status place(tenon__expand *c, const tenon__value *v, tenon__value_id *out)
{
    if (v->role == TENON__ROLE_OUTER) {
        *out = v->outer;
        return TENON_OK;
    }
    if (v->role != TENON__ROLE_CONST)
        return tenon__graph_add_value(c->graph, (tenon__str){NULL, 0}, out, c->err);
    bool aligned = v->aligned;
    tenon__view view = v->view;
    tenon_status st = tenon__graph_add_const(c->graph, (tenon__str){NULL, 0}, &view, out, c->err);
    if (!st) tenon__graph_value(c->graph, *out)->aligned = aligned;
    return st;
}

static tenon_status copy_node(tenon__expand *c, const tenon__node *node, const tenon__value_id *map)
{
    tenon__node *copy;
    uint32_t count = node->input_count + node->output_count;
    for (uint32_t i = 0; i < node->attr_count; i++)
        if (node->attrs[i].type == TENON__ATTR_GRAPH)
            return tenon__fail(c->err, TENON_EUNSUPPORTED,
                               "a body that holds %.*s, with a body of its own, is not supported",
                               TENON__STR_ARG(node->kind));
    tenon__value_id *ids = tenon__arena_zeroed(c->graph->arena, count + 1, sizeof *ids);
    if (!ids) return tenon__graph_no_memory(c->graph->arena, c->err);
    for (uint32_t i = 0; i < count; i++) {
        tenon__value_id id =
            i < node->input_count ? node->inputs[i] : node->outputs[i - node->input_count];
        ids[i] = id == TENON__NO_VALUE ? id : map[id];
    }
    tenon_status st =
        tenon__graph_add_node(c->graph, node->op, node->name, node->kind, node->opset, ids,
                              node->input_count, ids + node->input_count, node->output_count,
                              node->attrs, node->attr_count, c->node->index, &copy, c->err);
    return st ? st : tenon__node_read(c->graph, copy, c->err);
}

tenon__value_id tenon__inline_body(tenon__expand *c, const tenon__graph *body,
                                   const tenon__value_id *inputs, uint32_t count)
{
    if (c->err->status) return TENON__NO_VALUE;
    if (body->inputs.count != count || body->outputs.count != 1) {
        tenon__fail(c->err, TENON_EFORMAT,
                    "a body has %zu inputs and %zu outputs; %u and 1 are wanted",
                    body->inputs.count, body->outputs.count, count);
        return TENON__NO_VALUE;
    }
    size_t values = body->values.count;
    tenon__value_id *map = tenon__arena_zeroed(c->graph->arena, values + 1, sizeof *map);
    if (!map) {
        tenon__graph_no_memory(c->graph->arena, c->err);
        return TENON__NO_VALUE;
    }
    for (size_t i = 0; i < values; i++)
        map[i] = TENON__NO_VALUE;
    for (uint32_t i = 0; i < count; i++)
        map[body->inputs.items[i]] = inputs[i];
    for (size_t i = 0; i < values; i++)
        if (map[i] == TENON__NO_VALUE && place(c, &body->values.items[i], &map[i]))
            return TENON__NO_VALUE;
    for (size_t i = 0; i < body->nodes.count; i++)
        if (!body->nodes.items[i]->dead && copy_node(c, body->nodes.items[i], map))
            return TENON__NO_VALUE;
    return map[body->outputs.items[0]];
}
