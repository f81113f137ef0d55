/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_cancel: one flag. */
#include "runtime/cancel.h"

#include "base/alloc.h"
#include "runtime/env.h"

tenon_status tenon_cancel_create(tenon_env *env, tenon_cancel **out, tenon_error *err)
{
    if (!out) return tenon__fail(err, TENON_EINVAL, "out is NULL");
    *out = NULL;
    if (!env) return tenon__fail(err, TENON_EINVAL, "env is NULL");
    tenon_cancel *c = tenon__alloc_zeroed(&env->allocator, sizeof *c);
    if (!c) return tenon__fail(err, TENON_ENOMEM, "no memory for a cancel token");
    c->allocator = &env->allocator;
    atomic_init(&c->set, false);
    *out = c;
    return TENON_OK;
}

void tenon_cancel_set(tenon_cancel *cancel)
{
    if (cancel) atomic_store_explicit(&cancel->set, true, memory_order_relaxed);
}

int tenon_cancel_is_set(const tenon_cancel *cancel)
{
    return cancel && atomic_load_explicit(&cancel->set, memory_order_relaxed);
}

void tenon_cancel_destroy(tenon_cancel *cancel)
{
    if (cancel) tenon__free(cancel->allocator, cancel);
}
