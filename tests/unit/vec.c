/* SPDX-License-Identifier: Apache-2.0 */
/* Growable arrays. */
#include "harness.h"

#include "base/vec.h"

typedef struct item {
    int64_t number;
    char text[40];
} item;

static void items_stay_as_it_grows(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    TENON__VEC(item) items = {0};
    TENON__VEC(char) bytes = {0};
    for (int i = 0; i < 5000; i++) {
        item next = {i, "text"};
        assert_true(tenon__vec_push(a, &items, next));
        assert_true(tenon__vec_push(a, &bytes, (char)(i & 127)));
        assert_true(items.count <= items.capacity);
    }
    assert_int_equal(items.count, 5000);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(items.items[i].number, i);
        assert_string_equal(items.items[i].text, "text");
        assert_int_equal(bytes.items[i], i & 127);
    }
    tenon__vec_free(a, &items);
    tenon__vec_free(a, &bytes);
    assert_null(items.items);
    assert_int_equal(items.count + items.capacity, 0);
}

static void *no_memory(void *user, size_t size_bytes, size_t alignment)
{
    (void)user, (void)size_bytes, (void)alignment;
    return NULL;
}

static void items_stay_where_memory_is_out(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    const tenon_allocator none = {NULL, no_memory, a->free};
    TENON__VEC(int) v = {0};
    assert_false(tenon__vec_push(&none, &v, 1));
    assert_int_equal(v.count, 0);
    for (int i = 0; i < 8; i++)
        assert_true(tenon__vec_push(a, &v, i));
    assert_int_equal(v.capacity, 8);
    assert_false(tenon__vec_push(&none, &v, 8));
    assert_int_equal(v.count, 8);
    assert_int_equal(v.items[7], 7);
    tenon__vec_free(a, &v);
}

static void sizes_are_checked(void **state)
{
    (void)state;
    void *items = NULL;
    size_t capacity = SIZE_MAX / 2 + 1;
    assert_false(tenon__vec_grow(tenon__allocator_default(), &items, capacity, &capacity, 1));
    capacity = SIZE_MAX / 16;
    assert_false(tenon__vec_grow(tenon__allocator_default(), &items, capacity, &capacity, 64));
    assert_null(items);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(items_stay_as_it_grows),
        CASE(items_stay_where_memory_is_out),
        CASE(sizes_are_checked),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
