/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_env: options beat the environment, which beats what the machine says. */
#include "runtime/env.h"

#include <stdio.h>

#include "base/os.h"
#include "tensor/tensor.h"

#define MAX_THREADS 1024

/* The caller's options, cut or filled up to what this library knows. */
static tenon_env_options read_options(const tenon_env_options *options)
{
    tenon_env_options o = TENON_ENV_OPTIONS_INIT;
    if (options) memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    o.size = sizeof o;
    return o;
}

static tenon_status choose_threads(const tenon_env_options *o, unsigned *out, tenon_error *err)
{
    const char *text = tenon__getenv("TENON_THREADS");
    int64_t n = 0;
    *out = tenon__cpu_available();
    if (o->executor) *out = o->executor->threads ? o->executor->threads : 1;
    if (o->threads) {
        *out = o->threads;
    } else if (text && !o->executor) {
        if (!tenon__parse_i64(tenon__str_of(text), &n) || n < 1 || n > MAX_THREADS)
            return tenon__fail(err, TENON_EINVAL,
                               "TENON_THREADS is '%s'; it takes a number from 1 to %d", text,
                               MAX_THREADS);
        *out = (unsigned)n;
    }
    if (*out > MAX_THREADS)
        return tenon__fail(err, TENON_EINVAL, "%u threads; at most %d", *out, MAX_THREADS);
    return TENON_OK;
}

tenon_status tenon_env_create(const tenon_env_options *options, tenon_env **out, tenon_error *err)
{
    if (!out) return tenon__fail(err, TENON_EINVAL, "out is NULL");
    *out = NULL;
    if (options && options->size < sizeof(size_t))
        return tenon__fail(err, TENON_EINVAL,
                           "options.size is not set; use TENON_ENV_OPTIONS_INIT");
    tenon_env_options o = read_options(options);
    const tenon_allocator *a = o.allocator ? o.allocator : tenon__allocator_default();
    tenon_env *env = tenon__alloc_zeroed(a, sizeof *env);
    if (!env) return tenon__fail(err, TENON_ENOMEM, "no memory for an env");
    env->allocator = *a;
    if (o.executor) env->executor = *o.executor;
    env->log = o.log;
    env->log_user = o.log_user;
    env->log_level = o.log_level;
    unsigned threads = 1;
    const char *cpu = o.cpu ? o.cpu : tenon__getenv("TENON_CPU");
    tenon_status st = tenon__cpu_mask(cpu ? cpu : "native", &env->cpu, err);
    if (st == TENON_OK) st = choose_threads(&o, &threads, err);
    if (st == TENON_OK)
        st = tenon__pool_create(&env->allocator, threads, o.executor ? &env->executor : NULL,
                                &env->pool, err);
    if (st) {
        tenon_env_destroy(env);
        return st;
    }
    tenon__cpu_describe(env->cpu, env->cpu_text, sizeof env->cpu_text);
    *out = env;
    return TENON_OK;
}

void tenon_env_destroy(tenon_env *env)
{
    if (!env) return;
    tenon_allocator a = env->allocator;
    if (env->pool) tenon__pool_destroy(env->pool);
    tenon__free(&a, env);
}

unsigned tenon_env_threads(const tenon_env *env)
{
    return tenon__pool_threads(env->pool);
}

const char *tenon_env_cpu(const tenon_env *env)
{
    return env->cpu_text;
}

const tenon_allocator *tenon__env_allocator(const tenon_env *env)
{
    return &env->allocator;
}

void tenon__log(const tenon_env *env, tenon_log_level level, const char *fmt, ...)
{
    char text[512];
    if (!env->log || level > env->log_level) return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    env->log(env->log_user, level, text);
}

uint64_t tenon_clock_ns(void)
{
    return tenon__clock_ns();
}
