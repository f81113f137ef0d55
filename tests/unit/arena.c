/* SPDX-License-Identifier: Apache-2.0 */
/* The bump allocator: alignment, no overlap, limits, reuse without the heap, out of memory. */
#include "harness.h"

#include "base/arena.h"

static int allocations, frees, allowed;

static void *limited_alloc(void *user, size_t size_bytes, size_t alignment)
{
    const tenon_allocator *a = tenon__allocator_default();
    (void)user;
    if (allocations >= allowed) return NULL;
    allocations++;
    return a->alloc(a->user, size_bytes, alignment);
}

static void limited_free(void *user, void *block)
{
    const tenon_allocator *a = tenon__allocator_default();
    (void)user;
    frees++;
    a->free(a->user, block);
}

static const tenon_allocator limited = {NULL, limited_alloc, limited_free};

static void objects_do_not_overlap(void **state)
{
    (void)state;
    enum { OBJECTS = 3000 };
    static unsigned char *objects[OBJECTS];
    static size_t sizes[OBJECTS];
    tenon__arena arena;
    tenon__arena_init(&arena, tenon__allocator_default(), 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < OBJECTS; i++) {
            sizes[i] = (size_t)test_random_in(0, i % 50 ? 200 : 100000);
            objects[i] = tenon__arena_alloc(&arena, sizes[i]);
            assert_non_null(objects[i]);
            assert_int_equal((uintptr_t)objects[i] % 16, 0);
            memset(objects[i], i & 0xff, sizes[i]);
        }
        for (int i = 0; i < OBJECTS; i++)
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(objects[i][k], i & 0xff);
        tenon__arena_reset(&arena);
        assert_int_equal(arena.used_bytes, 0);
    }
    tenon__arena_fini(&arena);
}

static void a_large_object_leaves_the_rest_of_its_block(void **state)
{
    (void)state;
    allocations = frees = 0, allowed = 1000;
    tenon__arena arena;
    tenon__arena_init(&arena, &limited, 0);
    assert_non_null(tenon__arena_alloc(&arena, 16));
    assert_non_null(tenon__arena_alloc(&arena, 1 << 20));
    for (int i = 0; i < 100; i++)
        assert_non_null(tenon__arena_alloc(&arena, 16));
    assert_int_equal(allocations, 2);
    tenon__arena_fini(&arena);
    assert_int_equal(frees, 2);
}

static void a_steady_caller_never_meets_the_heap(void **state)
{
    (void)state;
    allocations = frees = 0, allowed = 1000000;
    tenon__arena arena;
    tenon__arena_init(&arena, &limited, 0);
    int settled = 0;
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 500; i++)
            assert_non_null(tenon__arena_alloc(&arena, 100));
        tenon__arena_reset(&arena);
        if (round == 1) settled = allocations;
    }
    assert_int_equal(allocations, settled);
    tenon__arena_fini(&arena);
    assert_int_equal(allocations, frees);
}

static void the_limit_holds(void **state)
{
    (void)state;
    tenon__arena arena;
    tenon__arena_init(&arena, tenon__allocator_default(), 1000);
    assert_non_null(tenon__arena_alloc(&arena, 900));
    assert_false(arena.over_limit);
    assert_null(tenon__arena_alloc(&arena, 200));
    assert_true(arena.over_limit);
    assert_non_null(tenon__arena_alloc(&arena, 50));
    tenon__arena_reset(&arena);
    assert_false(arena.over_limit);
    assert_non_null(tenon__arena_alloc(&arena, 1000 / 16 * 16));
    tenon__arena_fini(&arena);
}

static void it_fails_cleanly(void **state)
{
    (void)state;
    tenon__arena arena;
    for (allowed = 0; allowed < 5; allowed++) {
        allocations = frees = 0;
        tenon__arena_init(&arena, &limited, 0);
        int had = 0;
        while (had < 10000 && tenon__arena_alloc(&arena, 1000))
            had++;
        assert_true(allowed == 0 ? had == 0 : had > 0 && had < 10000);
        assert_false(arena.over_limit);
        tenon__arena_fini(&arena);
        assert_int_equal(allocations, frees);
    }
    tenon__arena_init(&arena, tenon__allocator_default(), 0);
    assert_null(tenon__arena_alloc(&arena, SIZE_MAX));
    assert_null(tenon__arena_alloc(&arena, SIZE_MAX - 20));
    assert_null(tenon__arena_zeroed(&arena, SIZE_MAX / 2, 3));
    assert_null(tenon__arena_strdup(&arena, "x", SIZE_MAX));
    tenon__arena_fini(&arena);
}

static void copies_and_zeros(void **state)
{
    (void)state;
    tenon__arena arena;
    tenon__arena_init(&arena, tenon__allocator_default(), 0);
    memset(tenon__arena_alloc(&arena, 4000), 0xff, 4000);
    tenon__arena_reset(&arena);
    const unsigned char *zeros = tenon__arena_zeroed(&arena, 1000, 4);
    for (int i = 0; i < 4000; i++)
        assert_int_equal(zeros[i], 0);
    assert_string_equal(tenon__arena_strdup(&arena, "abcdef", 3), "abc");
    assert_string_equal(tenon__arena_strdup(&arena, NULL, 0), "");
    tenon__arena_fini(&arena);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(objects_do_not_overlap),
        CASE(a_large_object_leaves_the_rest_of_its_block),
        CASE(a_steady_caller_never_meets_the_heap),
        CASE(the_limit_holds),
        CASE(it_fails_cleanly),
        CASE(copies_and_zeros),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
