/* SPDX-License-Identifier: Apache-2.0 */
/* Linear probing, at most three quarters full. */
#include "base/map.h"

void tenon__map_init(tenon__map *map, const tenon_allocator *allocator)
{
    *map = (tenon__map){.allocator = allocator};
    /* Keys come from files: where this process happens to lie makes collisions hard to prepare.
     * Nothing depends on the order of the slots. */
    map->seed = (uint64_t)(uintptr_t)map ^ ((uint64_t)(uintptr_t)&tenon__map_init << 20);
}

void tenon__map_fini(tenon__map *map)
{
    tenon__free(map->allocator, map->slots);
    map->slots = NULL;
    map->capacity = map->count = 0;
}

void tenon__map_clear(tenon__map *map)
{
    if (map->slots) memset(map->slots, 0, map->capacity * sizeof *map->slots);
    map->count = 0;
}

/* The slot of the key, or the free one where it belongs. The map is not full. */
static tenon__map_slot *find(const tenon__map *map, tenon__str key, uint64_t hash)
{
    size_t mask = map->capacity - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        tenon__map_slot *slot = &map->slots[i];
        if (!slot->used || (slot->hash == hash && tenon__str_equal(slot->key, key))) return slot;
    }
}

static bool grow(tenon__map *map)
{
    tenon__map larger = *map;
    size_t size;
    if (!tenon__mul(map->capacity ? map->capacity : 8, 2, &larger.capacity)) return false;
    if (!tenon__mul(larger.capacity, sizeof *larger.slots, &size)) return false;
    larger.slots = tenon__alloc_zeroed(map->allocator, size);
    if (!larger.slots) return false;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].used)
            *find(&larger, map->slots[i].key, map->slots[i].hash) = map->slots[i];
    tenon__free(map->allocator, map->slots);
    *map = larger;
    return true;
}

bool tenon__map_set(tenon__map *map, tenon__str key, uint32_t value)
{
    if (map->count >= map->capacity / 4 * 3 && !grow(map)) return false;
    uint64_t hash = tenon__hash64(key.data, key.size, map->seed);
    tenon__map_slot *slot = find(map, key, hash);
    if (!slot->used) map->count++;
    *slot = (tenon__map_slot){.key = key, .hash = hash, .value = value, .used = true};
    return true;
}

bool tenon__map_get(const tenon__map *map, tenon__str key, uint32_t *value)
{
    if (map->count == 0) return false;
    const tenon__map_slot *slot = find(map, key, tenon__hash64(key.data, key.size, map->seed));
    if (slot->used) *value = slot->value;
    return slot->used;
}
