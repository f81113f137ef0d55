/* SPDX-License-Identifier: Apache-2.0 */
/* What programs that were compiled earlier rely on: sizes and offsets of public structs (on
 * machines of 64 bits, which is where the library runs), and the values of public enums. A struct
 * that begins with its size may grow at its end; nothing else here may change without a new major
 * version. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

typedef struct place {
    const char *name;
    int64_t is, was;
} place;

#define SIZE(type, bytes)                                                                          \
    {                                                                                              \
        "sizeof(" #type ")", sizeof(type), bytes                                                   \
    }
#define AT(type, member, offset)                                                                   \
    {                                                                                              \
#type "." #member, offsetof(type, member), offset                                          \
    }
#define VALUE(name, number)                                                                        \
    {                                                                                              \
#name, (int64_t)(name), (int64_t)(number)                                                  \
    }
#define COUNT(list) (sizeof(list) / sizeof *(list))

static void check(const place *places, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        if (places[i].is == places[i].was) continue;
        wrong++;
        printf("%s is %lld, was %lld\n", places[i].name, (long long)places[i].is,
               (long long)places[i].was);
    }
    if (wrong) fail_msg("%zu of %zu differ", wrong, count);
}

static void options(void **state)
{
    static const place places[] = {
        SIZE(tenon_env_options, 64),
        AT(tenon_env_options, size, 0),
        AT(tenon_env_options, allocator, 8),
        AT(tenon_env_options, executor, 16),
        AT(tenon_env_options, threads, 24),
        AT(tenon_env_options, cpu, 32),
        AT(tenon_env_options, log, 40),
        AT(tenon_env_options, log_user, 48),
        AT(tenon_env_options, log_level, 56),
        SIZE(tenon_model_options, 80),
        AT(tenon_model_options, size, 0),
        AT(tenon_model_options, copy, 8),
        AT(tenon_model_options, no_passes, 9),
        AT(tenon_model_options, accuracy, 12),
        AT(tenon_model_options, cancel, 16),
        AT(tenon_model_options, deadline_ns, 24),
        AT(tenon_model_options, progress, 32),
        AT(tenon_model_options, progress_user, 40),
        AT(tenon_model_options, max_bytes, 48),
        AT(tenon_model_options, max_run_bytes, 56),
        AT(tenon_model_options, folder, 64),
        AT(tenon_model_options, open_defaults, 72),
        SIZE(tenon_session_options, 40),
        AT(tenon_session_options, size, 0),
        AT(tenon_session_options, threads, 8),
        AT(tenon_session_options, priority, 12),
        AT(tenon_session_options, cancel, 16),
        AT(tenon_session_options, deadline_ns, 24),
        AT(tenon_session_options, profile, 32),
    };
    (void)state;
    check(places, COUNT(places));
}

static void callbacks(void **state)
{
    static const place places[] = {
        SIZE(tenon_allocator, 24),      AT(tenon_allocator, user, 0), AT(tenon_allocator, alloc, 8),
        AT(tenon_allocator, free, 16),  SIZE(tenon_executor, 24),     AT(tenon_executor, user, 0),
        AT(tenon_executor, threads, 8), AT(tenon_executor, run, 16),  SIZE(tenon_reader, 32),
        AT(tenon_reader, user, 0),      AT(tenon_reader, open, 8),    AT(tenon_reader, read, 16),
        AT(tenon_reader, close, 24),
    };
    (void)state;
    check(places, COUNT(places));
}

static void facts(void **state)
{
    static const place places[] = {
        SIZE(tenon_error, 516),
        AT(tenon_error, status, 0),
        AT(tenon_error, where, 4),
        AT(tenon_error, message, 132),
        SIZE(tenon_string, 16),
        AT(tenon_string, data, 0),
        AT(tenon_string, size_bytes, 8),
        SIZE(tenon_port, 48),
        AT(tenon_port, name, 0),
        AT(tenon_port, kind, 8),
        AT(tenon_port, dtype, 12),
        AT(tenon_port, rank, 16),
        AT(tenon_port, dims, 24),
        AT(tenon_port, symbols, 32),
        AT(tenon_port, optional, 40),
        SIZE(tenon_model_info, 64),
        AT(tenon_model_info, size, 0),
        AT(tenon_model_info, format, 8),
        AT(tenon_model_info, opset, 16),
        AT(tenon_model_info, parameters, 24),
        AT(tenon_model_info, weight_bytes, 32),
        AT(tenon_model_info, packed_bytes, 40),
        AT(tenon_model_info, graph_bytes, 48),
        AT(tenon_model_info, node_count, 56),
        SIZE(tenon_step_info, 192),
        AT(tenon_step_info, size, 0),
        AT(tenon_step_info, node, 8),
        AT(tenon_step_info, op, 16),
        AT(tenon_step_info, kernel, 24),
        AT(tenon_step_info, layout, 32),
        AT(tenon_step_info, shape, 40),
        AT(tenon_step_info, tiles, 136),
        AT(tenon_step_info, phases, 140),
        AT(tenon_step_info, flops, 144),
        AT(tenon_step_info, arena_offset_bytes, 152),
        AT(tenon_step_info, output_bytes, 160),
        AT(tenon_step_info, scratch_bytes, 168),
        AT(tenon_step_info, runs, 176),
        AT(tenon_step_info, total_ns, 184),
        SIZE(tenon_session_info, 56),
        AT(tenon_session_info, size, 0),
        AT(tenon_session_info, arena_bytes, 8),
        AT(tenon_session_info, scratch_bytes, 16),
        AT(tenon_session_info, binds, 24),
        AT(tenon_session_info, bind_ns, 32),
        AT(tenon_session_info, flops, 40),
        AT(tenon_session_info, threads, 48),
    };
    (void)state;
    check(places, COUNT(places));
}

static void enums(void **state)
{
    static const place places[] = {
        VALUE(TENON_OK, 0),
        VALUE(TENON_EINVAL, -1),
        VALUE(TENON_ENOMEM, -2),
        VALUE(TENON_EIO, -3),
        VALUE(TENON_ENOENT, -4),
        VALUE(TENON_EFORMAT, -5),
        VALUE(TENON_EUNSUPPORTED, -6),
        VALUE(TENON_ESHAPE, -7),
        VALUE(TENON_ETYPE, -8),
        VALUE(TENON_ELIMIT, -9),
        VALUE(TENON_EAGAIN, -10),
        VALUE(TENON_ECANCELED, -11),
        VALUE(TENON_EDEADLINE, -12),
        VALUE(TENON_EBUSY, -13),
        VALUE(TENON_ECLOSED, -14),
        VALUE(TENON_EBACKEND, -15),
        VALUE(TENON_EINTERNAL, -16),
        VALUE(TENON_NONE, 0),
        VALUE(TENON_F32, 1),
        VALUE(TENON_F64, 2),
        VALUE(TENON_F16, 3),
        VALUE(TENON_BF16, 4),
        VALUE(TENON_I8, 5),
        VALUE(TENON_I16, 6),
        VALUE(TENON_I32, 7),
        VALUE(TENON_I64, 8),
        VALUE(TENON_U8, 9),
        VALUE(TENON_U16, 10),
        VALUE(TENON_U32, 11),
        VALUE(TENON_U64, 12),
        VALUE(TENON_BOOL, 13),
        VALUE(TENON_STRING, 14),
        VALUE(TENON_C64, 15),
        VALUE(TENON_C128, 16),
        VALUE(TENON_F8E4M3FN, 17),
        VALUE(TENON_F8E4M3FNUZ, 18),
        VALUE(TENON_F8E5M2, 19),
        VALUE(TENON_F8E5M2FNUZ, 20),
        VALUE(TENON_F8E8M0, 21),
        VALUE(TENON_U4, 22),
        VALUE(TENON_I4, 23),
        VALUE(TENON_F4E2M1, 24),
        VALUE(TENON_U2, 25),
        VALUE(TENON_I2, 26),
        VALUE(TENON_DTYPE_COUNT, 27),
        VALUE(TENON_VALUE_TENSOR, 0),
        VALUE(TENON_VALUE_SEQUENCE, 1),
        VALUE(TENON_VALUE_OPTIONAL, 2),
        VALUE(TENON_VALUE_MAP, 3),
        VALUE(TENON_ACCURACY_STANDARD, 0),
        VALUE(TENON_ACCURACY_STRICT, 1),
        VALUE(TENON_ACCURACY_FAST, 2),
        VALUE(TENON_LOG_NONE, 0),
        VALUE(TENON_LOG_ERROR, 1),
        VALUE(TENON_LOG_WARNING, 2),
        VALUE(TENON_LOG_INFO, 3),
        VALUE(TENON_LOG_DEBUG, 4),
        VALUE(TENON_MAX_RANK, 16),
        VALUE(TENON_TENSOR_PAD_BYTES, 64),
    };
    (void)state;
    check(places, COUNT(places));
}

/* A caller that was compiled when its options ended earlier: what lies behind is not read, and is
 * as by default. */
