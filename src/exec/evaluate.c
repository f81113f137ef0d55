/* SPDX-License-Identifier: Apache-2.0 */
/* infer, prepare, pack, bind and run of one node, in a row, on the calling thread. */
#include "exec/evaluate.h"

#include "exec/bind.h"

#define MAX_OPERANDS 64

typedef struct evaluation {
    const tenon__node *node;
    const tenon__op *op;
    const tenon__view *in[MAX_OPERANDS];
    const tenon__view *out[MAX_OPERANDS];
    tenon__view copies[MAX_OPERANDS]; /* of inputs, aligned */
    tenon__arena temp;
    void *prepared, *params;
    void *packed[TENON__MAX_PACKED];
    tenon_error *err;
} evaluation;

bool tenon__evaluate_can(const tenon__graph *graph, const tenon__node *node)
{
    bool view = (node->op->flags & TENON__OP_VIEW) != 0;
    if ((!node->op->run && !view) ||
        (node->op->flags & (TENON__OP_HOST | TENON__OP_DYNAMIC | TENON__OP_IMPURE)))
        return false;
    if (!node->input_count || node->input_count > MAX_OPERANDS || node->output_count > MAX_OPERANDS)
        return false;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i] == TENON__NO_VALUE) continue;
        const tenon__value *v = tenon__graph_value(graph, node->inputs[i]);
        if (v->role != TENON__ROLE_CONST || v->view.kind != TENON_VALUE_TENSOR || v->has_default)
            return false;
    }
    return true;
}

/* Inputs where kernels may read them: aligned, with room behind. */
static tenon_status take_inputs(evaluation *e, const tenon__graph *graph)
{
    for (uint32_t i = 0; i < e->node->input_count; i++) {
        if (e->node->inputs[i] == TENON__NO_VALUE) continue;
        const tenon__value *v = tenon__graph_value(graph, e->node->inputs[i]);
        size_t bytes;
        e->copies[i] = v->view;
        e->copies[i].known = true;
        e->in[i] = &e->copies[i];
        if (v->aligned || !tenon__view_bytes(&v->view, &bytes)) continue;
        uint8_t *copy = tenon__arena_zeroed(&e->temp, bytes + 128, 1);
        if (!copy) return tenon__fail(e->err, TENON_ENOMEM, "no memory to fold a constant");
        copy = (uint8_t *)tenon__align_up((uintptr_t)copy, 64);
        if (bytes) memcpy(copy, v->view.data, bytes);
        e->copies[i].data = copy;
    }
    return TENON_OK;
}

static tenon_status infer(evaluation *e, tenon__view *views, size_t max_bytes,
                          const tenon__graph *graph, bool *emitted)
{
    for (uint32_t i = 0; i < e->node->output_count; i++) {
        views[i] = (tenon__view){.rank = TENON__RANK_UNKNOWN};
        e->out[i] = &views[i];
    }
    tenon__infer c = {.node = e->node,
                      .attrs = e->node->parsed,
                      .in_count = e->node->input_count,
                      .out_count = e->node->output_count,
                      .in = e->in,
                      .out = (tenon__view *const *)(const void *)e->out,
                      .binding = true,
                      .missing = -1,
                      .emit = graph->arena,
                      .err = e->err};
    tenon_status st = e->op->infer(&c);
    if (st) return st;
    *emitted = e->node->output_count == 1 && views[0].known;
    for (uint32_t i = 0; i < e->node->output_count; i++) {
        size_t bytes;
        if (views[i].kind != TENON_VALUE_TENSOR || views[i].dtype == TENON_STRING ||
            !tenon__dims_known(&views[i]))
            return TENON_EAGAIN;
        if (!tenon__view_bytes(&views[i], &bytes) || bytes > max_bytes)
            return tenon__fail(e->err, TENON_ELIMIT,
                               "a constant would take more than %zu MB; raise max_bytes",
                               max_bytes / 1000000);
        if (views[i].known) continue;
        if (i == 0 && (e->op->flags & TENON__OP_VIEW)) { /* the same bytes under another shape */
            views[0].data = tenon__graph_value(graph, e->node->inputs[0])->view.data;
            *emitted = true;
            continue;
        }
        uint8_t *data = tenon__arena_alloc(graph->arena, bytes + 128);
        if (!data)
            return tenon__fail(e->err, graph->arena->over_limit ? TENON_ELIMIT : TENON_ENOMEM,
                               "no memory for a constant of %zu bytes", bytes);
        views[i].data = (void *)tenon__align_up((uintptr_t)data, 64);
        memset((uint8_t *)views[i].data + bytes, 0, 64); /* kernels read past the end */
    }
    return TENON_OK;
}

