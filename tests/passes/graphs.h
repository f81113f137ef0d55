/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of passes share: a graph in a few lines, its operators as text, and its outputs. A
 * test builds a graph, runs one pass by name, and shows the operators before and after; that the
 * outputs agree is checked each time. */
#ifndef TENON_TESTS_PASSES_GRAPHS_H
#define TENON_TESTS_PASSES_GRAPHS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/executor.h"
#include "graph/infer.h"
#include "harness.h"
#include "passes/match.h"
#include "plan/plan.h"

typedef struct sample {
    tenon__arena arena;
    tenon__graph *graph;
    int next, opset;
    uint32_t state;
} sample;

static tenon_error error;

static inline void must(tenon_status st)
{
    if (st) fail_msg("%s: %s: %s", tenon_status_name(st), error.where, error.message);
}

static inline void sample_init(sample *s)
{
    memset(s, 0, sizeof *s);
    s->state = 12345;
    s->opset = 20;
    tenon__arena_init(&s->arena, tenon__allocator_default(), 0);
    must(tenon__graph_create(tenon__allocator_default(), &s->arena, NULL, &s->graph, &error));
}

static inline void sample_fini(sample *s)
{
    tenon__graph_destroy(s->graph);
    tenon__arena_fini(&s->arena);
}

static inline float sample_number(sample *s)
{
    s->state = s->state * 1664525u + 1013904223u;
    return (float)(s->state >> 8) / 16777216.0f - 0.5f;
}

static inline tenon__str sample_name(sample *s)
{
    char text[16];
    int n = snprintf(text, sizeof text, "v%d", s->next++);
    return (tenon__str){tenon__arena_strdup(&s->arena, text, (size_t)n), (size_t)n};
}

/* dims ended by a negative number. */
static inline int sample_rank(const int64_t *dims)
{
    int rank = 0;
    while (dims[rank] >= 0)
        rank++;
    return rank;
}
#define DIMS(...) ((const int64_t[]){__VA_ARGS__, -9})

static inline tenon__value_id sample_input(sample *s, const int64_t *dims)
{
    tenon__value_id id;
    must(tenon__graph_add_value(s->graph, sample_name(s), &id, &error));
    tenon__value *v = tenon__graph_value(s->graph, id);
    v->role = TENON__ROLE_INPUT;
    tenon__view_set(&v->view, TENON_F32, sample_rank(dims), dims);
    assert_true(tenon__vec_push(tenon__allocator_default(), &s->graph->inputs, id));
    return id;
}

static inline tenon__value_id sample_const(sample *s, tenon_dtype dtype, const int64_t *dims,
                                           const void *data)
{
    tenon__view view = {0};
    size_t bytes;
    tenon__value_id id;
    tenon__view_set(&view, dtype, sample_rank(dims), dims);
    assert_true(tenon__view_bytes(&view, &bytes));
    uint8_t *block = tenon__arena_zeroed(&s->arena, bytes + 128, 1);
    block = (uint8_t *)tenon__align_up((uintptr_t)block, 64);
    if (bytes) memcpy(block, data, bytes);
    view.data = block;
    view.known = true;
    must(tenon__graph_add_const(s->graph, sample_name(s), &view, &id, &error));
    tenon__graph_value(s->graph, id)->aligned = true;
    return id;
}

/* A constant of random numbers in [-0.5, 0.5) + offset. */
static inline tenon__value_id sample_weights(sample *s, const int64_t *dims, float offset)
{
    size_t n = (size_t)tenon__dims_product(dims, 0, sample_rank(dims));
    float *data = malloc((n + 1) * sizeof *data);
    for (size_t i = 0; i < n; i++)
        data[i] = sample_number(s) + offset;
    tenon__value_id id = sample_const(s, TENON_F32, dims, data);
    free(data);
    return id;
}

static inline tenon__value_id sample_scalar(sample *s, float x)
{
    return sample_const(s, TENON_F32, DIMS(-9), &x);
}

