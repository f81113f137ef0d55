/* SPDX-License-Identifier: Apache-2.0 */
/* Growing an array: doubling, with every product checked. */
#include "base/vec.h"

bool tenon__vec_grow(const tenon_allocator *a, void **items, size_t count, size_t *capacity,
                     size_t elem_bytes)
{
    if (count < *capacity) return true;
    size_t grown, new_bytes;
    if (!tenon__mul(*capacity, 2, &grown)) return false;
    if (grown < 8) grown = 8;
    if (!tenon__mul(grown, elem_bytes, &new_bytes)) return false;
    /* `items` points at a pointer of another type: its bytes are copied, so that no rule of
     * aliasing is broken. */
    void *old;
    memcpy(&old, items, sizeof old);
    void *moved = tenon__realloc(a, old, count * elem_bytes, new_bytes);
    if (!moved) return false;
    memcpy(items, &moved, sizeof moved);
    *capacity = grown;
    return true;
}
