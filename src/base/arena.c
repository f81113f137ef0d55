/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks in a list, newest first; each new one is as large as all before it together, up to a cap,
 * and as all that was in use before a reset. */
#include "base/arena.h"

#define ALIGNMENT       16
#define BLOCK_MIN_BYTES ((size_t)4096)
#define BLOCK_MAX_BYTES ((size_t)1 << 20)

struct tenon__arena_block {
    tenon__arena_block *next;
    size_t capacity; /* of the bytes behind the header */
    size_t used;
    size_t padding; /* the header's size is a multiple of ALIGNMENT */
};

_Static_assert(sizeof(tenon__arena_block) % ALIGNMENT == 0,
               "the bytes behind the header are aligned");

void tenon__arena_init(tenon__arena *arena, const tenon_allocator *allocator, size_t limit_bytes)
{
    *arena = (tenon__arena){.allocator = allocator, .limit_bytes = limit_bytes};
}

void tenon__arena_fini(tenon__arena *arena)
{
    for (tenon__arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        tenon__free(arena->allocator, block);
    }
    arena->blocks = NULL;
    arena->used_bytes = arena->peak_bytes = 0;
}

void tenon__arena_reset(tenon__arena *arena)
{
    tenon__arena_block *largest = arena->blocks;
    for (tenon__arena_block *block = arena->blocks; block; block = block->next)
        if (block->capacity > largest->capacity) largest = block;
    for (tenon__arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        if (block != largest) tenon__free(arena->allocator, block);
    }
    arena->blocks = largest;
    if (largest) {
        largest->next = NULL;
        largest->used = 0;
    }
    if (arena->used_bytes > arena->peak_bytes) arena->peak_bytes = arena->used_bytes;
    arena->used_bytes = 0;
    arena->over_limit = false;
}

static tenon__arena_block *add_block(tenon__arena *arena, size_t size_bytes)
{
    size_t want = arena->used_bytes < BLOCK_MIN_BYTES   ? BLOCK_MIN_BYTES
                  : arena->used_bytes > BLOCK_MAX_BYTES ? BLOCK_MAX_BYTES
                                                        : arena->used_bytes;
    if (want < arena->peak_bytes) want = arena->peak_bytes;
    size_t capacity = size_bytes > want ? size_bytes : want, total;
    if (!tenon__add(capacity, sizeof(tenon__arena_block), &total)) return NULL;
    tenon__arena_block *block = tenon__alloc(arena->allocator, total);
    if (!block) return NULL;
    *block = (tenon__arena_block){.capacity = capacity};
    tenon__arena_block *head = arena->blocks;
    if (head && head->capacity - head->used > capacity - size_bytes) {
        /* A large object of its own: the head still has more room than would be left here. */
        block->next = head->next;
        head->next = block;
    } else {
        block->next = head;
        arena->blocks = block;
    }
    return block;
}

void *tenon__arena_alloc(tenon__arena *arena, size_t size_bytes)
{
    size_t size;
    if (!tenon__add(size_bytes ? size_bytes : 1, ALIGNMENT - 1, &size)) return NULL;
    size &= ~(size_t)(ALIGNMENT - 1);
    if (arena->limit_bytes &&
        (arena->used_bytes > arena->limit_bytes || size > arena->limit_bytes - arena->used_bytes)) {
        arena->over_limit = true;
        return NULL;
    }
    tenon__arena_block *block = arena->blocks;
    if (!block || block->capacity - block->used < size) block = add_block(arena, size);
    if (!block) return NULL;
    char *memory = (char *)(block + 1) + block->used;
    block->used += size;
    arena->used_bytes += size;
    return memory;
}

void *tenon__arena_zeroed(tenon__arena *arena, size_t count, size_t elem_bytes)
{
    size_t size;
    if (!tenon__mul(count, elem_bytes, &size)) return NULL;
    void *memory = tenon__arena_alloc(arena, size);
    if (memory) memset(memory, 0, size);
    return memory;
}

char *tenon__arena_strdup(tenon__arena *arena, const char *text, size_t size_bytes)
{
    size_t size;
    if (!tenon__add(size_bytes, 1, &size)) return NULL;
    char *copy = tenon__arena_alloc(arena, size);
    if (!copy) return NULL;
    if (size_bytes) memcpy(copy, text, size_bytes);
    copy[size_bytes] = '\0';
    return copy;
}
