/* SPDX-License-Identifier: Apache-2.0 */
/* A model in memory is loaded, bound, run and looked at as an application would, on memory that is
 * counted and may be made to fail. Shared by the tests of hostile and of failing loads and by a
 * fuzz target. One thread at a time. */
#ifndef TENON_TESTS_FUZZ_ATTEMPT_H
#define TENON_TESTS_FUZZ_ATTEMPT_H

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

#define ATTEMPT_PORTS 64
#define ATTEMPT_BYTES ((size_t)1 << 22) /* of one input: what would take more is not run */

/* Blocks of an env. Without a pool of threads, so that plain numbers do. */
typedef struct meter {
    size_t live_blocks, live_bytes, peak_bytes;
    size_t calls;
    size_t fail_from, fail_until; /* calls of these numbers give NULL, counted from 1 */
    size_t failed;
} meter;

static inline void *meter_alloc(void *user, size_t size_bytes, size_t alignment)
{
    meter *m = user;
    void *block = NULL;
    size_t call = ++m->calls;
    if (call >= m->fail_from && call < m->fail_until) {
        m->failed++;
        return NULL;
    }
    if (posix_memalign(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, size_bytes))
        return NULL;
    m->live_blocks++;
    m->live_bytes += malloc_usable_size(block);
    if (m->live_bytes > m->peak_bytes) m->peak_bytes = m->live_bytes;
    return block;
}

static inline void meter_free(void *user, void *block)
{
    meter *m = user;
    m->live_blocks--;
    m->live_bytes -= malloc_usable_size(block);
    free(block);
}

typedef struct attempt_options {
    const char *folder;     /* of external data, or NULL */
    uint64_t seed;          /* of the inputs; 0: zeros */
    uint64_t deadline_ns;   /* for load and run each; 0: none */
    uint64_t max_run_bytes; /* 0: the library's own */
    bool no_passes;
} attempt_options;

typedef enum attempt_stage {
    ATTEMPT_LOAD,
    ATTEMPT_SESSION,
    ATTEMPT_INPUTS,
    ATTEMPT_RUN,
    ATTEMPT_DONE
} attempt_stage;

typedef struct attempt {
    tenon_env *env;
    tenon_model *model;
    tenon_session *session;
    tenon_value *inputs[ATTEMPT_PORTS];
    attempt_stage stage; /* where it ended */
    uint64_t digest;     /* of all outputs */
    tenon_error error;
} attempt;

/* ---- inputs ---- */

static inline uint64_t attempt_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return x ^ (x >> 31);
}

/* Floats in [0, 1), small integers, short strings. */
static inline tenon_status attempt_fill(tenon_tensor *t, uint64_t seed, tenon_error *err)
{
    tenon_dtype dtype = tenon_tensor_dtype(t);
    uint8_t *data = tenon_tensor_data(t);
    size_t bytes = tenon_dtype_bits(dtype) / 8;
    for (int64_t i = 0; seed && bytes && i < tenon_tensor_count(t); i++) {
        uint64_t r = attempt_random(&seed);
        double d = (double)(r >> 11) * 0x1p-53;
        float f = (float)d;
        uint64_t n = r >> 62;
        if (dtype == TENON_STRING) {
            char text[8];
            int length = snprintf(text, sizeof text, "%x", (unsigned)(r >> 48));
            tenon_status st = tenon_tensor_set_string(t, i, text, (size_t)length, err);
            if (st) return st;
        } else if (dtype == TENON_F32 || dtype == TENON_C64) {
            memcpy(data + (size_t)i * bytes, &f, sizeof f);
        } else if (dtype == TENON_F64 || dtype == TENON_C128) {
            memcpy(data + (size_t)i * bytes, &d, sizeof d);
        } else if (bytes == 1) {
            data[i] = (uint8_t)(dtype == TENON_BOOL ? n & 1 : n);
        } else if (bytes <= sizeof n) { /* little-endian, as every machine that this runs on */
            memcpy(data + (size_t)i * bytes, &n, bytes);
        }
    }
    return TENON_OK;
}

