/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from keys to their numbers. */
#include "opkit/lookup.h"

tenon_status tenon__lookup_init(tenon__lookup *l, tenon__arena *arena, size_t count,
                                tenon_error *err)
{
    size_t size = 16;
    if (count > UINT32_MAX / 4)
        return tenon__fail(err, TENON_ELIMIT, "%zu keys are too many", count);
    while (size < 2 * count)
        size *= 2;
    l->mask = size - 1;
    l->slots = tenon__arena_zeroed(arena, size, sizeof *l->slots);
    l->hashes = tenon__arena_zeroed(arena, size, sizeof *l->hashes);
    if (!l->slots || !l->hashes)
        return tenon__fail(err, TENON_ENOMEM, "no memory for %zu keys", count);
    return TENON_OK;
}

void tenon__lookup_add(tenon__lookup *l, uint64_t hash, uint32_t number)
{
    size_t at = hash & l->mask;
    while (l->slots[at])
        at = (at + 1) & l->mask;
    l->slots[at] = number + 1;
    l->hashes[at] = hash;
}

uint32_t tenon__lookup_find(const tenon__lookup *l, uint64_t hash, const void *keys,
                            const void *key, tenon__lookup_equal equal)
{
    for (size_t at = hash & l->mask; l->slots[at]; at = (at + 1) & l->mask)
        if (l->hashes[at] == hash && equal(keys, l->slots[at] - 1, key)) return l->slots[at] - 1;
    return TENON__NOT_FOUND;
}

tenon_status tenon__keys_init(tenon__keys *k, tenon__arena *arena, tenon_error *err)
{
    tenon_status st = tenon__lookup_init(&k->lookup, arena, k->count, err);
    for (size_t i = 0; st == TENON_OK && i < k->count; i++) {
        uint64_t hash = k->dtype == TENON_STRING
                            ? tenon__hash64(k->strings[i].data, k->strings[i].size, 0)
                            : tenon__hash64(&k->ints[i], sizeof *k->ints, 0);
        tenon__lookup_add(&k->lookup, hash, (uint32_t)i);
    }
    return st;
}

static bool equal_int(const void *keys, uint32_t number, const void *key)
{
    return ((const tenon__keys *)keys)->ints[number] == *(const int64_t *)key;
}

static bool equal_string(const void *keys, uint32_t number, const void *key)
{
    return tenon__str_equal(((const tenon__keys *)keys)->strings[number], *(const tenon__str *)key);
}

uint32_t tenon__keys_find_int(const tenon__keys *k, int64_t key)
{
    return tenon__lookup_find(&k->lookup, tenon__hash64(&key, sizeof key, 0), k, &key, equal_int);
}

uint32_t tenon__keys_find_string(const tenon__keys *k, tenon_string key)
{
    tenon__str s = {key.data, key.size_bytes};
    return tenon__lookup_find(&k->lookup, tenon__hash64(s.data, s.size, 0), k, &s, equal_string);
}
