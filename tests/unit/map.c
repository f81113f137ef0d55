/* SPDX-License-Identifier: Apache-2.0 */
/* The map against a plain list. */
#include "harness.h"

#include <stdio.h>

#include "base/map.h"

enum { KEYS = 400 };

static void agrees_with_a_list(void **state)
{
    (void)state;
    static char keys[KEYS][24];
    static uint32_t values[KEYS];
    static bool present[KEYS];
    tenon__map map;
    tenon__map_init(&map, tenon__allocator_default());
    for (int i = 0; i < KEYS; i++)
        (void)snprintf(keys[i], sizeof keys[i], "%.*s%d", i % 20, "a long common prefix", i);
    for (int step = 0; step < 20000; step++) {
        int i = (int)test_random_in(0, KEYS - 1);
        uint32_t value = 77;
        if (step % 2) {
            values[i] = (uint32_t)test_random(), present[i] = true;
            assert_true(tenon__map_set(&map, tenon__str_of(keys[i]), values[i]));
        } else {
            assert_int_equal(tenon__map_get(&map, tenon__str_of(keys[i]), &value), present[i]);
            assert_int_equal(value, present[i] ? values[i] : 77);
        }
        if (step == 9999) {
            size_t capacity = map.capacity;
            tenon__map_clear(&map);
            memset(present, 0, sizeof present);
            assert_int_equal(map.capacity, capacity);
            assert_int_equal(map.count, 0);
        }
    }
    size_t count = 0;
    for (int i = 0; i < KEYS; i++)
        count += present[i];
    assert_int_equal(map.count, count);
    tenon__map_fini(&map);
}

static void keys_are_bytes(void **state)
{
    (void)state;
    tenon__map map;
    uint32_t value = 0;
    tenon__map_init(&map, tenon__allocator_default());
    assert_false(tenon__map_get(&map, TENON__STR("a"), &value));
    assert_true(tenon__map_set(&map, (tenon__str){NULL, 0}, 1));
    assert_true(tenon__map_set(&map, TENON__STR("a\0b"), 2));
    assert_true(tenon__map_set(&map, TENON__STR("a\0c"), 3));
    assert_true(tenon__map_get(&map, TENON__STR(""), &value));
    assert_int_equal(value, 1);
    assert_true(tenon__map_get(&map, TENON__STR("a\0b"), &value));
    assert_int_equal(value, 2);
    assert_false(tenon__map_get(&map, TENON__STR("a"), &value));
    tenon__map_fini(&map);
}

static void *no_memory(void *user, size_t size_bytes, size_t alignment)
{
    (void)user, (void)size_bytes, (void)alignment;
    return NULL;
}

static void stays_whole_where_memory_is_out(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    const tenon_allocator none = {NULL, no_memory, a->free};
    static char keys[100][16];
    tenon__map map;
    uint32_t value = 0;
    tenon__map_init(&map, &none);
    assert_false(tenon__map_set(&map, TENON__STR("x"), 1));
    assert_false(tenon__map_get(&map, TENON__STR("x"), &value));
    map.allocator = a;
    assert_true(tenon__map_set(&map, TENON__STR("x"), 1));
    map.allocator = &none;
    int held = 0;
    for (;; held++) {
        (void)snprintf(keys[held], sizeof keys[held], "k%d", held);
        if (!tenon__map_set(&map, tenon__str_of(keys[held]), (uint32_t)held)) break;
    }
    assert_in_range(held, 8, 16);
    for (int i = 0; i < held; i++) {
        assert_true(tenon__map_get(&map, tenon__str_of(keys[i]), &value));
        assert_int_equal(value, i);
    }
    assert_false(tenon__map_get(&map, tenon__str_of(keys[held]), &value));
    tenon__map_fini(&map);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(agrees_with_a_list),
        CASE(keys_are_bytes),
        CASE(stays_whole_where_memory_is_out),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