static inline tenon_status attempt_tensor(tenon_env *env, const tenon_port *port, uint64_t seed,
                                          tenon_value **out, tenon_error *err)
{
    int64_t dims[TENON_MAX_RANK] = {0};
    tenon_tensor *t;
    size_t bits = tenon_dtype_bits(port->dtype), count = 1;
    for (int d = 0; d < port->rank; d++) {
        dims[d] = port->dims[d] < 0 ? 1 : port->dims[d];
        if (__builtin_mul_overflow(count, (size_t)dims[d], &count)) return TENON_ELIMIT;
    }
    if (count > ATTEMPT_BYTES || count * (bits / 8 + 1) > ATTEMPT_BYTES) return TENON_ELIMIT;
    tenon_status st = tenon_tensor_create(env, port->dtype ? port->dtype : TENON_F32,
                                          port->rank < 0 ? 0 : port->rank, dims, &t, err);
    if (st) return st;
    st = attempt_fill(t, seed, err);
    if (st == TENON_OK) st = tenon_value_create_tensor(env, t, out, err);
    if (st) tenon_tensor_destroy(t);
    return st;
}

static inline tenon_status attempt_value(tenon_env *env, const tenon_port *port, uint64_t seed,
                                         tenon_value **out, tenon_error *err)
{
    tenon_value *item = NULL;
    *out = NULL;
    if (port->kind == TENON_VALUE_MAP) return tenon_value_create_map(env, TENON_I64, out, err);
    tenon_status st = attempt_tensor(env, port, seed, &item, err);
    if (st || port->kind == TENON_VALUE_TENSOR) {
        *out = item;
        return st;
    }
    if (port->kind == TENON_VALUE_OPTIONAL) {
        st = tenon_value_create_optional(env, item, out, err);
    } else {
        st = tenon_value_create_sequence(env, out, err);
        if (st == TENON_OK) st = tenon_value_append(*out, item, err);
    }
    if (st == TENON_OK) return st;
    tenon_value_destroy(item);
    tenon_value_destroy(*out);
    *out = NULL;
    return st;
}

static inline tenon_status attempt_inputs(attempt *a, const attempt_options *o)
{
    size_t count = tenon_model_input_count(a->model);
    for (size_t i = 0; i < count; i++) {
        tenon_port port;
        if (i == ATTEMPT_PORTS) return TENON_ELIMIT;
        tenon_status st = tenon_model_input_get(a->model, i, &port);
        if (st == TENON_OK && !port.optional)
            st = attempt_value(a->env, &port, o->seed ? o->seed + i : 0, &a->inputs[i], &a->error);
        if (st == TENON_OK && a->inputs[i])
            st = tenon_session_set_input_value(a->session, port.name, a->inputs[i], &a->error);
        if (st) return st;
    }
    return TENON_OK;
}

/* ---- outputs ---- */

static inline void attempt_mix(uint64_t *h, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *h = (*h ^ ((const uint8_t *)data)[i]) * UINT64_C(0x100000001b3);
}

static inline void attempt_digest(uint64_t *h, const tenon_value *v)
{
    const tenon_tensor *t = tenon_value_tensor(v);
    size_t count = tenon_value_count(v);
    attempt_mix(h, &count, sizeof count);
    if (!t) {
        for (size_t i = 0; i < count; i++)
            attempt_digest(h, tenon_value_item(v, i));
        return;
    }
    size_t rank = (size_t)tenon_tensor_rank(t);
    attempt_mix(h, tenon_tensor_dims(t), rank * sizeof(int64_t));
    const tenon_string *strings = tenon_tensor_data_const(t);
    if (tenon_tensor_dtype(t) != TENON_STRING)
        attempt_mix(h, tenon_tensor_data_const(t), tenon_tensor_size_bytes(t));
    else
        for (int64_t i = 0; i < tenon_tensor_count(t); i++)
            attempt_mix(h, strings[i].data, strings[i].size_bytes);
}

