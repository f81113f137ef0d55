/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: bytes as an ONNX model, loaded, run on small inputs and looked at, within a second.
 * Every block must be given back, and a failure must say what is wrong. */
#define _POSIX_C_SOURCE 200809L
#include "attempt.h"
#include "mutate.h"

#define DEADLINE_NS   UINT64_C(500000000)
#define MAX_RUN_BYTES ((uint64_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    meter m = {0};
    const tenon_allocator allocator = {&m, meter_alloc, meter_free};
    tenon_env_options eo = TENON_ENV_OPTIONS_INIT;
    attempt_options o = {.deadline_ns = DEADLINE_NS, .max_run_bytes = MAX_RUN_BYTES, .seed = 1};
    attempt a;
    tenon_env *env;
    eo.allocator = &allocator;
    eo.threads = 1;
    o.no_passes = size % 4 == 0;
    if (tenon_env_create(&eo, &env, &a.error)) abort();
    tenon_status st = attempt_open(&a, env, data, size, &o);
    if (st == TENON_OK) st = attempt_run(&a, &o);
    if (st && a.stage != ATTEMPT_INPUTS && (a.error.status != st || !a.error.message[0])) abort();
    attempt_close(&a);
    tenon_env_destroy(env);
    if (m.live_blocks) abort();
    return 0;
}

static size_t hand_over(uint8_t *made, size_t size, uint8_t *out, size_t max_size)
{
    if (!made) return 0;
    if (size > max_size) size = max_size;
    memcpy(out, made, size);
    free(made);
    return size;
}

#ifdef TENON_FUZZER /* libFuzzer drives, and lends its own mutator */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size_t made_size = 0;
    if (seed % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
    uint8_t *made = mutate(data, size, NULL, 0, seed, &made_size);
    return hand_over(made, made_size, data, max_size);
}
#endif

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed)
{
    size_t made_size = 0;
    uint8_t *made = mutate(a, a_size, b, b_size, seed, &made_size);
    return hand_over(made, made_size, out, max_size);
}
