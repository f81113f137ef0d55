/* SPDX-License-Identifier: Apache-2.0 */
/* The pools against their references, over random geometry, plain and in blocks of channels. */
#include <math.h>

#include "ops/driver.h"

/* A pool over random extents; the kernel fits the padded input. */
static driver *random_pool(const char *op, tenon_dtype dtype, bool blocked)
{
    const int rank = blocked ? (int)test_random_in(1, 2) : (int)test_random_in(1, 3);
    int64_t x[5], kernel[3], stride[3], dilation[3], pads[6];
    x[0] = test_random_in(1, 2);
    x[1] = test_random_in(1, blocked ? 40 : 4);
    for (int i = 0; i < rank; i++) {
        kernel[i] = test_random_in(1, 4);
        stride[i] = test_random_in(1, 3);
        dilation[i] = test_random_in(1, 2);
        const int64_t reach = (kernel[i] - 1) * dilation[i] + 1;
        pads[i] = test_random_in(0, kernel[i] - 1);
        pads[rank + i] = test_random_in(0, kernel[i] - 1);
        int64_t least = reach - pads[i] - pads[rank + i];
        if (least < 1) least = 1;
        x[2 + i] = least + test_random_in(0, rank == 3 ? 4 : rank == 2 ? 10 : 60);
    }
    driver *d = driver_create(op, 22);
    driver_ints(d, "kernel_shape", (size_t)rank, kernel);
    driver_ints(d, "strides", (size_t)rank, stride);
    driver_ints(d, "dilations", (size_t)rank, dilation);
    driver_ints(d, "pads", (size_t)(2 * rank), pads);
    driver_int(d, "ceil_mode", test_random_in(0, 1));
    /* Whole numbers in bytes meet ties: the first of them counts. */
    driver_random(d, dtype, rank + 2, x, dtype == TENON_U8 ? 0 : -2, 3);
    if (blocked) driver_blocked(d);
    return d;
}

static void run_many(const char *op, tenon_dtype dtype, bool blocked)
{
    for (int i = 0; i < 60; i++) {
        driver *d = random_pool(op, dtype, blocked);
        if (op[0] == 'M') {
            driver_int(d, "storage_order", test_random_in(0, 1));
            if (!blocked) driver_outputs(d, (uint32_t)test_random_in(1, 2));
        } else if (op[0] == 'A') {
            driver_int(d, "count_include_pad", test_random_in(0, 1));
        } else {
            driver_int(d, "p", test_random_in(1, blocked ? 2 : 3));
        }
        driver_check(d);
        driver_destroy(d);
    }
}

#define RANDOM(name, op, dtype, blocked)                                                           \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        run_many(op, dtype, blocked);                                                              \
    }
RANDOM(max_f32, "MaxPool", TENON_F32, false)
RANDOM(max_f64, "MaxPool", TENON_F64, false)
RANDOM(max_i8, "MaxPool", TENON_I8, false)
RANDOM(max_u8, "MaxPool", TENON_U8, false)
RANDOM(max_blocked, "MaxPool", TENON_F32, true)
RANDOM(average_f32, "AveragePool", TENON_F32, false)
RANDOM(average_f64, "AveragePool", TENON_F64, false)
RANDOM(average_blocked, "AveragePool", TENON_F32, true)
RANDOM(lp_f32, "LpPool", TENON_F32, false)
RANDOM(lp_f64, "LpPool", TENON_F64, false)
RANDOM(lp_blocked, "LpPool", TENON_F32, true)

/* One window over all of the input, and over padding. */
static void whole_planes(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        const int64_t x[4] = {2, test_random_in(1, 20), test_random_in(1, 9),
                              test_random_in(1, 30)};
        const int64_t before[2] = {test_random_in(0, 1), test_random_in(0, 1)};
        const int64_t after[2] = {test_random_in(0, 1), test_random_in(0, 1)};
        const int64_t kernel[2] = {x[2] + before[0] + after[0], x[3] + before[1] + after[1]};
        driver *d = driver_create(i % 2 ? "AveragePool" : "MaxPool", 22);
        driver_ints(d, "kernel_shape", 2, kernel);
        driver_ints(d, "pads", 4, (int64_t[]){before[0], before[1], after[0], after[1]});
        if (i % 2) driver_int(d, "count_include_pad", test_random_in(0, 1));
        driver_random(d, TENON_F32, 4, x, -2, 3);
        driver_check(d);
        driver_destroy(d);
    }
}

static void average_excludes_padding(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3, 4}, y[] = {1.5f, 2, 3, 3.5f};
    driver *d = driver_create("AveragePool", 19);
    driver_ints(d, "kernel_shape", 1, (int64_t[]){3});
    driver_ints(d, "pads", 2, (int64_t[]){1, 1});
    driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 4}, x);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 3, (int64_t[]){1, 1, 4}, y);
    driver_destroy(d);
}

static void max_special(void **state)
{
    (void)state;
    const float x[] = {1, NAN, 3, -INFINITY, -INFINITY, 5};
    const float y[] = {NAN, NAN, 3, -INFINITY, 5};
    const int64_t at[] = {1, 1, 2, 3, 5};
    driver *d = driver_create("MaxPool", 12);
    driver_ints(d, "kernel_shape", 1, (int64_t[]){2});
    driver_outputs(d, 2);
    driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 6}, x);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 3, (int64_t[]){1, 1, 5}, y);
    driver_expect(d, 1, TENON_I64, 3, (int64_t[]){1, 1, 5}, at);
    driver_destroy(d);
}

static void global_one(const char *op, tenon_dtype dtype, bool blocked)
{
    for (int i = 0; i < 20; i++) {
        const int rank = (int)test_random_in(blocked ? 3 : 2, 5);
        int64_t x[5];
        for (int k = 0; k < rank; k++)
            x[k] = test_random_in(1, k < 2 ? 35 : 9);
        driver *d = driver_create(op, 22);
        driver_random(d, dtype, rank, x, -1, 1);
        if (blocked) driver_blocked(d);
        driver_check(d);
        driver_destroy(d);
    }
}

static void global_pools(void **state)
{
    (void)state;
    for (int blocked = 0; blocked < 2; blocked++) {
        global_one("GlobalAveragePool", TENON_F32, blocked);
        global_one("GlobalMaxPool", TENON_F32, blocked);
    }
    global_one("GlobalLpPool", TENON_F32, false);
    global_one("GlobalAveragePool", TENON_F64, false);
    global_one("GlobalMaxPool", TENON_F64, false);
    global_one("GlobalLpPool", TENON_F64, false);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(max_f32),         CASE(max_f64),
        CASE(max_i8),          CASE(max_u8),
        CASE(max_blocked),     CASE(max_special),
        CASE(average_f32),     CASE(average_f64),
        CASE(average_blocked), CASE(average_excludes_padding),
        CASE(lp_f32),          CASE(lp_f64),
        CASE(lp_blocked),      CASE(global_pools),
        CASE(whole_planes),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