/* A node with one output; inputs ended by TENON__NO_VALUE. */
static inline tenon__value_id sample_node(sample *s, const char *op, const tenon__value_id *inputs,
                                          const tenon__attr *attrs, uint32_t attr_count)
{
    const tenon__op *found = tenon__op_find(op);
    tenon__value_id out;
    tenon__node *node;
    size_t n = 0;
    assert_non_null(found);
    while (inputs[n] != TENON__NO_VALUE)
        n++;
    must(tenon__graph_add_value(s->graph, sample_name(s), &out, &error));
    tenon__graph_value(s->graph, out)->view.rank = TENON__RANK_UNKNOWN;
    must(tenon__graph_add_node(s->graph, found, (tenon__str){NULL, 0}, tenon__str_of(found->name),
                               s->opset, inputs, n, &out, 1, attrs, attr_count, UINT32_MAX, &node,
                               &error));
    node->parsed = tenon__arena_zeroed(&s->arena, 1, found->attrs_bytes + 1);
    if (found->read) must(found->read(s->graph, node, node->parsed, &error));
    return out;
}
#define IN(...) ((const tenon__value_id[]){__VA_ARGS__, TENON__NO_VALUE})

static inline void sample_output(sample *s, tenon__value_id id)
{
    tenon__graph_value(s->graph, id)->is_output = true;
    assert_true(tenon__vec_push(tenon__allocator_default(), &s->graph->outputs, id));
}

/* "Conv Relu" in order. */
static inline const char *sample_ops(const sample *s)
{
    static char text[1024];
    size_t at = 0;
    text[0] = 0;
    for (size_t i = 0; i < s->graph->nodes.count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", at ? " " : "",
                               s->graph->nodes.items[i]->op->name);
    return text;
}

/* Output 0 on inputs from a fixed generator; new, free() it. */
static inline float *sample_run(sample *s, size_t *count)
{
    const tenon_allocator *a = tenon__allocator_default();
    tenon__plan_options o = {.allocator = a, .accuracy = TENON__STRICT};
    tenon__exec x = {.allocator = a, .threads = 1, .limit_bytes = SIZE_MAX / 4};
    float *inputs[8];
    bool done = false;
    must(tenon__cpu_mask("native", &o.cpu, &error));
    must(tenon__pool_create(a, 1, NULL, &x.pool, &error));
    must(tenon__plan_create(s->graph, &o, &x.plan, &error));
    must(tenon__exec_init(&x, &error));
    s->state = 99;
    for (uint32_t i = 0; i < x.plan->input_count; i++) {
        tenon__view *v = &x.main->views[x.plan->inputs[i]];
        size_t n = (size_t)tenon__view_count(v);
        inputs[i] = calloc(n + 32, sizeof(float));
        for (size_t k = 0; k < n; k++)
            inputs[i][k] = sample_number(s);
        v->data = inputs[i];
    }
    must(tenon__exec_begin(&x, &error));
    must(tenon__exec_run(&x, TENON__EXEC_NO_BUDGET, &done, &error));
    assert_true(done);
    const tenon__view *y = &x.main->views[x.plan->outputs[0]];
    *count = (size_t)tenon__view_count(y);
    float *out = malloc((*count + 1) * sizeof *out);
    if (*count) memcpy(out, y->data, *count * sizeof *out);
    for (uint32_t i = 0; i < x.plan->input_count; i++)
        free(inputs[i]);
    tenon__exec_fini(&x);
    tenon__plan_destroy(x.plan);
    tenon__pool_destroy(x.pool);
    return out;
}

/* Runs the named pass, then the dead-code pass: the operators were `before` and are `after`, and
 * output 0 stays, within `tolerance` of its largest element. */
static inline void check_pass(sample *s, const char *pass, const char *before, const char *after,
                              float tolerance)
{
    tenon__cpu_bits cpu;
    size_t n, m;
    must(tenon__cpu_mask("native", &cpu, &error));
    must(tenon__graph_sort(s->graph, &error));
    must(tenon__graph_infer(s->graph, &s->arena, &error));
    assert_string_equal(sample_ops(s), before);
    float *want = sample_run(s, &n);
    must(tenon__passes_run(s->graph, cpu, TENON__STANDARD, false, pass, 1 << 28, &error));
    must(tenon__passes_run(s->graph, cpu, TENON__STANDARD, false, "dead", 1 << 28, &error));
    assert_string_equal(sample_ops(s), after);
    float *got = sample_run(s, &m), most = 1e-30f;
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++)
        if (fabsf(want[i]) > most) most = fabsf(want[i]);
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(want[i] - got[i]) <= tolerance * most))
            fail_msg("element %zu is %g, was %g", i, (double)got[i], (double)want[i]);
    free(want);
    free(got);
}

#endif
