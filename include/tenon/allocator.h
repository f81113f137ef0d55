/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_allocator: where an env takes its memory from. */
#ifndef TENON_ALLOCATOR_H
#define TENON_ALLOCATOR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Both calls may come from any thread. `alloc` returns a block aligned to `alignment` (a power of
 * two, at most 64), or NULL; `free` takes what alloc gave, never NULL. */
typedef struct tenon_allocator {
    void *user;
    void *(*alloc)(void *user, size_t size_bytes, size_t alignment);
    void (*free)(void *user, void *block);
} tenon_allocator;

#ifdef __cplusplus
}
#endif
#endif
