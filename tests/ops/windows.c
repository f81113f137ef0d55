/* SPDX-License-Identifier: Apache-2.0 */
/* MaxUnpool, Col2Im and DeformConv. */
#include "ops/driver.h"

static void unpool_puts_back(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3, 4};
    const int64_t index[] = {5, 7, 13, 15}, shape[] = {1, 1, 5, 5};
    const float y[] = {0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4};
    const float larger[] = {0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0,
                            0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0};
    for (int i = 0; i < 2; i++) {
        driver *d = driver_create("MaxUnpool", 11);
        driver_ints(d, "kernel_shape", 2, (int64_t[]){2, 2});
        driver_ints(d, "strides", 2, (int64_t[]){2, 2});
        driver_input(d, TENON_F32, 4, (int64_t[]){1, 1, 2, 2}, x);
        driver_input(d, TENON_I64, 4, (int64_t[]){1, 1, 2, 2}, index);
        if (i) driver_const(d, TENON_I64, 1, (int64_t[]){4}, shape);
        driver_check(d);
        if (i)
            driver_expect(d, 0, TENON_F32, 4, shape, larger);
        else
            driver_expect(d, 0, TENON_F32, 4, (int64_t[]){1, 1, 4, 4}, y);
        driver_destroy(d);
    }
}

static void unpool_refuses(void **state)
{
    (void)state;
    tenon_error err;
    const float x[] = {1};
    for (int64_t bad = -1; bad <= 4; bad += 5) {
        driver *d = driver_create("MaxUnpool", 11);
        driver_ints(d, "kernel_shape", 2, (int64_t[]){2, 2});
        driver_ints(d, "strides", 2, (int64_t[]){2, 2});
        driver_input(d, TENON_F32, 4, (int64_t[]){1, 1, 1, 1}, x);
        driver_input(d, TENON_I64, 4, (int64_t[]){1, 1, 1, 1}, &bad);
        assert_int_equal(driver_run(d, 0, &err), TENON_EFORMAT);
        driver_destroy(d);
    }
}

/* Ones in every column count the windows over each element. */
static void columns_add_up(void **state)
{
    (void)state;
    const int64_t image[] = {3, 3}, block[] = {2, 2};
    const float y[] = {1, 2, 1, 2, 4, 2, 1, 2, 1};
    const int32_t whole[] = {1, 2, 1, 2, 4, 2, 1, 2, 1};
    float ones[16];
    int32_t whole_ones[16];
    for (int i = 0; i < 16; i++) {
        ones[i] = 1;
        whole_ones[i] = 1;
    }
    for (int i = 0; i < 2; i++) {
        driver *d = driver_create("Col2Im", 18);
        driver_input(d, i ? TENON_I32 : TENON_F32, 3, (int64_t[]){1, 4, 4},
                     i ? (const void *)whole_ones : ones);
        driver_const(d, TENON_I64, 1, (int64_t[]){2}, image);
        driver_const(d, TENON_I64, 1, (int64_t[]){2}, block);
        driver_check(d);
        driver_expect(d, 0, i ? TENON_I32 : TENON_F32, 4, (int64_t[]){1, 1, 3, 3},
                      i ? (const void *)whole : y);
        driver_destroy(d);
    }
}

static void columns_of_many_planes(void **state)
{
    (void)state;
    const int64_t image[] = {17, 19}, block[] = {3, 2};
    driver *d = driver_create("Col2Im", 18);
    driver_ints(d, "strides", 2, (int64_t[]){2, 1});
    driver_ints(d, "dilations", 2, (int64_t[]){1, 3});
    driver_ints(d, "pads", 4, (int64_t[]){1, 2, 1, 0});
    driver_random(d, TENON_F32, 3, (int64_t[]){2, 60 * 6, 9 * 18}, -1, 1);
    driver_const(d, TENON_I64, 1, (int64_t[]){2}, image);
    driver_const(d, TENON_I64, 1, (int64_t[]){2}, block);
    driver_check(d);
    assert_true(driver_tiles(d) > 1);
    driver_destroy(d);
}

static driver *deform(tenon_dtype dtype, int64_t group, int64_t offset_group, bool constant,
                      double reach)
{
    driver *d = driver_create("DeformConv", 22);
    const int64_t channels = 12, w[] = {20, channels / group, 3, 2};
    driver_ints(d, "pads", 4, (int64_t[]){1, 0, 1, 1});
    driver_ints(d, "strides", 2, (int64_t[]){2, 1});
    driver_int(d, "group", group);
    driver_int(d, "offset_group", offset_group);
    driver_random(d, dtype, 4, (int64_t[]){2, channels, 9, 8}, -1, 1);
    if (constant)
        driver_random_const(d, dtype, 4, w, -1, 1);
    else
        driver_random(d, dtype, 4, w, -1, 1);
    driver_random(d, dtype, 4, (int64_t[]){2, offset_group * 12, 5, 8}, -reach, reach);
    return d;
}

static void deform_random(void **state)
{
    (void)state;
    for (int i = 0; i < 16; i++) {
        const tenon_dtype dtype = i % 4 == 3 ? TENON_F64 : TENON_F32;
        const int64_t offset_group = i % 2 ? 3 : 1;
        driver *d = deform(dtype, i % 3 ? 2 : 1, offset_group, i % 2 == 0, 4);
        if (i & 4) driver_random(d, dtype, 1, (int64_t[]){20}, -1, 1);
        if (i & 8) {
            if (!(i & 4)) driver_absent(d);
            driver_random(d, dtype, 4, (int64_t[]){2, offset_group * 6, 5, 8}, 0, 1);
        }
        driver_check(d);
        driver_destroy(d);
    }
}

/* Half a step to the right between 1 and 3 reads 2; whole steps read elements. */
static void deform_known(void **state)
{
    (void)state;
    const float x[] = {1, 3, 5}, w[] = {1}, offset[] = {0.5f, 1, -3}, y[] = {2, 5, 0};
    driver *d = driver_create("DeformConv", 22);
    driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 3}, x);
    driver_const(d, TENON_F32, 3, (int64_t[]){1, 1, 1}, w);
    driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 3}, offset);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 3, (int64_t[]){1, 1, 3}, y);
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(unpool_puts_back),       CASE(unpool_refuses), CASE(columns_add_up),
        CASE(columns_of_many_planes), CASE(deform_random),  CASE(deform_known),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
