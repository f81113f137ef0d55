/* SPDX-License-Identifier: Apache-2.0 */
/* Values made within the whole that they are parts of (TENON__OP_JOINS): when that happens, when it
 * must not, and that nothing is written over. Every graph ends in Neg, so that its output is known.
 */
#include "passes/graphs.h"

static tenon__value_id neg(sample *s, tenon__value_id x)
{
    return sample_node(s, "Neg", IN(x), NULL, 0);
}

static tenon__value_id concat(sample *s, const tenon__value_id *in, int64_t axis)
{
    const tenon__attr attr = {.name = tenon__str_of("axis"), .type = TENON__ATTR_INT, .i = axis};
    return sample_node(s, "Concat", in, &attr, 1);
}

typedef struct bound_graph {
    tenon__exec exec;
    float in[2][64];
} bound_graph;

/* Runs the graph on inputs 1, 2, 3, ... and 101, 102, ...; fini() ends it. */
static void run(sample *s, bound_graph *g)
{
    const tenon_allocator *a = tenon__allocator_default();
    tenon__plan_options o = {.allocator = a};
    bool done = false;
    g->exec = (tenon__exec){.allocator = a, .threads = 1, .limit_bytes = SIZE_MAX / 4};
    must(tenon__graph_sort(s->graph, &error));
    must(tenon__graph_infer(s->graph, &s->arena, &error));
    must(tenon__cpu_mask("native", &o.cpu, &error));
    must(tenon__pool_create(a, 1, NULL, &g->exec.pool, &error));
    must(tenon__plan_create(s->graph, &o, &g->exec.plan, &error));
    must(tenon__exec_init(&g->exec, &error));
    for (uint32_t i = 0; i < g->exec.plan->input_count; i++) {
        for (int k = 0; k < 64; k++)
            g->in[i][k] = (float)(k + 1 + (int)i * 100);
        g->exec.main->views[g->exec.plan->inputs[i]].data = g->in[i];
    }
    must(tenon__exec_begin(&g->exec, &error));
    must(tenon__exec_run(&g->exec, TENON__EXEC_NO_BUDGET, &done, &error));
    assert_true(done);
}

static void fini(sample *s, bound_graph *g)
{
    tenon__exec_fini(&g->exec);
    tenon__plan_destroy(g->exec.plan);
    tenon__pool_destroy(g->exec.pool);
    sample_fini(s);
}

/* Element k of output `o` is want(k). */
static void check(const bound_graph *g, uint32_t o, size_t count, float (*want)(size_t k))
{
    const tenon__view *y = &g->exec.main->views[g->exec.plan->outputs[o]];
    const float *data = y->data;
    assert_int_equal(tenon__view_count(y), count);
    for (size_t k = 0; k < count; k++)
        if (data[k] != want(k))
            fail_msg("element %zu is %g, wanted %g", k, (double)data[k], (double)want(k));
}

/* Concats that copy nothing, and those that do. */
static void check_joins(const bound_graph *g, unsigned nothing, unsigned copying)
{
    const tenon__plan *plan = g->exec.plan;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        if (!(plan->steps[i].op->flags & TENON__OP_JOINS)) continue;
        if (g->exec.main->bound[i].how == TENON__HOW_NOTHING)
            nothing--;
        else
            copying--;
    }
    assert_int_equal(nothing, 0);
    assert_int_equal(copying, 0);
}

/* Of inputs of 16 and 32 elements. */
static float first_then_second(size_t k)
{
    return k < 16 ? (float)(k + 1) : (float)(k - 16 + 101);
}

static void parts_are_made_in_the_whole(void **state)
{
    (void)state;
    sample s;
    bound_graph g;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 16)), y = sample_input(&s, DIMS(1, 32));
    sample_output(&s, neg(&s, concat(&s, IN(neg(&s, x), neg(&s, y)), 1)));
    run(&s, &g);
    check_joins(&g, 1, 0);
    check(&g, 0, 48, first_then_second);
    fini(&s, &g);
}

static float nested(size_t k)
{
    return k < 48 ? first_then_second(k) : (float)(k - 48 + 1);
}

