/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the passes, and the loop over them. */
#include "graph/infer.h"
#include "passes/passes.h"

const tenon__pass tenon__passes[] = {
    {"widen", tenon__pass_widen, true},
    {"fold", tenon__pass_fold, false},
    {"transposes", tenon__pass_transposes, false},
    {"noop", tenon__pass_noop, false},
    {"quant", tenon__pass_quant, false},
    {"channels_last", tenon__pass_channels_last, false},
    {"fold_all", tenon__pass_fold_all, false},
    {"attention", tenon__pass_attention, false},
    {"dequant", tenon__pass_dequant, false},
    {"pad", tenon__pass_pad, false},
    {"norm", tenon__pass_norm, false},
    {"bias", tenon__pass_bias, false},
    {"silu", tenon__pass_silu, false},
    {"gelu", tenon__pass_gelu, false},
    {"layer_norm", tenon__pass_layer_norm, false},
    {"dead", tenon__pass_dead, false},
    {"residual", tenon__pass_residual, false},
    {"activation", tenon__pass_activation, false},
    {"layout", tenon__pass_layout, false},
    {"dead", tenon__pass_dead, false},
    {"chain", tenon__pass_chain, false},
    {"dead", tenon__pass_dead, false},
    {NULL, NULL, false},
};

#define MAX_DEPTH 64

static tenon_status run_one(const tenon__pass *pass, tenon__pass_context *c, tenon__graph *graph,
                            int depth)
{
    if (depth > MAX_DEPTH)
        return tenon__fail(c->err, TENON_ELIMIT, "graphs nest deeper than %d", MAX_DEPTH);
    for (size_t n = 0; n < graph->nodes.count; n++) {
        const tenon__node *node = graph->nodes.items[n];
        for (uint32_t i = 0; i < node->attr_count; i++) {
            if (node->attrs[i].type != TENON__ATTR_GRAPH) continue;
            tenon_status st = run_one(pass, c, node->attrs[i].graph, depth + 1);
            if (st) return st;
        }
    }
    c->graph = graph;
    c->changed = false;
    c->use_count = graph->values.count;
    c->uses = tenon__alloc(graph->allocator, (graph->values.count + 1) * sizeof *c->uses);
    if (!c->uses) return tenon__fail(c->err, TENON_ENOMEM, "no memory for pass %s", pass->name);
    tenon__graph_count_uses(graph, c->uses);
    tenon_status st = pass->run(c);
    tenon__free(graph->allocator, c->uses);
    c->uses = NULL;
    if (st == TENON_OK && c->changed) st = tenon__graph_sort(graph, c->err);
    return st;
}

tenon_status tenon__passes_run(tenon__graph *graph, tenon__cpu_bits cpu, tenon__accuracy accuracy,
                               bool off, const char *only, size_t max_constant_bytes,
                               tenon_error *err)
{
    tenon__pass_context c = {
        .cpu = cpu, .accuracy = accuracy, .max_constant_bytes = max_constant_bytes, .err = err};
    for (const tenon__pass *p = tenon__passes; p->name; p++) {
        if (only ? strcmp(only, p->name) != 0 : off && !p->required) continue;
        tenon_status st = run_one(p, &c, graph, 0);
        if (st) return st;
    }
    return TENON_OK;
}
