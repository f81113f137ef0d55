/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of tenon_env. */
#ifndef TENON_RUNTIME_ENV_H
#define TENON_RUNTIME_ENV_H

#include <stdatomic.h>

#include "base/alloc.h"
#include "cpu/cpu.h"
#include "par/pool.h"
#include <tenon/env.h>

struct tenon_env {
    tenon_allocator allocator;
    tenon_executor executor;
    tenon__pool *pool;
    tenon__cpu_bits cpu;
    char cpu_text[64];
    tenon_log_fn log;
    void *log_user;
    tenon_log_level log_level;
};

void tenon__log(const tenon_env *env, tenon_log_level level, const char *fmt, ...)
    TENON__PRINTF(3, 4);

#endif
