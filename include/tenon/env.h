/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_env: the allocator, thread pool, logger and CPU mask that models and sessions share. */
#ifndef TENON_ENV_H
#define TENON_ENV_H

#include <tenon/allocator.h>
#include <tenon/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenon_env tenon_env;

typedef enum tenon_log_level {
    TENON_LOG_NONE = 0,
    TENON_LOG_ERROR = 1,
    TENON_LOG_WARNING = 2,
    TENON_LOG_INFO = 3,
    TENON_LOG_DEBUG = 4
} tenon_log_level;

/* May be called from any thread, several at once. `text` is borrowed for the call, without a
 * newline. */
typedef void (*tenon_log_fn)(void *user, tenon_log_level level, const char *text);

/* A host's thread pool in place of tenon's own. `run` must call task(task_ctx, i) once for every i
 * below `count`, from any of its threads or from the caller, and return when all have returned. It
 * may be called from several threads at once. `threads` is how many of them run at the same time,
 * the caller counted. */
typedef struct tenon_executor {
    void *user;
    unsigned threads;
    void (*run)(void *user, void (*task)(void *task_ctx, unsigned index), void *task_ctx,
                unsigned count);
} tenon_executor;

typedef struct tenon_env_options {
    size_t size;                      /* sizeof(tenon_env_options) */
    const tenon_allocator *allocator; /* borrowed until the env is destroyed; NULL: malloc */
    const tenon_executor *executor;   /* borrowed until the env is destroyed; NULL: own threads */
    unsigned threads; /* 0: TENON_THREADS, else the CPUs that this process may use */
    const char *cpu;  /* "native" (NULL), "ref", "avx2", "avx512", "neon"; NULL reads TENON_CPU */
    tenon_log_fn log; /* NULL: silent */
    void *log_user;
    tenon_log_level log_level;
} tenon_env_options;

#define TENON_ENV_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(tenon_env_options), NULL, NULL, 0, NULL, NULL, NULL, TENON_LOG_WARNING              \
    }

/* A new env; destroy with tenon_env_destroy, after everything made from it. `options` may be NULL.
 * Several envs may coexist; nothing is shared between them. An env may be used by any thread. */
TENON_API TENON_CHECK tenon_status tenon_env_create(const tenon_env_options *options,
                                                    tenon_env **out, tenon_error *err);
TENON_API void tenon_env_destroy(tenon_env *env); /* NULL is fine */
TENON_API unsigned tenon_env_threads(const tenon_env *env);
/* "avx512 vnni bf16": the instruction sets in use, borrowed until the env goes. */
TENON_API const char *tenon_env_cpu(const tenon_env *env);

/* The monotonic clock of deadlines and budgets. Any thread. */
TENON_API uint64_t tenon_clock_ns(void);

#ifdef __cplusplus
}
#endif
#endif
