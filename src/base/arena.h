/* SPDX-License-Identifier: Apache-2.0 */
/* A bump allocator: many small objects of one lifetime, freed at once. One thread at a time. */
#ifndef TENON_BASE_ARENA_H
#define TENON_BASE_ARENA_H

#include "base/alloc.h"

typedef struct tenon__arena_block tenon__arena_block;

typedef struct tenon__arena {
    const tenon_allocator *allocator;
    tenon__arena_block *blocks; /* newest first */
    size_t limit_bytes;         /* 0: none; past it an alloc fails and `over_limit` says so */
    size_t used_bytes;
    size_t peak_bytes; /* used before a reset */
    bool over_limit;
} tenon__arena;

void tenon__arena_init(tenon__arena *arena, const tenon_allocator *allocator, size_t limit_bytes);
void tenon__arena_fini(tenon__arena *arena);
/* Forgets everything; keeps the largest block for reuse. A block that is added later holds all that
 * was ever used at once, so that a steady caller soon never meets the heap. */
void tenon__arena_reset(tenon__arena *arena);
/* Aligned to 16 bytes. NULL where memory is out or the limit is passed. */
void *tenon__arena_alloc(tenon__arena *arena, size_t size_bytes);
void *tenon__arena_zeroed(tenon__arena *arena, size_t count,
                          size_t elem_bytes); /* checked product */
/* A terminated copy. */
char *tenon__arena_strdup(tenon__arena *arena, const char *text, size_t size_bytes);

#endif
