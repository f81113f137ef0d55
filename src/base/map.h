/* SPDX-License-Identifier: Apache-2.0 */
/* An open-addressed map from a byte string to a 32-bit number. Keys are borrowed. One thread at a
 * time. */
#ifndef TENON_BASE_MAP_H
#define TENON_BASE_MAP_H

#include "base/alloc.h"
#include "base/str.h"

typedef struct tenon__map_slot {
    tenon__str key;
    uint64_t hash;
    uint32_t value;
    bool used;
} tenon__map_slot;

typedef struct tenon__map {
    const tenon_allocator *allocator;
    tenon__map_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    uint64_t seed;   /* of the hash */
    size_t count;
} tenon__map;

void tenon__map_init(tenon__map *map, const tenon_allocator *allocator);
void tenon__map_fini(tenon__map *map);
void tenon__map_clear(tenon__map *map); /* keeps its memory */
/* Adds or replaces. false where memory is out. */
bool tenon__map_set(tenon__map *map, tenon__str key, uint32_t value);
bool tenon__map_get(const tenon__map *map, tenon__str key, uint32_t *value);

#endif
