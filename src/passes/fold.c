/* SPDX-License-Identifier: Apache-2.0 */
/* Constant folding: a node whose inputs are all constants is computed now and becomes constants. A
 * body's captured values that are constants outside are its own. */
#include "exec/evaluate.h"
#include "passes/passes.h"

#define MAX_OUTPUTS 64
/* A result that is larger than its inputs by more than this is made when it is run, not kept. */
#define GROWTH_BYTES (1 << 20)

static size_t input_bytes(const tenon__graph *graph, const tenon__node *node)
{
    size_t total = 0, bytes;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != TENON__NO_VALUE &&
            tenon__view_bytes(&tenon__graph_value(graph, node->inputs[i])->view, &bytes))
            total += bytes;
    return total;
}

/* Weights that are stored as integers stay so until it is known whether integers can be computed
 * with. */
static bool is_stored_form(const tenon__node *node)
{
    return strcmp(node->op->name, "DequantizeLinear") == 0;
}

/* What a captured value stands for, in whichever graph around this one makes it. */
static const tenon__value *origin(const tenon__graph *graph, const tenon__value *v)
{
    while (v->role == TENON__ROLE_OUTER && graph->parent) {
        graph = graph->parent;
        v = tenon__graph_value(graph, v->outer);
    }
    return v;
}

static void take_captured_constants(tenon__graph *g)
{
    for (size_t i = 0; i < g->values.count; i++) {
        tenon__value *v = &g->values.items[i];
        if (v->role != TENON__ROLE_OUTER) continue;
        const tenon__value *from = origin(g, v);
        if (from->role != TENON__ROLE_CONST || from->has_default ||
            from->view.kind != TENON_VALUE_TENSOR)
            continue;
        v->view = from->view;
        v->view.known = true;
        v->aligned = from->aligned;
        v->role = TENON__ROLE_CONST;
        v->outer = TENON__NO_VALUE;
    }
}

static bool is_read(const tenon__pass_context *c, const tenon__node *node)
{
    for (uint32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i] != TENON__NO_VALUE && c->uses[node->outputs[i]]) return true;
    return false;
}

static tenon_status fold(tenon__pass_context *c, bool all)
{
    tenon__graph *g = c->graph;
    take_captured_constants(g);
    for (size_t n = 0; n < g->nodes.count; n++) {
        tenon__node *node = g->nodes.items[n];
        tenon__view views[MAX_OUTPUTS];
        if (node->dead || node->output_count > MAX_OUTPUTS || !tenon__evaluate_can(g, node))
            continue;
        if ((!all && is_stored_form(node)) || !is_read(c, node)) continue;
        size_t cap = input_bytes(g, node) * 4 + GROWTH_BYTES;
        if (cap > c->max_constant_bytes) cap = c->max_constant_bytes;
        tenon_status st = tenon__evaluate(g, node, c->cpu, c->accuracy, cap, views, c->err);
        if (st == TENON_EAGAIN || st == TENON_ELIMIT) continue; /* it runs with the others then */
        if (st) return st;
        for (uint32_t i = 0; i < node->output_count; i++) {
            if (node->outputs[i] == TENON__NO_VALUE) continue;
            tenon__value *v = tenon__graph_value(g, node->outputs[i]);
            v->view = views[i];
            v->view.known = true;
            v->role = TENON__ROLE_CONST;
            v->aligned = !(node->op->flags & TENON__OP_VIEW) ||
                         tenon__graph_value(g, node->inputs[0])->aligned;
            v->producer = UINT32_MAX;
        }
        node->dead = true;
        c->changed = true;
    }
    return TENON_OK;
}

tenon_status tenon__pass_fold(tenon__pass_context *c)
{
    return fold(c, false);
}

tenon_status tenon__pass_fold_all(tenon__pass_context *c)
{
    return fold(c, true);
}
