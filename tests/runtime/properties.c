/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every model: the same bits for any number of threads, any budget and any place of
 * inputs and outputs; no heap call once a shape was seen; a run that is stopped leaves a session
 * that runs. */
#include "runtime/models.h"

#include <pthread.h>
#include <stdatomic.h>

/* Every block behind a counter, so that a test can forbid further ones. */
typedef struct counting {
    atomic_size_t calls, live;
    atomic_bool forbidden;
} counting;

static void *count_alloc(void *user, size_t size, size_t alignment)
{
    counting *c = user;
    atomic_fetch_add(&c->calls, 1);
    if (atomic_load(&c->forbidden)) return NULL;
    void *p = aligned_alloc(alignment, (size + alignment) / alignment * alignment);
    if (p) atomic_fetch_add(&c->live, 1);
    return p;
}

static void count_free(void *user, void *block)
{
    atomic_fetch_sub(&((counting *)user)->live, 1);
    free(block);
}

typedef struct setup {
    tenon_env *env;
    tenon_model *model;
    tenon_session *session;
    feed in;
} setup;

static void open_setup(setup *s, const char *name, unsigned threads, counting *c, bool no_passes)
{
    char path[4096];
    tenon_allocator allocator = {c, count_alloc, count_free};
    tenon_env_options eo = TENON_ENV_OPTIONS_INIT;
    tenon_model_options mo = TENON_MODEL_OPTIONS_INIT;
    eo.threads = threads;
    if (c) eo.allocator = &allocator;
    mo.no_passes = no_passes;
    must(tenon_env_create(&eo, &s->env, &error));
    must(tenon_model_load(s->env, model_path(name, path), &mo, &s->model, &error));
    must(tenon_session_create(s->model, NULL, &s->session, &error));
    feed_session(s->env, s->model, s->session, 2, &s->in);
}

static void close_setup(setup *s)
{
    feed_free(&s->in);
    tenon_session_destroy(s->session);
    tenon_model_unref(s->model);
    tenon_env_destroy(s->env);
}

/* Runs in steps of `budget_ns`; returns how many. */
static size_t run_stepped(tenon_session *session, uint64_t budget_ns)
{
    bool done = false;
    size_t steps = 0;
    while (!done) {
        must(tenon_session_step(session, budget_ns, &done, &error));
        assert_true(++steps < 10000000);
    }
    return steps;
}

static void same_bits(void **state)
{
    const char *name = *state;
    uint8_t *want = NULL;
    size_t want_size = 0;
    for (unsigned threads = 1; threads <= 3; threads++) {
        for (int mode = 0; mode < 3; mode++) {
            setup s;
            size_t size;
            open_setup(&s, name, threads, NULL, false);
            if (mode == 0)
                must(tenon_session_run(s.session, &error));
            else
                run_stepped(s.session, mode == 1 ? 0 : 20000);
            uint8_t *got = take_outputs(s.model, s.session, &size);
            if (want) {
                assert_int_equal(size, want_size);
                assert_memory_equal(got, want, size);
                free(got);
            } else {
                want = got;
                want_size = size;
            }
            close_setup(&s);
        }
    }
    free(want);
}

static void no_heap_once_seen(void **state)
{
    counting c = {0};
    setup s;
    size_t before, after;
    open_setup(&s, *state, 2, &c, false);
    must(tenon_session_run(s.session, &error));
    must(tenon_session_run(s.session, &error));
    uint8_t *want = take_outputs(s.model, s.session, &before);
    size_t calls = atomic_load(&c.calls);
    atomic_store(&c.forbidden, true);
    must(tenon_session_run(s.session, &error));
    run_stepped(s.session, 50000);
    assert_int_equal(atomic_load(&c.calls), calls);
    atomic_store(&c.forbidden, false);
    uint8_t *got = take_outputs(s.model, s.session, &after);
    assert_int_equal(before, after);
    assert_memory_equal(got, want, before);
    free(got);
    free(want);
    close_setup(&s);
    assert_int_equal(atomic_load(&c.live), 0);
}

/* Inputs and outputs in the caller's memory, exactly as large as they need be: a sanitizer sees any
 * step outside. */
