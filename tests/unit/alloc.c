/* SPDX-License-Identifier: Apache-2.0 */
/* The allocator's calls and the checked arithmetic. */
#include "harness.h"

#include <stdlib.h>

#include "base/alloc.h"

static void blocks_are_aligned(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, 1000003};
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        unsigned char *block = tenon__alloc_zeroed(a, sizes[i]);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 64, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(block[k], 0);
        tenon__free(a, block);
    }
    tenon__free(a, NULL);
    assert_null(tenon__alloc(a, SIZE_MAX / 2));
}

static void realloc_keeps_the_content(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    unsigned char *block = tenon__realloc(a, NULL, 0, 10);
    assert_non_null(block);
    for (unsigned char k = 0; k < 10; k++)
        block[k] = k;
    block = tenon__realloc(a, block, 10, 1000);
    for (unsigned char k = 0; k < 10; k++)
        assert_int_equal(block[k], k);
    block = tenon__realloc(a, block, 1000, 5);
    for (unsigned char k = 0; k < 5; k++)
        assert_int_equal(block[k], k);
    assert_null(tenon__realloc(a, block, 5, SIZE_MAX / 2));
    assert_int_equal(block[4], 4); /* still ours */
    tenon__free(a, block);
}

typedef struct counts {
    int alloced, freed;
    size_t size_bytes, alignment;
} counts;

static void *counting_alloc(void *user, size_t size_bytes, size_t alignment)
{
    counts *c = user;
    c->alloced++, c->size_bytes = size_bytes, c->alignment = alignment;
    return aligned_alloc(64, tenon__align_up(size_bytes, 64));
}

static void counting_free(void *user, void *block)
{
    ((counts *)user)->freed++;
    free(block);
}

static void the_callers_allocator_is_used(void **state)
{
    (void)state;
    counts c = {0};
    const tenon_allocator a = {&c, counting_alloc, counting_free};
    void *block = tenon__alloc(&a, 100);
    assert_int_equal(c.size_bytes, 100);
    assert_int_equal(c.alignment, 64);
    block = tenon__realloc(&a, block, 100, 0);
    assert_int_equal(c.size_bytes, 1);
    tenon__free(&a, block);
    tenon__free(&a, NULL);
    assert_int_equal(c.alloced, 2);
    assert_int_equal(c.freed, 2);
}

static void arithmetic_is_checked(void **state)
{
    (void)state;
    size_t size = 7;
    assert_true(tenon__mul(SIZE_MAX / 3, 3, &size));
    assert_int_equal(size, SIZE_MAX / 3 * 3);
    assert_false(tenon__mul(SIZE_MAX / 2, 3, &size));
    assert_false(tenon__add(SIZE_MAX, 1, &size));
    assert_true(tenon__add(SIZE_MAX - 1, 1, &size));
    int64_t n = 7;
    assert_false(tenon__mul_i64(INT64_MIN, -1, &n));
    assert_true(tenon__mul_i64(-4, 5, &n));
    assert_int_equal(n, -20);
    assert_false(tenon__add_i64(INT64_MAX, 1, &n));
    assert_true(tenon__add_i64(INT64_MIN, 1, &n));
    assert_int_equal(tenon__align_up(0, 64), 0);
    assert_int_equal(tenon__align_up(1, 64), 64);
    assert_int_equal(tenon__align_up(64, 64), 64);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(blocks_are_aligned),
        CASE(realloc_keeps_the_content),
        CASE(the_callers_allocator_is_used),
        CASE(arithmetic_is_checked),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
