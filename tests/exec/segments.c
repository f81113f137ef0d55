/* SPDX-License-Identifier: Apache-2.0 */
/* Steps behind one whose outputs are sized while it runs: their binding holds for other values of
 * the same shapes, and only for these. */
#include "passes/graphs.h"

enum { COUNT = 8 };

typedef struct session {
    sample s;
    tenon__exec exec;
    float in[COUNT];
} session;

/* The graph in g->s is whole. */
static void begin(session *g)
{
    const tenon_allocator *a = tenon__allocator_default();
    tenon__plan_options o = {.allocator = a};
    g->exec = (tenon__exec){.allocator = a, .threads = 1, .limit_bytes = SIZE_MAX / 4};
    must(tenon__graph_sort(g->s.graph, &error));
    must(tenon__graph_infer(g->s.graph, &g->s.arena, &error));
    must(tenon__cpu_mask("native", &o.cpu, &error));
    must(tenon__pool_create(a, 1, NULL, &g->exec.pool, &error));
    must(tenon__plan_create(g->s.graph, &o, &g->exec.plan, &error));
    must(tenon__exec_init(&g->exec, &error));
    g->exec.main->views[g->exec.plan->inputs[0]].data = g->in;
}

static void end(session *g)
{
    tenon__exec_fini(&g->exec);
    tenon__plan_destroy(g->exec.plan);
    tenon__pool_destroy(g->exec.pool);
    sample_fini(&g->s);
}

/* Runs on an input that is not zero where `mask` has a bit: bit k stands for element k, which is
 * k + 1. */
static void run(session *g, unsigned mask)
{
    bool done = false;
    for (int k = 0; k < COUNT; k++)
        g->in[k] = mask >> k & 1 ? (float)(k + 1) : 0;
    must(tenon__exec_begin(&g->exec, &error));
    must(tenon__exec_run(&g->exec, TENON__EXEC_NO_BUDGET, &done, &error));
    assert_true(done);
}

static const tenon__view *output(const session *g, uint32_t i)
{
    return &g->exec.main->views[g->exec.plan->outputs[i]];
}

/* Output i lists the input's different numbers, in order, times a factor. */
static void check_unique(const session *g, uint32_t i, unsigned mask, float factor)
{
    const tenon__view *y = output(g, i);
    int64_t n = 0;
    for (int k = mask == (1u << COUNT) - 1 ? 0 : -1; k < COUNT; k++) {
        if (k >= 0 && !(mask >> k & 1)) continue;
        assert_true(n < tenon__view_count(y));
        assert_true(((const float *)y->data)[n++] == factor * (float)(k + 1));
    }
    assert_int_equal(tenon__view_count(y), n);
}

static tenon__value_id neg(sample *s, tenon__value_id x)
{
    return sample_node(s, "Neg", IN(x), NULL, 0);
}

static tenon__value_id unique(sample *s, tenon__value_id x)
{
    return sample_node(s, "Unique", IN(x), NULL, 0);
}

/* Two dynamic steps, something to compute before, between and behind them, and a value from before
 * that is read at the end. */
static void build_unique(session *g)
{
    memset(g, 0, sizeof *g);
    sample *s = &g->s;
    sample_init(s);
    tenon__value_id x = neg(s, neg(s, sample_input(s, DIMS(COUNT))));
    tenon__value_id one = neg(s, neg(s, unique(s, x)));
    tenon__value_id two = unique(s, neg(s, neg(s, x)));
    sample_output(s, neg(s, one));
    sample_output(s, neg(s, neg(s, sample_node(s, "Add", IN(one, two), NULL, 0))));
    sample_output(s, neg(s, neg(s, x)));
    begin(g);
}

static void check_run(session *g, unsigned mask)
{
    run(g, mask);
    check_unique(g, 0, mask, -1);
    check_unique(g, 1, mask, 2);
    for (int k = 0; k < COUNT; k++)
        assert_true(((const float *)output(g, 2)->data)[k] == g->in[k]);
}

static void values_do_not_bind(void **state)
{
    (void)state;
    session g;
    build_unique(&g);
    check_run(&g, 0x0f);
    const uint64_t binds = g.exec.main->binds;
    check_run(&g, 0xf0);
    check_run(&g, 0x55);
    check_run(&g, 0x0f);
    assert_int_equal(g.exec.main->binds, binds);
    end(&g);
}

static void other_sizes_bind(void **state)
{
    (void)state;
    session g;
    build_unique(&g);
    for (int i = 0; i < 200; i++)
        check_run(&g, i % 3 ? (unsigned)test_random_in(0, 255) : 0x33);
    end(&g);
}

/* Sizes that come from what a dynamic step computed are those of this run. */
static void sizes_from_values(void **state)
{
    (void)state;
    static const int64_t one[1] = {1};
    const float fill = 1;
    session g;
    memset(&g, 0, sizeof g);
    sample *s = &g.s;
    sample_init(s);
    tenon__attr keep = tenon__attr_of_int("keepdims", 0),
                value = {.name = TENON__STR("value"), .type = TENON__ATTR_TENSOR};
    tenon__view tensor = {.known = true};
    tenon__view_set(&tensor, TENON_F32, 1, one);
    tenon__value_id constant = sample_const(s, TENON_F32, DIMS(1), &fill);
    tensor.data = tenon__graph_value(s->graph, constant)->view.data;
    value.tensor = &tensor;
    tenon__value_id x = sample_input(s, DIMS(COUNT));
    tenon__value_id last = sample_node(
        s, "ReduceMax", IN(sample_node(s, "NonZero", IN(neg(s, x)), NULL, 0)), &keep, 1);
    tenon__value_id shape =
        sample_node(s, "Reshape", IN(last, sample_const(s, TENON_I64, DIMS(1), one)), NULL, 0);
    tenon__value_id y = sample_node(s, "ConstantOfShape", IN(shape), &value, 1);
    sample_output(s, neg(s, neg(s, y)));
    sample_output(s, unique(s, x));
    begin(&g);
    for (int i = 0; i < 100; i++) {
        const unsigned mask = (unsigned)test_random_in(1, 255);
        int64_t highest = 0;
        run(&g, mask);
        for (int k = 0; k < COUNT; k++)
            if (mask >> k & 1) highest = k;
        assert_int_equal(tenon__view_count(output(&g, 0)), highest);
        for (int64_t k = 0; k < highest; k++)
            assert_true(((const float *)output(&g, 0)->data)[k] == 1);
        check_unique(&g, 1, mask, 1);
    }
    end(&g);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(values_do_not_bind), CASE(other_sizes_bind),
                                      CASE(sizes_from_values)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
