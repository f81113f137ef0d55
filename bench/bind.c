/* SPDX-License-Identifier: Apache-2.0 */
/* What a new shape costs: a language model whose cache grows by one each run: bind MODEL. The model
 * takes input_ids [1, n], past_k and past_v [layers, heads, length, width] and gives logits and the
 * present ones, which are its states (stories260k of the test data does). Prints steps, and the
 * median of binding and running in microseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

enum { RUNS = 200 };

static tenon_error err;

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Inputs of the first run: numbers of zero, free dims 1. What they hold next is for the states. */
static tenon_status prepare(tenon_env *env, const tenon_model *model, tenon_session *s,
                            tenon_tensor *in[3])
{
    tenon_status st = TENON_OK;
    for (size_t i = 0; i < 3 && !st; i++) {
        tenon_port port, made;
        int64_t dims[TENON_MAX_RANK];
        st = tenon_model_input_get(model, i, &port);
        for (int d = 0; d < port.rank && !st; d++)
            dims[d] = port.dims[d] >= 0 ? port.dims[d] : 1;
        if (!st) st = tenon_tensor_create(env, port.dtype, port.rank, dims, &in[i], &err);
        if (!st) st = tenon_session_set_input(s, port.name, in[i], &err);
        if (!st && i) st = tenon_model_output_get(model, i, &made);
        if (!st && i) st = tenon_session_set_state(s, port.name, made.name, &err);
    }
    return st;
}

static tenon_status one_run(tenon_session *s, double *bind, double *run)
{
    tenon_session_info info = {.size = sizeof info};
    uint64_t start = tenon_clock_ns();
    tenon_status st = tenon_session_run(s, &err);
    *run = (double)(tenon_clock_ns() - start) / 1e3;
    if (!st) st = tenon_session_info_get(s, &info);
    *bind = (double)info.bind_ns / 1e3;
    return st;
}

int main(int argc, char **argv)
{
    static double bind[RUNS], run[RUNS];
    tenon_env *env = NULL;
    tenon_model *model = NULL;
    tenon_session *session = NULL;
    tenon_tensor *in[3] = {NULL};
    tenon_env_options options = TENON_ENV_OPTIONS_INIT;
    if (argc != 2) {
        fprintf(stderr, "bind MODEL\n");
        return 2;
    }
    options.threads = 1;
    tenon_status st = tenon_env_create(&options, &env, &err);
    if (!st) st = tenon_model_load(env, argv[1], NULL, &model, &err);
    if (!st) st = tenon_session_create(model, NULL, &session, &err);
    if (!st && (tenon_model_input_count(model) != 3 || tenon_model_output_count(model) != 3)) {
        fprintf(stderr, "%s: three inputs and three outputs were expected\n", argv[1]);
        st = TENON_EINVAL;
    }
    if (!st) st = prepare(env, model, session, in);
    for (int i = 0; i < RUNS && !st; i++)
        st = one_run(session, &bind[i], &run[i]);
    if (!st) {
        qsort(bind, RUNS, sizeof *bind, compare);
        qsort(run, RUNS, sizeof *run, compare);
        printf("%zu steps, each run with a new shape: binding %.1f us, run and binding %.1f us "
               "(medians of %d)\n",
               tenon_session_step_count(session), bind[RUNS / 2], run[RUNS / 2], RUNS);
    } else if (err.message[0]) {
        fprintf(stderr, "%s: %s\n", err.where, err.message);
    }
    tenon_session_destroy(session);
    for (int i = 0; i < 3; i++)
        tenon_tensor_destroy(in[i]);
    tenon_model_unref(model);
    tenon_env_destroy(env);
    return st ? 1 : 0;
}
