/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that runs out: of an env, a load, a session and a run, each allocation in turn fails,
 * alone and with all that follow. Each failure is TENON_ENOMEM, or of no consequence; every block
 * is given back; and a session whose run failed runs again, to the same bits. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include "fuzz/attempt.h"

/* Allocations of one model, far more than any here makes. */
#define MOST_CALLS 100000

static uint8_t *read_model(const char *name, size_t *size)
{
    char path[1200];
    bool own = strncmp(name, "demo/", 5) == 0 || strncmp(name, "tests/", 6) == 0;
    (void)snprintf(path, sizeof path, "%s/%s", own ? TENON_SOURCE_DIR : test_data(), name);
    uint8_t *data = attempt_file(path, size);
    if (!data) fail_msg("cannot read %s", path);
    return data;
}

/* What became of a pass over the model with some allocations failing. */
typedef struct outcome {
    tenon_status status;
    attempt_stage stage;
    uint64_t digest;
} outcome;

/* A run again, now that there is memory. */
static void run_again(attempt *a, const attempt_options *o, meter *m, uint64_t want)
{
    size_t until = m->fail_until;
    m->fail_until = 0;
    tenon_status st = attempt_run(a, o);
    if (st) fail_msg("the second run: %s: %s", tenon_status_name(st), a->error.message);
    if (want && a->digest != want) fail_msg("the second run gives other bits");
    m->fail_until = until;
}

static outcome pass(const uint8_t *data, size_t size, meter *m, uint64_t want)
{
    const tenon_allocator allocator = {m, meter_alloc, meter_free};
    const attempt_options o = {.seed = 1};
    tenon_env_options eo = TENON_ENV_OPTIONS_INIT;
    attempt a = {.stage = ATTEMPT_LOAD};
    tenon_env *env = NULL;
    eo.allocator = &allocator;
    eo.threads = 1;
    tenon_status st = tenon_env_create(&eo, &env, &a.error);
    if (st == TENON_OK) {
        st = attempt_open(&a, env, data, size, &o);
        if (st == TENON_OK) st = attempt_run(&a, &o);
        if (st && a.error.status != st) fail_msg("%s without a word", tenon_status_name(st));
        if (a.stage == ATTEMPT_RUN || (a.stage == ATTEMPT_DONE && m->failed))
            run_again(&a, &o, m, want);
        attempt_close(&a);
        tenon_env_destroy(env);
    } else if (env) {
        fail_msg("an env comes with %s", tenon_status_name(st));
    }
    if (m->live_blocks) fail_msg("%zu blocks leak", m->live_blocks);
    return (outcome){st, a.stage, a.digest};
}

static void each_allocation_fails(void **state)
{
    const char *name = *state;
    size_t size, failed[2] = {0}, harmless = 0;
    uint8_t *data = read_model(name, &size);
    meter whole = {0};
    outcome want = pass(data, size, &whole, 0);
    if (want.status || want.stage != ATTEMPT_DONE)
        fail_msg("%s does not run: %s", name, tenon_status_name(want.status));
    for (int all = 0; all < 2; all++) {
        for (size_t n = 1; n < MOST_CALLS; n++) {
            meter m = {.fail_from = n, .fail_until = all ? SIZE_MAX : n + 1};
            outcome got = pass(data, size, &m, want.digest);
            if (!m.failed) break;
            failed[all]++;
            if (got.status == TENON_OK) {
                harmless++;
                if (got.digest != want.digest) fail_msg("allocation %zu: other bits", n);
            } else if (got.status != TENON_ENOMEM) {
                fail_msg("allocation %zu: %s", n, tenon_status_name(got.status));
            }
        }
    }
    free(data);
    printf("%s: %zu allocations failed alone, %zu with all behind them, %zu without consequence\n",
           name, failed[0], failed[1], harmless);
    if (failed[0] < 20) fail_msg("only %zu allocations", failed[0]);
}

#define CORPUS "tests/fuzz/corpus/load_and_run/"

int main(int argc, char **argv)
{
    static const char *const models[] = {
        "demo/digits.onnx",
        CORPUS "attention.onnx",
        CORPUS "convolutions.onnx",
        CORPUS "functions.onnx",
        CORPUS "half.onnx",
        CORPUS "if.onnx",
        CORPUS "loop-grows.onnx",
        CORPUS "loop-if.onnx",
        CORPUS "optional.onnx",
        CORPUS "quantised.onnx",
        CORPUS "scan.onnx",
        CORPUS "sequence.onnx",
        CORPUS "sequence-map.onnx",
        CORPUS "shapes.onnx",
        CORPUS "sparse.onnx",
        CORPUS "text.onnx",
        CORPUS "zip-map.onnx",
        "matrix/cnn-bn/model-int8-qdq.onnx",
        "matrix/decoder-kv/model-op17.onnx",
        "matrix/lstm-tagger/model-op17.onnx",
    };
    test_case cases[sizeof models / sizeof *models];
    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        cases[i] = (test_case){models[i], each_allocation_fails, (void *)(uintptr_t)models[i]};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
