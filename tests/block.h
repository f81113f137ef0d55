/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for operands under test: aligned as its dtype asks and no better, and, where it is
 * written, between guards. Running out of memory fails the test. */
#ifndef TENON_TESTS_BLOCK_H
#define TENON_TESTS_BLOCK_H

#include <tenon/tensor.h>

#define TEST_POISON 0xFF /* NaN as f32, f64 and f16; -1 as an integer */

typedef struct test_block {
    uint8_t *base, *data; /* data: where the operand begins */
    size_t size_bytes;
    bool guarded;
} test_block;

/* New memory, `offset` bytes off what malloc gives; readable `pad_bytes` past its end. */
test_block test_block_make(size_t size_bytes, size_t offset, size_t pad_bytes);
/* New, poisoned, with guards on both sides; 64-byte aligned plus `offset`. */
test_block test_block_guarded(size_t size_bytes, size_t offset);
void test_block_free(test_block *b);

/* Fails where a guard was written over, naming `what` number i. */
void test_block_check(const test_block *b, const char *what, uint32_t i);

/* The offset that makes memory as aligned as the dtype's elements ask, and no more. */
size_t test_block_offset(tenon_dtype dtype);

/* `memory`, which is not NULL. */
void *test_block_must(void *memory);

#endif