static void own_memory(void **state)
{
    setup s;
    size_t size;
    open_setup(&s, *state, 2, NULL, false);
    must(tenon_session_run(s.session, &error));
    uint8_t *want = take_outputs(s.model, s.session, &size);
    void *blocks[32];
    tenon_tensor *wraps[32];
    size_t n = 0;
    for (size_t i = 0; i < s.in.count; i++, n++) {
        tenon_port port;
        tenon_tensor *t = s.in.tensors[i];
        must(tenon_model_input_get(s.model, i, &port));
        blocks[n] = malloc(tenon_tensor_size_bytes(t) ? tenon_tensor_size_bytes(t) : 1);
        memcpy(blocks[n], tenon_tensor_data(t), tenon_tensor_size_bytes(t));
        must(tenon_tensor_wrap(s.env, tenon_tensor_dtype(t), tenon_tensor_rank(t),
                               tenon_tensor_dims(t), blocks[n], tenon_tensor_size_bytes(t),
                               &wraps[n], &error));
        must(tenon_session_set_input(s.session, port.name, wraps[n], &error));
    }
    size_t first = n;
    for (size_t i = 0; i < tenon_model_output_count(s.model); i++, n++) {
        tenon_port port;
        const tenon_tensor *t;
        must(tenon_model_output_get(s.model, i, &port));
        must(tenon_session_get_output(s.session, port.name, &t, &error));
        blocks[n] = malloc(tenon_tensor_size_bytes(t) ? tenon_tensor_size_bytes(t) : 1);
        must(tenon_tensor_wrap(s.env, tenon_tensor_dtype(t), tenon_tensor_rank(t),
                               tenon_tensor_dims(t), blocks[n], tenon_tensor_size_bytes(t),
                               &wraps[n], &error));
    }
    for (size_t i = first; i < n; i++) {
        tenon_port port;
        must(tenon_model_output_get(s.model, i - first, &port));
        must(tenon_session_set_output(s.session, port.name, wraps[i], &error));
    }
    must(tenon_session_run(s.session, &error));
    size_t at = 0;
    for (size_t i = first; i < n; i++) {
        assert_memory_equal(blocks[i], want + at, tenon_tensor_size_bytes(wraps[i]));
        at += tenon_tensor_size_bytes(wraps[i]);
    }
    free(want);
    for (size_t i = 0; i < n; i++) {
        tenon_tensor_destroy(wraps[i]);
        free(blocks[i]);
    }
    close_setup(&s);
}

/* A run that is given up, cancelled or late leaves a session that gives the same answer as ever. */
static void stopped_runs_leave_no_trace(void **state)
{
    setup s;
    size_t size, again;
    bool done = false;
    open_setup(&s, *state, 2, NULL, false);
    must(tenon_session_run(s.session, &error));
    uint8_t *want = take_outputs(s.model, s.session, &size);
    for (int i = 0; i < 3 && !done; i++)
        must(tenon_session_step(s.session, 0, &done, &error));
    if (!done)
        assert_int_equal(tenon_session_set_input(s.session, "x", NULL, &error) == TENON_OK, false);
    tenon_session_reset(s.session);
    tenon_session_set_deadline(s.session, 1);
    assert_int_equal(tenon_session_run(s.session, &error), TENON_EDEADLINE);
    tenon_session_set_deadline(s.session, 0);
    const tenon_tensor *t;
    tenon_port port;
    must(tenon_model_output_get(s.model, 0, &port));
    assert_int_equal(tenon_session_get_output(s.session, port.name, &t, &error), TENON_EAGAIN);
    must(tenon_session_run(s.session, &error));
    uint8_t *got = take_outputs(s.model, s.session, &again);
    assert_int_equal(size, again);
    assert_memory_equal(got, want, size);
    free(got);
    free(want);
    close_setup(&s);
}

static void *cancel_soon(void *arg)
{
    tenon_cancel_set(arg);
    return NULL;
}