static tenon_status prepare(evaluation *e, tenon__cpu_bits cpu, tenon__accuracy accuracy)
{
    e->prepared = tenon__arena_zeroed(&e->temp, 1, e->op->prepared_bytes + 1);
    e->params = tenon__arena_zeroed(&e->temp, 1, e->op->params_bytes + 1);
    if (!e->prepared || !e->params)
        return tenon__fail(e->err, TENON_ENOMEM, "no memory to fold a constant");
    if (!e->op->prepare) return TENON_OK;
    tenon__prepare p = {.node = e->node,
                        .attrs = e->node->parsed,
                        .prepared = e->prepared,
                        .in_count = e->node->input_count,
                        .out_count = e->node->output_count,
                        .in = e->in,
                        .out = e->out,
                        .cpu = cpu,
                        .accuracy = accuracy,
                        .err = e->err};
    tenon_status st = e->op->prepare(&p);
    for (int k = 0; k < TENON__MAX_PACKED && st == TENON_OK; k++) {
        if (!p.packed[k].size_bytes) continue;
        uint8_t *dst = tenon__arena_alloc(&e->temp, p.packed[k].size_bytes + 128);
        if (!dst) return tenon__fail(e->err, TENON_ENOMEM, "no memory to fold a constant");
        e->packed[k] = (void *)tenon__align_up((uintptr_t)dst, 64);
        tenon__pack pack = {.node = e->node,
                            .attrs = e->node->parsed,
                            .prepared = e->prepared,
                            .in = e->in,
                            .dst = e->packed[k],
                            .err = e->err};
        for (; pack.tile < p.packed[k].tiles && st == TENON_OK; pack.tile++)
            st = p.packed[k].pack(&pack);
    }
    return st;
}

static tenon_status run(evaluation *e, tenon__cpu_bits cpu)
{
    tenon__bind b = {.node = e->node,
                     .attrs = e->node->parsed,
                     .prepared = e->prepared,
                     .params = e->params,
                     .in_count = e->node->input_count,
                     .out_count = e->node->output_count,
                     .in = e->in,
                     .out = e->out,
                     .cpu = cpu,
                     .tiles = 1,
                     .phases = 1,
                     .err = e->err};
    tenon_status st = e->op->bind ? e->op->bind(&b) : TENON_OK;
    if (st || !b.tiles) return st;
    tenon__run r = {.node = e->node,
                    .attrs = e->node->parsed,
                    .prepared = e->prepared,
                    .params = e->params,
                    .packed = e->packed,
                    .in_count = e->node->input_count,
                    .out_count = e->node->output_count,
                    .in = e->in,
                    .out = (tenon__view *const *)(const void *)e->out,
                    .err = e->err};
    return tenon__run_at_once(e->op, &r, b.tiles, b.phases, b.scratch_bytes, b.work_bytes, &e->temp,
                              e->err);
}

tenon_status tenon__evaluate(const tenon__graph *graph, const tenon__node *node,
                             tenon__cpu_bits cpu, tenon__accuracy accuracy, size_t max_bytes,
                             tenon__view *views, tenon_error *err)
{
    evaluation e = {.node = node, .op = node->op, .err = err};
    bool emitted = false;
    tenon__arena_init(&e.temp, graph->allocator, 0);
    tenon_status st = take_inputs(&e, graph);
    if (st == TENON_OK) st = infer(&e, views, max_bytes, graph, &emitted);
    if (st == TENON_OK && !emitted) st = prepare(&e, cpu, accuracy);
    if (st == TENON_OK && !emitted) st = run(&e, cpu);
    tenon__arena_fini(&e.temp);
    if (st && st != TENON_EAGAIN) return tenon__node_error(node, st, err);
    return st;
}
