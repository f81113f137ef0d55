/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_session_step_get: the steps of a run in their order, those of bodies behind the step that
 * runs them, with how often they ran. */
#include "runtime/models.h"

typedef struct loaded_model {
    tenon_env *env;
    tenon_model *model;
    tenon_session *session;
    feed in;
} loaded_model;

static void open_model(loaded_model *l, const char *name)
{
    char path[4096];
    tenon_session_options o = TENON_SESSION_OPTIONS_INIT;
    o.profile = true;
    must(tenon_env_create(NULL, &l->env, &error));
    must(tenon_model_load(l->env, model_path(name, path), NULL, &l->model, &error));
    must(tenon_session_create(l->model, &o, &l->session, &error));
    assert_int_equal(tenon_session_step_count(l->session), 0); /* nothing is bound */
    feed_session(l->env, l->model, l->session, 2, &l->in);
    for (size_t i = 0; i < l->in.count; i++) {
        tenon_port port;
        must(tenon_model_input_get(l->model, i, &port));
        if (strcmp(port.name, "trip") == 0) *(int64_t *)tenon_tensor_data(l->in.tensors[i]) = 5;
    }
    must(tenon_session_run(l->session, &error));
}

static void close_model(loaded_model *l)
{
    feed_free(&l->in);
    tenon_session_destroy(l->session);
    tenon_model_unref(l->model);
    tenon_env_destroy(l->env);
}

static void of_a_model_without_bodies(void **state)
{
    (void)state;
    loaded_model l;
    tenon_step_info info = {.size = sizeof info};
    open_model(&l, "demo/digits.onnx");
    const size_t count = tenon_session_step_count(l.session);
    assert_true(count > 3);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(tenon_session_step_get(l.session, i, &info), TENON_OK);
        assert_true(info.runs <= 1 && info.op[0] && info.shape[0]);
    }
    assert_int_equal(tenon_session_step_get(l.session, count, &info), TENON_EINVAL);
    close_model(&l);
}

static void of_a_loop_and_its_body(void **state)
{
    (void)state;
    loaded_model l;
    tenon_step_info info = {.size = sizeof info};
    size_t loop = SIZE_MAX, often = 0;
    open_model(&l, "odd/loop/model.onnx");
    const size_t count = tenon_session_step_count(l.session);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(tenon_session_step_get(l.session, i, &info), TENON_OK);
        if (strcmp(info.op, "Loop") == 0) loop = i;
        if (info.runs == 5) { /* a step of the body */
            assert_true(loop < i);
            often++;
        }
    }
    assert_true(loop < count && often > 0);
    assert_int_equal(tenon_session_step_get(l.session, count, &info), TENON_EINVAL);
    close_model(&l);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(of_a_model_without_bodies),
                                      CASE(of_a_loop_and_its_body)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
