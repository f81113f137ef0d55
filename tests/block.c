/* SPDX-License-Identifier: Apache-2.0 */
#include "block.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define GUARD_BYTES 64
#define GUARD_FILL  0xC7

void *test_block_must(void *memory)
{
    if (!memory) fail_msg("out of memory");
    return memory;
}

void test_block_free(test_block *b)
{
    free(b->base);
    *b = (test_block){0};
}

test_block test_block_make(size_t size_bytes, size_t offset, size_t pad_bytes)
{
    test_block b = {.size_bytes = size_bytes};
    b.base = test_block_must(malloc(offset + size_bytes + pad_bytes + 1));
    b.data = b.base + offset;
    return b;
}

test_block test_block_guarded(size_t size_bytes, size_t offset)
{
    test_block b = {.size_bytes = size_bytes, .guarded = true};
    b.base = test_block_must(malloc(size_bytes + 3 * GUARD_BYTES + offset));
    size_t skew = (GUARD_BYTES - (uintptr_t)b.base % GUARD_BYTES) % GUARD_BYTES;
    memset(b.base, GUARD_FILL, size_bytes + 3 * GUARD_BYTES + offset);
    b.data = b.base + skew + GUARD_BYTES + offset;
    memset(b.data, TEST_POISON, size_bytes);
    return b;
}

void test_block_check(const test_block *b, const char *what, uint32_t i)
{
    for (size_t k = 1; k <= GUARD_BYTES; k++) {
        if (b->data[-(ptrdiff_t)k] != GUARD_FILL)
            fail_msg("%s %u: wrote %zu bytes before its start", what, i, k);
        if (b->data[b->size_bytes + k - 1] != GUARD_FILL)
            fail_msg("%s %u: wrote %zu bytes past its end", what, i, k);
    }
}

size_t test_block_offset(tenon_dtype dtype)
{
    size_t bytes = (tenon_dtype_bits(dtype) + 7) / 8;
    return bytes > 8 ? 8 : bytes;
}
