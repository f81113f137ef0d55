/* SPDX-License-Identifier: Apache-2.0 */
/* States: what an output was is what an input is in the next run, unless the run did not end well.
 * And outputs in the caller's memory, where their sizes depend on values. */
#include "formats/onnx_bytes.h"

#include <tenon/tenon.h>

static tenon_error error;

static void must(tenon_status status)
{
    if (status != TENON_OK)
        fail_msg("%s: %s: %s", tenon_status_name(status), error.where, error.message);
}

typedef struct net {
    bytes file;
    tenon_env *env;
    tenon_model *model;
    tenon_session *session;
    tenon_cancel *cancel;
} net;

static void open_net(net *n, bytes graph)
{
    tenon_session_options o = TENON_SESSION_OPTIONS_INIT;
    n->file = model(graph, 8, 17);
    must(tenon_env_create(NULL, &n->env, &error));
    must(tenon_model_load_memory(n->env, n->file.data, n->file.size, NULL, &n->model, &error));
    must(tenon_cancel_create(n->env, &n->cancel, &error));
    o.cancel = n->cancel;
    must(tenon_session_create(n->model, &o, &n->session, &error));
}

static void close_net(net *n)
{
    tenon_session_destroy(n->session);
    tenon_cancel_destroy(n->cancel);
    tenon_model_unref(n->model);
    tenon_env_destroy(n->env);
    free(n->file.data);
}

static const int64_t pair[] = {2}, any[] = {-2};

/* sum = x + s, and a second step */
static bytes accumulator(void)
{
    bytes g = {0};
    put_part(&g, 1, node("Add", "a", "x s", "sum"));
    put_part(&g, 1, node("Neg", "n", "sum", "less"));
    put_part(&g, 11, info("x", F32, 1, pair));
    put_part(&g, 11, info("s", F32, 1, pair));
    put_part(&g, 12, info("sum", F32, 1, pair));
    put_part(&g, 12, info("less", F32, 1, pair));
    return g;
}

/* b takes x, a takes what b was. */
static bytes shift_register(void)
{
    bytes g = {0};
    put_part(&g, 1, node("Identity", "i", "b", "a2"));
    put_part(&g, 1, node("Identity", "k", "x", "b2"));
    put_part(&g, 1, node("Identity", "l", "a", "oldest"));
    put_part(&g, 11, info("x", F32, 1, pair));
    put_part(&g, 11, info("a", F32, 1, pair));
    put_part(&g, 11, info("b", F32, 1, pair));
    put_part(&g, 12, info("oldest", F32, 1, pair));
    put_part(&g, 12, info("a2", F32, 1, pair));
    put_part(&g, 12, info("b2", F32, 1, pair));
    return g;
}

static tenon_tensor *wrap(net *n, float *data, int64_t count)
{
    tenon_tensor *t;
    must(tenon_tensor_wrap(n->env, TENON_F32, 1, &count, data, (size_t)count * 4, &t, &error));
    return t;
}

static void set(net *n, const char *input, const tenon_tensor *t)
{
    must(tenon_session_set_input(n->session, input, t, &error));
}

static const float *output(net *n, const char *name, int64_t count)
{
    const tenon_tensor *t;
    must(tenon_session_get_output(n->session, name, &t, &error));
    assert_int_equal(tenon_tensor_count(t), count);
    return tenon_tensor_data_const(t);
}

static void carries_and_starts_with_zeros(void **state)
{
    (void)state;
    net n;
    float x[2] = {1, 10};
    open_net(&n, accumulator());
    tenon_tensor *t = wrap(&n, x, 2);
    set(&n, "x", t);
    must(tenon_session_set_state(n.session, "s", "sum", &error));
    for (int i = 1; i <= 5; i++) {
        must(tenon_session_run(n.session, &error));
        assert_true(output(&n, "sum", 2)[0] == (float)i);
        assert_true(output(&n, "sum", 2)[1] == (float)i * 10);
    }
    tenon_tensor_destroy(t);
    close_net(&n);
}

static void a_tensor_that_is_set_counts_once(void **state)
{
    (void)state;
    net n;
    float x[2] = {1, 1}, start[2] = {100, 200};
    open_net(&n, accumulator());
    tenon_tensor *t = wrap(&n, x, 2), *s = wrap(&n, start, 2);
    set(&n, "x", t);
    set(&n, "s", s);
    must(tenon_session_set_state(n.session, "s", "sum", &error));
    must(tenon_session_run(n.session, &error));
    start[0] = -1000; /* it is not read again */
    must(tenon_session_run(n.session, &error));
    assert_true(output(&n, "sum", 2)[0] == 102 && output(&n, "sum", 2)[1] == 202);
    set(&n, "s", s); /* a new beginning */
    must(tenon_session_run(n.session, &error));
    assert_true(output(&n, "sum", 2)[0] == -999);
    tenon_tensor_destroy(t);
    tenon_tensor_destroy(s);
    close_net(&n);
}