static void shorter_options(void **state)
{
    tenon_env *env;
    tenon_error err;
    char memory[sizeof(tenon_env_options)];
    tenon_env_options short_options = TENON_ENV_OPTIONS_INIT;
    (void)state;
    short_options.threads = 1;
    short_options.size = offsetof(tenon_env_options, cpu);
    memset(memory, 0xff, sizeof memory);
    memcpy(memory, &short_options, short_options.size);
    assert_int_equal(tenon_env_create((const tenon_env_options *)(const void *)memory, &env, &err),
                     TENON_OK);
    assert_int_equal(tenon_env_threads(env), 1);
    tenon_env_destroy(env);
}

/* One that was compiled later: what this library does not know is left alone. */
static void longer_options(void **state)
{
    tenon_env *env;
    tenon_error err;
    struct {
        tenon_env_options known;
        char later[64];
    } options = {TENON_ENV_OPTIONS_INIT, {0}};
    (void)state;
    options.known.size = sizeof options;
    options.known.threads = 1;
    memset(options.later, 0xff, sizeof options.later);
    assert_int_equal(tenon_env_create(&options.known, &env, &err), TENON_OK);
    tenon_env_destroy(env);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(options), CASE(callbacks),       CASE(facts),
        CASE(enums),   CASE(shorter_options), CASE(longer_options),
    };
    _Static_assert(sizeof(void *) == 8, "the numbers are those of machines of 64 bits");
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