static void cancelled_from_another_thread(void **state)
{
    setup s;
    tenon_cancel *cancel;
    tenon_session *session;
    pthread_t thread;
    open_setup(&s, *state, 2, NULL, false);
    must(tenon_cancel_create(s.env, &cancel, &error));
    tenon_session_options so = TENON_SESSION_OPTIONS_INIT;
    so.cancel = cancel;
    must(tenon_session_create(s.model, &so, &session, &error));
    feed in;
    feed_session(s.env, s.model, session, 2, &in);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, cancel), 0);
    tenon_status st = TENON_OK;
    for (int i = 0; i < 1000000 && st == TENON_OK; i++)
        st = tenon_session_run(session, &error);
    assert_int_equal(st, TENON_ECANCELED);
    pthread_join(thread, NULL);
    tenon_session_destroy(session);
    tenon_cancel_destroy(cancel);
    feed_free(&in);
    close_setup(&s);
}

/* Sessions of one model run side by side and share its packed weights. */
typedef struct side {
    tenon_session *session;
    tenon_status status;
} side;

static void *run_side(void *arg)
{
    side *s = arg;
    tenon_error local;
    for (int i = 0; i < 3 && s->status == TENON_OK; i++)
        s->status = tenon_session_run(s->session, &local);
    return NULL;
}

static void sessions_side_by_side(void **state)
{
    setup s;
    side sides[3];
    feed in[3];
    pthread_t threads[3];
    size_t size, again;
    open_setup(&s, *state, 2, NULL, false);
    for (int i = 0; i < 3; i++) {
        sides[i].status = TENON_OK;
        must(tenon_session_create(s.model, NULL, &sides[i].session, &error));
        feed_session(s.env, s.model, sides[i].session, 2, &in[i]);
        assert_int_equal(pthread_create(&threads[i], NULL, run_side, &sides[i]), 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    must(tenon_session_run(s.session, &error));
    uint8_t *want = take_outputs(s.model, s.session, &size);
    for (int i = 0; i < 3; i++) {
        must(sides[i].status);
        uint8_t *got = take_outputs(s.model, sides[i].session, &again);
        assert_int_equal(size, again);
        assert_memory_equal(got, want, size);
        free(got);
        tenon_session_destroy(sides[i].session);
        feed_free(&in[i]);
    }
    free(want);
    close_setup(&s);
}

/* Another shape, then the first one again: the same bits as before. */
static void shapes_come_and_go(void **state)
{
    setup s;
    size_t size, again;
    open_setup(&s, *state, 2, NULL, false);
    must(tenon_session_run(s.session, &error));
    uint8_t *want = take_outputs(s.model, s.session, &size);
    feed other;
    feed_session(s.env, s.model, s.session, 3, &other);
    tenon_status st = tenon_session_run(s.session, &error);
    if (st) assert_int_equal(st, TENON_ESHAPE); /* inputs whose free dims must differ */
    for (size_t i = 0; i < s.in.count; i++) {
        tenon_port port;
        must(tenon_model_input_get(s.model, i, &port));
        must(tenon_session_set_input(s.session, port.name, s.in.tensors[i], &error));
    }
    must(tenon_session_run(s.session, &error));
    uint8_t *got = take_outputs(s.model, s.session, &again);
    assert_int_equal(size, again);
    assert_memory_equal(got, want, size);
    free(got);
    free(want);
    feed_free(&other);
    close_setup(&s);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void **);
    } properties[] = {
        {"same_bits", same_bits},
        {"no_heap_once_seen", no_heap_once_seen},
        {"own_memory", own_memory},
        {"stopped_runs_leave_no_trace", stopped_runs_leave_no_trace},
        {"cancelled_from_another_thread", cancelled_from_another_thread},
        {"sessions_side_by_side", sessions_side_by_side},
        {"shapes_come_and_go", shapes_come_and_go},
    };
    enum { COUNT = sizeof properties / sizeof *properties };
    static test_case cases[COUNT * MODEL_COUNT];
    static char names[COUNT * MODEL_COUNT][128];
    size_t n = 0;
    for (size_t p = 0; p < COUNT; p++)
        for (size_t m = 0; m < MODEL_COUNT; m++, n++) {
            snprintf(names[n], sizeof names[n], "%s/%s", properties[p].name, model_paths[m]);
            cases[n] = (test_case){names[n], properties[p].run, (void *)(uintptr_t)model_paths[m]};
        }
    return test_main(argc, argv, cases, n);
}
