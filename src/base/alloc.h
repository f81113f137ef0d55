/* SPDX-License-Identifier: Apache-2.0 */
/* The allocator of an env, and checked size arithmetic. */
#ifndef TENON_BASE_ALLOC_H
#define TENON_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <tenon/allocator.h>

/* The allocator over malloc; never NULL. */
const tenon_allocator *tenon__allocator_default(void);

/* All of them: NULL where memory is out; blocks are aligned to 64 bytes. size 0 gives a valid
 * block. */
void *tenon__alloc(const tenon_allocator *a, size_t size_bytes);
void *tenon__alloc_zeroed(const tenon_allocator *a, size_t size_bytes);
/* The block as it was stays valid where this fails. old_bytes is what was asked for before. */
void *tenon__realloc(const tenon_allocator *a, void *block, size_t old_bytes, size_t new_bytes);
void tenon__free(const tenon_allocator *a, void *block); /* NULL is fine */

/* false where the result does not fit; *out is untouched then. */
static inline bool tenon__mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool tenon__add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool tenon__mul_i64(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool tenon__add_i64(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline size_t tenon__align_up(size_t n, size_t to) /* to: a power of two */
{
    return (n + to - 1) & ~(to - 1);
}

#endif