static inline tenon_status attempt_outputs(attempt *a)
{
    a->digest = 0;
    for (size_t i = 0; i < tenon_model_output_count(a->model); i++) {
        tenon_port port;
        const tenon_value *value;
        tenon_status st = tenon_model_output_get(a->model, i, &port);
        if (st == TENON_OK)
            st = tenon_session_get_output_value(a->session, port.name, &value, &a->error);
        if (st) return st;
        attempt_digest(&a->digest, value);
    }
    return TENON_OK;
}

/* ---- the whole ---- */

static inline bool attempt_ignore(void *user, const char *text, size_t size)
{
    *(size_t *)user += size + (text[0] != 0);
    return true;
}

/* What an application may ask about a model and a session at any time. */
static inline tenon_status attempt_look(attempt *a)
{
    tenon_model_info info = {.size = sizeof info};
    tenon_session_info session = {.size = sizeof session};
    tenon_step_info step = {.size = sizeof step};
    size_t printed = 0, count;
    const char *key, *value;
    tenon_status st = tenon_model_info_get(a->model, &info);
    if (st == TENON_OK) st = tenon_session_info_get(a->session, &session);
    for (size_t i = 0; st == TENON_OK && i < tenon_session_step_count(a->session); i++)
        st = tenon_session_step_get(a->session, i, &step);
    for (size_t i = 0; st == TENON_OK && i < tenon_model_operator_count(a->model); i++)
        st = tenon_model_operator_get(a->model, i, &key, &count);
    for (size_t i = 0; st == TENON_OK && i < tenon_model_metadata_count(a->model); i++)
        st = tenon_model_metadata_get(a->model, i, &key, &value);
    return st ? st : tenon_model_print_dot(a->model, attempt_ignore, &printed, &a->error);
}

static inline tenon_status attempt_run(attempt *a, const attempt_options *o)
{
    a->stage = ATTEMPT_RUN;
    if (o->deadline_ns) tenon_session_set_deadline(a->session, tenon_clock_ns() + o->deadline_ns);
    tenon_status st = tenon_session_run(a->session, &a->error);
    if (st == TENON_OK) st = attempt_outputs(a);
    if (st == TENON_OK) st = attempt_look(a);
    if (st == TENON_OK) a->stage = ATTEMPT_DONE;
    return st;
}

/* Up to a session that has its inputs. */
static inline tenon_status attempt_open(attempt *a, tenon_env *env, const void *data, size_t size,
                                        const attempt_options *o)
{
    tenon_model_options mo = TENON_MODEL_OPTIONS_INIT;
    memset(a, 0, sizeof *a);
    a->env = env;
    mo.folder = o->folder;
    mo.no_passes = o->no_passes;
    mo.max_run_bytes = o->max_run_bytes;
    if (o->deadline_ns) mo.deadline_ns = tenon_clock_ns() + o->deadline_ns;
    a->stage = ATTEMPT_LOAD;
    tenon_status st = tenon_model_load_memory(env, data, size, &mo, &a->model, &a->error);
    if (st) return st;
    a->stage = ATTEMPT_SESSION;
    st = tenon_session_create(a->model, NULL, &a->session, &a->error);
    if (st) return st;
    a->stage = ATTEMPT_INPUTS;
    return attempt_inputs(a, o);
}

static inline void attempt_close(attempt *a)
{
    tenon_session_destroy(a->session);
    tenon_model_unref(a->model);
    for (size_t i = 0; i < ATTEMPT_PORTS; i++)
        tenon_value_destroy(a->inputs[i]);
}

/* A file's bytes in a block of exactly their size, so that the address sanitizer sees a read past
 * them: new, free() it. NULL where it cannot be read. */
static inline uint8_t *attempt_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    long end = -1;
    if (f && fseek(f, 0, SEEK_END) == 0) end = ftell(f);
    if (end >= 0 && fseek(f, 0, SEEK_SET) == 0) data = malloc(end ? (size_t)end : 1);
    *size = end > 0 ? (size_t)end : 0;
    if (data && fread(data, 1, *size, f) != *size) {
        free(data);
        data = NULL;
    }
    if (f) (void)fclose(f);
    return data;
}

#endif