/* Outputs that are states' own memory, in an order in which one copy would spoil the other. */
static void states_may_be_made_from_each_other(void **state)
{
    (void)state;
    net n;
    float x[2] = {0, 0};
    open_net(&n, shift_register());
    tenon_tensor *t = wrap(&n, x, 2);
    set(&n, "x", t);
    must(tenon_session_set_state(n.session, "a", "a2", &error));
    must(tenon_session_set_state(n.session, "b", "b2", &error));
    for (int i = 1; i <= 6; i++) {
        x[0] = (float)i;
        must(tenon_session_run(n.session, &error));
        assert_true(output(&n, "oldest", 2)[0] == (float)(i > 2 ? i - 2 : 0));
    }
    tenon_tensor_destroy(t);
    close_net(&n);
}

static void sizes_may_grow(void **state)
{
    (void)state;
    net n;
    float x[1] = {0}, none[1] = {0};
    bytes g = {0}, join = node("Concat", "j", "s x", "grown");
    put_part(&join, 5, attr_int("axis", 0));
    put_part(&g, 1, join);
    put_part(&g, 11, info("x", F32, 1, any));
    put_part(&g, 11, info("s", F32, 1, any));
    put_part(&g, 12, info("grown", F32, 1, any));
    open_net(&n, g);
    tenon_tensor *t = wrap(&n, x, 1), *empty = wrap(&n, none, 0);
    set(&n, "x", t);
    must(tenon_session_set_state(n.session, "s", "grown", &error));
    assert_int_equal(tenon_session_run(n.session, &error),
                     TENON_ESHAPE); /* nothing to start from */
    set(&n, "s", empty);
    for (int i = 0; i < 300; i++) {
        x[0] = (float)i;
        must(tenon_session_run(n.session, &error));
        const float *y = output(&n, "grown", i + 1);
        for (int k = 0; k <= i; k++)
            assert_true(y[k] == (float)k);
    }
    tenon_tensor_destroy(t);
    tenon_tensor_destroy(empty);
    close_net(&n);
}

static void runs_that_stop_leave_no_trace(void **state)
{
    (void)state;
    net n;
    float x[2] = {1, 1};
    bool done;
    open_net(&n, accumulator());
    tenon_tensor *t = wrap(&n, x, 2);
    set(&n, "x", t);
    must(tenon_session_set_state(n.session, "s", "sum", &error));
    must(tenon_session_run(n.session, &error));
    must(tenon_session_step(n.session, 0, &done, &error));
    assert_false(done);
    tenon_session_reset(n.session);
    must(tenon_session_run(n.session, &error));
    assert_true(output(&n, "sum", 2)[0] == 2);
    tenon_session_set_deadline(n.session, 1);
    assert_int_equal(tenon_session_run(n.session, &error), TENON_EDEADLINE);
    tenon_session_set_deadline(n.session, 0);
    must(tenon_session_run(n.session, &error));
    assert_true(output(&n, "sum", 2)[0] == 3);
    tenon_cancel_set(n.cancel);
    assert_int_equal(tenon_session_run(n.session, &error), TENON_ECANCELED);
    tenon_tensor_destroy(t);
    close_net(&n);
}

static void is_an_ordinary_input_again(void **state)
{
    (void)state;
    net n;
    float x[2] = {1, 1};
    open_net(&n, accumulator());
    tenon_tensor *t = wrap(&n, x, 2);
    set(&n, "x", t);
    must(tenon_session_set_state(n.session, "s", "sum", &error));
    must(tenon_session_run(n.session, &error));
    must(tenon_session_set_state(n.session, "s", NULL, &error));
    assert_int_equal(tenon_session_run(n.session, &error), TENON_EINVAL); /* not set */
    set(&n, "s", t);
    must(tenon_session_run(n.session, &error));
    must(tenon_session_run(n.session, &error));
    assert_true(output(&n, "sum", 2)[0] == 2);
    tenon_tensor_destroy(t);
    close_net(&n);
}

/* An output may be a state's own memory: it stays until the next run all the same. */
static void outputs_outlive_the_state(void **state)
{
    (void)state;
    net n;
    float x[2] = {7, 8};
    open_net(&n, shift_register());
    tenon_tensor *t = wrap(&n, x, 2);
    set(&n, "x", t);
    must(tenon_session_set_state(n.session, "a", "a2", &error));
    must(tenon_session_set_state(n.session, "b", "b2", &error));
    for (int i = 0; i < 3; i++)
        must(tenon_session_run(n.session, &error));
    const float *oldest = output(&n, "oldest", 2);
    must(tenon_session_set_state(n.session, "a", NULL, &error));
    assert_true(oldest[0] == 7 && oldest[1] == 8);
    must(tenon_session_set_state(n.session, "a", "a2", &error)); /* from zeros again */
    assert_true(oldest[0] == 7 && oldest[1] == 8);
    must(tenon_session_run(n.session, &error));
    assert_true(output(&n, "oldest", 2)[0] == 0);
    tenon_tensor_destroy(t);
    close_net(&n);
}

