/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from keys that the caller holds to their numbers, in an arena: made while a node is
 * read, then only looked at. */
#ifndef TENON_OPKIT_LOOKUP_H
#define TENON_OPKIT_LOOKUP_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "tensor/view.h"

#define TENON__NOT_FOUND UINT32_MAX

typedef struct tenon__lookup {
    uint32_t *slots; /* number + 1; 0 is free */
    uint64_t *hashes;
    size_t mask;
} tenon__lookup;

/* Whether key `number` is the one asked for. */
typedef bool (*tenon__lookup_equal)(const void *keys, uint32_t number, const void *key);

tenon_status tenon__lookup_init(tenon__lookup *l, tenon__arena *arena, size_t count,
                                tenon_error *err);
/* At most `count` of them. Of equal keys the first added is found. */
void tenon__lookup_add(tenon__lookup *l, uint64_t hash, uint32_t number);
uint32_t tenon__lookup_find(const tenon__lookup *l, uint64_t hash, const void *keys,
                            const void *key, tenon__lookup_equal equal);

/* A list of keys, all strings or all 64-bit integers, and the table over it. */
typedef struct tenon__keys {
    tenon_dtype dtype; /* STRING or I64 */
    size_t count;
    const tenon__str *strings;
    const int64_t *ints;
    tenon__lookup lookup;
} tenon__keys;

tenon_status tenon__keys_init(tenon__keys *k, tenon__arena *arena, tenon_error *err);
uint32_t tenon__keys_find_int(const tenon__keys *k, int64_t key);
uint32_t tenon__keys_find_string(const tenon__keys *k, tenon_string key);

#endif
