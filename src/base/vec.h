/* SPDX-License-Identifier: Apache-2.0 */
/* Growable arrays: TENON__VEC(int) v = {0}; if (!tenon__vec_push(allocator, &v, 3)) ... v.items[0],
 * v.count. */
#ifndef TENON_BASE_VEC_H
#define TENON_BASE_VEC_H

#include "base/alloc.h"

#define TENON__VEC(type)                                                                           \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count, capacity;                                                                    \
    }

/* Room for one more; false where memory is out (the items stay). */
bool tenon__vec_grow(const tenon_allocator *a, void **items, size_t count, size_t *capacity,
                     size_t elem_bytes);

#define tenon__vec_push(a, v, item)                                                                \
    (tenon__vec_grow((a), (void **)&(v)->items, (v)->count, &(v)->capacity, sizeof *(v)->items)    \
         ? ((v)->items[(v)->count++] = (item), true)                                               \
         : false)

#define tenon__vec_free(a, v)                                                                      \
    (tenon__free((a), (v)->items), (v)->items = NULL, (v)->count = (v)->capacity = 0)

#endif