/* An output that is an input under another name stays when the input goes. */
static void outputs_outlive_the_inputs(void **state)
{
    (void)state;
    net n;
    float x[2] = {1, 2}, a[2] = {3, 4};
    const tenon_value *value;
    open_net(&n, shift_register());
    tenon_tensor *t = wrap(&n, x, 2), *s = wrap(&n, a, 2);
    set(&n, "x", t);
    set(&n, "a", s);
    set(&n, "b", s);
    for (int i = 0; i < 2; i++) {
        x[0] = 1;
        a[1] = 4;
        must(tenon_session_run(n.session, &error));
        x[0] = a[1] = 0;
        assert_true(output(&n, "b2", 2)[0] == 1 && output(&n, "oldest", 2)[1] == 4);
        must(tenon_session_get_output_value(n.session, "b2", &value, &error));
        assert_true(*(const float *)tenon_tensor_data_const(tenon_value_tensor(value)) == 1);
    }
    tenon_tensor_destroy(t);
    tenon_tensor_destroy(s);
    close_net(&n);
}

/* One buffer, as a tensor of another shape in each run. */
static void the_same_memory_takes_other_sizes(void **state)
{
    (void)state;
    net n;
    static float x[9000], y[9000]; /* too many to be computed while binding */
    const int64_t all[] = {9000};
    bytes g = {0}, cast = node("Cast", "c", "x", "choice");
    put_part(&cast, 5, attr_int("to", 9)); /* bool */
    put_part(&g, 1, cast);
    put_part(&g, 1, node("Compress", "p", "x choice", "some"));
    put_part(&g, 1, node("Neg", "n", "some", "y"));
    put_part(&g, 11, info("x", F32, 1, all));
    put_part(&g, 12, info("y", F32, 1, any));
    open_net(&n, g);
    tenon_tensor *t = wrap(&n, x, 9000);
    set(&n, "x", t);
    for (int i = 0; i < 8; i++) {
        const int64_t count = (i % 3 + 1) * 3000;
        for (int k = 0; k < 9000; k++)
            x[k] = k < count ? (float)(i + k + 1) : 0;
        tenon_tensor *u = wrap(&n, y, count);
        must(tenon_session_set_output(n.session, "y", u, &error));
        must(tenon_session_run(n.session, &error));
        for (int k = 0; k < count; k++)
            assert_true(y[k] == -x[k]);
        must(tenon_session_set_output(n.session, "y", NULL, &error));
        tenon_tensor_destroy(u);
    }
    tenon_tensor_destroy(t);
    close_net(&n);
}

static void wrong_pairs_are_refused(void **state)
{
    (void)state;
    net n;
    float x[2] = {1, 1};
    bool done = false;
    bytes g = accumulator();
    put_part(&g, 1, node("Shape", "h", "x", "count"));
    put_part(&g, 1, node("Tile", "m", "x reps", "more"));
    put_part(&g, 5, tensor("reps", I64, 1, (const int64_t[]){1}, (const int64_t[]){3}, 8));
    put_part(&g, 12, info("count", I64, 1, (const int64_t[]){1}));
    put_part(&g, 12, info("more", F32, 1, (const int64_t[]){6}));
    open_net(&n, g);
    assert_int_equal(tenon_session_set_state(NULL, "s", "sum", &error), TENON_EINVAL);
    assert_int_equal(tenon_session_set_state(n.session, "q", "sum", &error), TENON_ENOENT);
    assert_int_equal(tenon_session_set_state(n.session, "s", "q", &error), TENON_ENOENT);
    assert_int_equal(tenon_session_set_state(n.session, "s", "count", &error), TENON_ETYPE);
    assert_int_equal(tenon_session_set_state(n.session, "s", "more", &error), TENON_ESHAPE);
    tenon_tensor *t = wrap(&n, x, 2);
    set(&n, "x", t);
    set(&n, "s", t);
    must(tenon_session_step(n.session, 0, &done, &error));
    assert_false(done);
    assert_int_equal(tenon_session_set_state(n.session, "s", "sum", &error), TENON_EBUSY);
    tenon_tensor_destroy(t);
    close_net(&n);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(carries_and_starts_with_zeros),      CASE(a_tensor_that_is_set_counts_once),
        CASE(states_may_be_made_from_each_other), CASE(sizes_may_grow),
        CASE(runs_that_stop_leave_no_trace),      CASE(is_an_ordinary_input_again),
        CASE(outputs_outlive_the_state),          CASE(outputs_outlive_the_inputs),
        CASE(the_same_memory_takes_other_sizes),  CASE(wrong_pairs_are_refused)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