static void wholes_nest(void **state)
{
    (void)state;
    sample s;
    bound_graph g;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 16)), y = sample_input(&s, DIMS(1, 32));
    tenon__value_id inner = concat(&s, IN(neg(&s, x), neg(&s, y)), 1);
    tenon__value_id also = neg(&s, inner); /* read before it becomes a part */
    sample_output(&s, neg(&s, concat(&s, IN(inner, neg(&s, x)), 1)));
    sample_output(&s, also);
    run(&s, &g);
    check_joins(&g, 2, 0);
    check(&g, 0, 64, nested);
    check(&g, 1, 48, first_then_second);
    fini(&s, &g);
}

/* The part is read once the whole is gone: it must not lie there. */
static void not_what_outlives_the_whole(void **state)
{
    (void)state;
    sample s;
    bound_graph g;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 16)), y = sample_input(&s, DIMS(1, 32));
    tenon__value_id part = neg(&s, x);
    sample_output(&s, neg(&s, concat(&s, IN(part, neg(&s, y)), 1)));
    sample_output(&s, neg(&s, part));
    run(&s, &g);
    check_joins(&g, 0, 1);
    check(&g, 0, 48, first_then_second);
    check(&g, 1, 16, first_then_second);
    fini(&s, &g);
}

/* An in-place operator reads the part between the joining and the last use of the whole. */
static void what_reads_a_part_does_not_write_over_it(void **state)
{
    (void)state;
    sample s;
    bound_graph g;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 16)), y = sample_input(&s, DIMS(1, 32));
    tenon__value_id part = neg(&s, x), whole = concat(&s, IN(part, neg(&s, y)), 1);
    sample_output(&s, neg(&s, part));
    sample_output(&s, neg(&s, whole));
    run(&s, &g);
    check_joins(&g, 1, 0);
    check(&g, 0, 16, first_then_second);
    check(&g, 1, 48, first_then_second);
    fini(&s, &g);
}

static float twice(size_t k)
{
    return (float)(k % 16 + 1);
}

static void a_part_named_twice_is_copied(void **state)
{
    (void)state;
    sample s;
    bound_graph g;
    sample_init(&s);
    tenon__value_id part = neg(&s, sample_input(&s, DIMS(1, 16)));
    sample_output(&s, neg(&s, concat(&s, IN(part, part), 1)));
    run(&s, &g);
    check_joins(&g, 0, 1);
    check(&g, 0, 32, twice);
    fini(&s, &g);
}

static float three_then_second(size_t k)
{
    return k < 3 ? (float)(k + 1) : (float)(k - 3 + 101);
}

/* The second part would begin at byte 12. */
static void parts_are_aligned(void **state)
{
    (void)state;
    sample s;
    bound_graph g;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 3)), y = sample_input(&s, DIMS(1, 32));
    sample_output(&s, neg(&s, concat(&s, IN(neg(&s, x), neg(&s, y)), 1)));
    run(&s, &g);
    check_joins(&g, 0, 1);
    check(&g, 0, 35, three_then_second);
    fini(&s, &g);
}

static float rows(size_t k)
{
    return k % 32 < 16 ? (float)(k / 32 * 16 + k % 16 + 1) : (float)(k / 32 * 16 + k % 16 + 101);
}

static void not_with_rows_before_the_axis(void **state)
{
    (void)state;
    sample s;
    bound_graph g;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(2, 16)), y = sample_input(&s, DIMS(2, 16));
    sample_output(&s, neg(&s, concat(&s, IN(neg(&s, x), neg(&s, y)), 1)));
    run(&s, &g);
    check_joins(&g, 0, 1);
    check(&g, 0, 64, rows);
    fini(&s, &g);
}

static float inputs_again(size_t k)
{
    return -first_then_second(k);
}

/* The caller's memory and outputs are nobody's parts and nobody's whole. */
static void not_inputs_nor_outputs(void **state)
{
    (void)state;
    sample s;
    bound_graph g;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 16)), y = sample_input(&s, DIMS(1, 32));
    sample_output(&s, neg(&s, concat(&s, IN(x, y), 1)));
    sample_output(&s, concat(&s, IN(neg(&s, x), neg(&s, y)), 1));
    run(&s, &g);
    check_joins(&g, 0, 2);
    check(&g, 0, 48, inputs_again);
    check(&g, 1, 48, inputs_again);
    fini(&s, &g);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(parts_are_made_in_the_whole),   CASE(wholes_nest),
        CASE(not_what_outlives_the_whole),   CASE(what_reads_a_part_does_not_write_over_it),
        CASE(a_part_named_twice_is_copied),  CASE(parts_are_aligned),
        CASE(not_with_rows_before_the_axis), CASE(not_inputs_nor_outputs)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
