/* SPDX-License-Identifier: Apache-2.0 */
/* Element-wise operators: every formula against its reference, broadcasting, blocks, running in
 * place, and what is refused. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ops/driver.h"

#define DIMS(...)                                                                                  \
    (int64_t[])                                                                                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* ---- one operand ---- */

typedef struct unary {
    const char *name;
    double low, high; /* where it is defined */
    double tolerance; /* 0: the class's */
    bool special;     /* NaN and infinities too */
    const char *attr;
    float value;
} unary;

static const unary unaries[] = {
    {"Abs", -9, 9, 0, true, NULL, 0},
    {"Acos", -1, 1, 0, true, NULL, 0},
    {"Acosh", 1, 50, 0, true, NULL, 0},
    {"Asin", -1, 1, 0, true, NULL, 0},
    {"Asinh", -50, 50, 0, true, NULL, 0},
    {"Atan", -50, 50, 0, true, NULL, 0},
    {"Atanh", -1, 1, 0, true, NULL, 0},
    {"Ceil", -9, 9, 0, true, NULL, 0},
    {"Celu", -9, 9, 0, true, "alpha", 2.5f},
    {"Cos", -300, 300, 0, true, NULL, 0},
    {"Cosh", -20, 20, 0, true, NULL, 0},
    {"Elu", -9, 9, 0, true, "alpha", 0.75f},
    {"Erf", -4, 4, 0, true, NULL, 0},
    {"Exp", -104, 88, 0, true, NULL, 0},
    {"Floor", -9, 9, 0, true, NULL, 0},
    {"Gelu", -9, 9, 1e-6, false, NULL, 0},
    {"HardSigmoid", -9, 9, 1e-6, true, "beta", 0.4f},
    {"HardSwish", -9, 9, 1e-6, false, NULL, 0},
    {"LeakyRelu", -9, 9, 0, true, "alpha", 0.2f},
    {"Log", 0, 1e6, 0, true, NULL, 0},
    {"Log", 0.5, 2, 0, false, NULL, 0},
    {"Mish", -30, 30, 0, false, NULL, 0},
    {"Neg", -9, 9, 0, true, NULL, 0},
    {"Reciprocal", -9, 9, 0, true, NULL, 0},
    {"Relu", -9, 9, 0, true, NULL, 0},
    {"Round", -9, 9, 0, true, NULL, 0},
    {"Selu", -9, 9, 0, true, NULL, 0},
    {"Shrink", -2, 2, 1e-6, true, "bias", 0.25f},
    {"Sigmoid", -100, 100, 0, true, NULL, 0},
    {"Sign", -9, 9, 0, true, NULL, 0},
    {"Silu", -80, 80, 0, false, NULL, 0},
    {"Sin", -300, 300, 0, true, NULL, 0},
    {"Sinh", -20, 20, 0, true, NULL, 0},
    {"Softplus", -90, 90, 0, true, NULL, 0},
    {"Softsign", -9, 9, 0, false, NULL, 0},
    {"Sqrt", 0, 100, 0, true, NULL, 0},
    {"Swish", -80, 80, 0, false, "alpha", 0.5f},
    {"Tan", -1.5, 1.5, 0, true, NULL, 0},
    {"Tanh", -12, 12, 0, true, NULL, 0},
    {"ThresholdedRelu", -3, 3, 0, true, "alpha", 0.5f},
    {"IsNaN", -9, 9, 0, true, NULL, 0},
    {"IsInf", -9, 9, 0, true, NULL, 0},
};

static driver *unary_driver(const unary *u)
{
    driver *d = driver_create(u->name, 24);
    if (u->attr) driver_float(d, u->attr, u->value);
    driver_tolerance(d, u->tolerance);
    return d;
}

static void unary_case(void **state)
{
    const unary *u = *state;
    static const int64_t counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100, 1023, 70001};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        driver *d = unary_driver(u);
        driver_random(d, TENON_F32, 1, &counts[i], u->low, u->high);
        driver_check(d);
        driver_destroy(d);
    }
    driver *d = unary_driver(u);
    driver_random(d, TENON_F64, 3, DIMS(3, 5, 7), u->low, u->high);
    driver_check(d);
    driver_destroy(d);

    float special[] = {0.0f,   -0.0f,   1.0f,   -1.0f, 0.5f,     -0.5f,    2.5f,
                       1e-30f, -1e-30f, 1e-42f, NAN,   INFINITY, -INFINITY};
    int64_t count = sizeof special / sizeof *special;
    if (!u->special) count -= 3;
    d = unary_driver(u);
    driver_input(d, TENON_F32, 1, &count, special);
    driver_check(d);
    driver_destroy(d);

    d = unary_driver(u);
    driver_random(d, TENON_F32, 2, DIMS(0, 4), 0, 1);
    driver_check(d);
    driver_destroy(d);

    if (strncmp(u->name, "Is", 2) == 0) return;
    d = unary_driver(u);
    driver_random(d, TENON_F32, 4, DIMS(2, 20, 3, 5), u->low, u->high);
    driver_blocked(d);
    driver_inplace(d, 0);
    driver_check(d);
    assert_int_equal(driver_output(d, 0)->rank, 4);
    driver_destroy(d);
}

/* The bits of an element do not depend on where it lies. */
static void unary_places(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof unaries / sizeof *unaries; k++) {
        const unary *u = &unaries[k];
        enum { COUNT = 67 };
        float x[COUNT];
        for (int i = 0; i < COUNT; i++)
            x[i] = (float)test_random_real(u->low, u->high);
        driver *whole = unary_driver(u);
        driver_input(whole, TENON_F32, 1, DIMS(COUNT), x);
        assert_int_equal(driver_run(whole, tenon__cpu_detect(), NULL), TENON_OK);
        const tenon__view *y = driver_output(whole, 0);
        size_t bytes = tenon_dtype_bits(y->dtype) / 8;
        for (int i = 0; i < COUNT; i += 5) {
            driver *one = unary_driver(u);
            driver_input(one, TENON_F32, 1, DIMS(1), &x[i]);
            assert_int_equal(driver_run(one, tenon__cpu_detect(), NULL), TENON_OK);
            if (memcmp(driver_output(one, 0)->data, (const char *)y->data + (size_t)i * bytes,
                       bytes) != 0)
                fail_msg("%s: element %d differs from itself alone", u->name, i);
            driver_destroy(one);
        }
        driver_destroy(whole);
    }
}

static void integers(void **state)
{
    static const tenon_dtype dtypes[] = {TENON_I8, TENON_I16, TENON_I32, TENON_I64};
    static const char *const names[] = {"Abs", "Neg", "Relu", "Sign", "BitwiseNot"};
    (void)state;
    for (size_t k = 0; k < 4; k++)
        for (size_t n = 0; n < 5; n++) {
            driver *d = driver_create(names[n], 18);
            driver_random(d, dtypes[k], 1, DIMS(99), -100, 100);
            driver_check(d);
            driver_destroy(d);
        }
    driver *d = driver_create("Abs", 18);
    driver_input(d, TENON_I8, 1, DIMS(3), (int8_t[]){-128, -127, 5});
    driver_check(d);
    driver_expect(d, 0, TENON_I8, 1, DIMS(3), (int8_t[]){-128, 127, 5});
    driver_destroy(d);
    d = driver_create("Not", 18);
    driver_input(d, TENON_BOOL, 1, DIMS(2), (uint8_t[]){0, 1});
    driver_check(d);
    driver_expect(d, 0, TENON_BOOL, 1, DIMS(2), (uint8_t[]){1, 0});
    driver_destroy(d);
}

/* ---- two operands ---- */

static const char *const arithmetic[] = {"Add", "Sub", "Mul", "Div", "PRelu"};
static const char *const comparing[] = {"Equal", "Less", "LessOrEqual", "Greater",
                                        "GreaterOrEqual"};

static void random_shape(int64_t *dims, int *rank)
{
    static const int64_t some[] = {1, 1, 2, 3, 5, 16, 17, 70};
    int64_t count = 1;
    *rank = (int)test_random_in(0, 5);
    for (int i = 0; i < *rank; i++) {
        dims[i] = some[test_random_in(0, 7)];
        if (count * dims[i] > 100000) dims[i] = 1;
        count *= dims[i];
    }
}

/* `dims` with some made 1 and some cut off in front. */
static int repeated_shape(const int64_t *dims, int rank, int64_t *out)
{
    int cut = rank ? (int)test_random_in(0, 2) : 0;
    cut = cut > rank ? rank : cut;
    for (int i = cut; i < rank; i++)
        out[i - cut] = test_random_in(0, 2) == 0 ? 1 : dims[i];
    return rank - cut;
}

static void broadcasting(void **state)
{
    (void)state;
    for (int round = 0; round < 400; round++) {
        int64_t dims[5], other[5];
        int rank, other_rank;
        random_shape(dims, &rank);
        other_rank = repeated_shape(dims, rank, other);
        const char *name = arithmetic[test_random_in(0, 4)];
        bool swap = test_random_in(0, 1) && strcmp(name, "PRelu") != 0;
        tenon_dtype dtype = test_random_in(0, 3) ? TENON_F32 : TENON_I16;
        driver *d = driver_create(name, 16);
        driver_random(d, dtype, swap ? other_rank : rank, swap ? other : dims, -9, 9);
        driver_random(d, dtype, swap ? rank : other_rank, swap ? dims : other, 1, 9);
        if (test_random_in(0, 1) && dtype == TENON_F32) driver_inplace(d, swap ? 1 : 0);
        driver_check(d);
        driver_destroy(d);
    }
    for (int round = 0; round < 100; round++) {
        int64_t dims[5], a[5], b[5];
        int rank;
        random_shape(dims, &rank);
        int a_rank = repeated_shape(dims, rank, a), b_rank = repeated_shape(dims, rank, b);
        driver *d = driver_create(comparing[1 + test_random_in(0, 3)], 16);
        driver_random(d, TENON_I8, a_rank, a, -3, 3);
        driver_random(d, TENON_I8, b_rank, b, -3, 3);
        driver_check(d);
        driver_destroy(d);
    }
}

static void large(void **state)
{
    static const int64_t shapes[][3][3] = {{{600, 1, 300}, {600, 1, 300}, {600, 1, 300}},
                                           {{600, 300, 7}, {1, 300, 1}, {600, 1, 7}},
                                           {{3, 50000, 1}, {1, 50000, 1}, {3, 1, 1}},
                                           {{50000, 1, 3}, {1, 1, 3}, {50000, 1, 1}}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int k = 1; k < 3; k++) {
            driver *d = driver_create("Sub", 14);
            driver_random(d, TENON_F32, 3, shapes[i][0], -9, 9);
            driver_random(d, TENON_F32, 3, shapes[i][k], -9, 9);
            driver_check(d);
            assert_true(driver_tiles(d) > 1);
            driver_destroy(d);
        }
}

static void all_dtypes(void **state)
{
    static const char *const names[] = {"Add",  "Sub",         "Mul",       "Div",
                                        "Mod",  "BitwiseAnd",  "BitwiseOr", "BitwiseXor",
                                        "Less", "LessOrEqual", "PRelu"};
    (void)state;
    for (int dtype = TENON_I8; dtype <= TENON_U64; dtype++)
        for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
            bool is_signed = dtype <= TENON_I64;
            driver *d = driver_create(names[n], 18);
            driver_random(d, (tenon_dtype)dtype, 2, DIMS(9, 11), is_signed ? -10 : 20,
                          is_signed ? 10 : 30);
            driver_random(d, (tenon_dtype)dtype, 2, DIMS(9, 1), 1, 4);
            if (strcmp(names[n], "Div") == 0) { /* the reference divides in double */
                tenon_error err;
                if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
            } else {
                driver_check(d);
            }
            driver_destroy(d);
        }
}

static void corners(void **state)
{
    (void)state;
    driver *d = driver_create("Div", 14);
    driver_input(d, TENON_I32, 1, DIMS(5), (int32_t[]){7, -7, INT32_MIN, 5, -9});
    driver_input(d, TENON_I32, 1, DIMS(5), (int32_t[]){2, 2, -1, 0, -2});
    assert_int_equal(driver_run(d, 0, NULL), TENON_OK);
    driver_expect(d, 0, TENON_I32, 1, DIMS(5), (int32_t[]){3, -3, INT32_MIN, 0, 4});
    driver_destroy(d);

    d = driver_create("Mod", 14);
    driver_input(d, TENON_I64, 1, DIMS(5), (int64_t[]){-4, 7, INT64_MIN, 5, 8});
    driver_input(d, TENON_I64, 1, DIMS(5), (int64_t[]){2, -3, -1, 0, 3});
    assert_int_equal(driver_run(d, 0, NULL), TENON_OK);
    driver_expect(d, 0, TENON_I64, 1, DIMS(5), (int64_t[]){0, -2, 0, 0, 2});
    driver_destroy(d);

    d = driver_create("Mod", 14);
    driver_int(d, "fmod", 1);
    driver_input(d, TENON_F32, 1, DIMS(4), (float[]){-4.3f, 7.2f, 5.0f, 8.0f});
    driver_input(d, TENON_F32, 1, DIMS(4), (float[]){2.1f, -3.4f, 8.0f, 3.0f});
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 1, DIMS(4), (float[]){-0.10000038f, 0.39999962f, 5.0f, 2.0f});
    driver_destroy(d);

    d = driver_create("BitShift", 11);
    driver_text(d, "direction", "LEFT");
    driver_input(d, TENON_U8, 1, DIMS(4), (uint8_t[]){16, 4, 1, 255});
    driver_input(d, TENON_U8, 1, DIMS(4), (uint8_t[]){1, 2, 9, 7});
    driver_check(d);
    driver_expect(d, 0, TENON_U8, 1, DIMS(4), (uint8_t[]){32, 16, 0, 128});
    driver_destroy(d);

    tenon_string a[] = {{"abc", 3}, {"", 0}, {"abc", 3}, {NULL, 0}};
    tenon_string b[] = {{"abd", 3}, {NULL, 0}, {"abc", 3}, {"x", 1}};
    d = driver_create("Equal", 19);
    driver_input(d, TENON_STRING, 1, DIMS(4), a);
    driver_input(d, TENON_STRING, 1, DIMS(4), b);
    assert_int_equal(driver_run(d, 0, NULL), TENON_OK);
    driver_expect(d, 0, TENON_BOOL, 1, DIMS(4), (uint8_t[]){0, 1, 1, 0});
    driver_destroy(d);

    d = driver_create("IsInf", 20);
    driver_int(d, "detect_negative", 0);
    driver_input(d, TENON_F64, 1, DIMS(4), (double[]){INFINITY, -INFINITY, NAN, 0});
    driver_check(d);
    driver_expect(d, 0, TENON_BOOL, 1, DIMS(4), (uint8_t[]){1, 0, 0, 0});
    driver_destroy(d);
}

static void old_axis(void **state)
{
    float x[2 * 3 * 4], wanted[2 * 3 * 4], bias[] = {10, 20, 30};
    (void)state;
    for (int i = 0; i < 24; i++) {
        x[i] = (float)i;
        wanted[i] = (float)i + bias[i / 4 % 3];
    }
    driver *d = driver_create("Add", 6);
    driver_int(d, "broadcast", 1);
    driver_int(d, "axis", 1);
    driver_input(d, TENON_F32, 3, DIMS(2, 3, 4), x);
    driver_input(d, TENON_F32, 1, DIMS(3), bias);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 3, DIMS(2, 3, 4), wanted);
    driver_destroy(d);

    d = driver_create("Add", 6);
    driver_int(d, "broadcast", 1);
    driver_int(d, "axis", 3);
    driver_input(d, TENON_F32, 3, DIMS(2, 3, 4), x);
    driver_input(d, TENON_F32, 1, DIMS(3), bias);
    driver_refuse(d, TENON_EFORMAT, "axis 3");
    driver_destroy(d);
}

/* ---- three and more operands ---- */

static void where(void **state)
{
    static const tenon_dtype dtypes[] = {TENON_F32, TENON_I64, TENON_U8, TENON_F16, TENON_BOOL};
    (void)state;
    for (size_t k = 0; k < sizeof dtypes / sizeof *dtypes; k++) {
        driver *d = driver_create("Where", 16);
        uint8_t c[] = {1, 0, 0, 1};
        driver_input(d, TENON_BOOL, 2, DIMS(4, 1), c);
        driver_random(d, dtypes[k], 2, DIMS(1, 70), 0, 2);
        driver_random(d, dtypes[k], 0, NULL, 3, 4);
        driver_check(d);
        const tenon__view *y = driver_output(d, 0);
        size_t bytes = tenon_dtype_bits(dtypes[k]) / 8;
        const char *at = y->data;
        assert_memory_equal(at, at + 3 * 70 * bytes, 70 * bytes);
        assert_memory_equal(at + 70 * bytes, at + 70 * bytes + bytes, 139 * bytes);
        driver_destroy(d);
    }
    tenon_string a = {"yes", 3}, b = {"no", 2}, wanted[] = {{"no", 2}, {"yes", 3}};
    driver *d = driver_create("Where", 16);
    driver_input(d, TENON_BOOL, 1, DIMS(2), (uint8_t[]){0, 1});
    driver_input(d, TENON_STRING, 0, NULL, &a);
    driver_input(d, TENON_STRING, 0, NULL, &b);
    assert_int_equal(driver_run(d, 0, NULL), TENON_OK);
    driver_expect(d, 0, TENON_STRING, 1, DIMS(2), wanted);
    driver_destroy(d);
}

static void variadic(void **state)
{
    (void)state;
    float a[] = {3, 2, 5}, b[] = {1, 4, NAN}, c[] = {2, 5, 1}, one[] = {2.5f};
    static const struct {
        const char *name;
        float wanted[3];
    } cases[] = {{"Max", {3, 5, NAN}},
                 {"Min", {1, 2, NAN}},
                 {"Sum", {8.5f, 13.5f, NAN}},
                 {"Mean", {2.125f, 3.375f, NAN}}};
    for (size_t i = 0; i < 4; i++) {
        driver *d = driver_create(cases[i].name, 13);
        driver_input(d, TENON_F32, 1, DIMS(3), a);
        driver_input(d, TENON_F32, 1, DIMS(3), b);
        driver_input(d, TENON_F32, 1, DIMS(3), c);
        driver_input(d, TENON_F32, 1, DIMS(1), one);
        driver_check(d);
        driver_expect(d, 0, TENON_F32, 1, DIMS(3), cases[i].wanted);
        driver_destroy(d);

        d = driver_create(cases[i].name, 13);
        driver_input(d, TENON_F32, 1, DIMS(3), a);
        driver_check(d);
        driver_expect(d, 0, TENON_F32, 1, DIMS(3), a);
        driver_destroy(d);
    }
    /* Over many tiles, with runs that tiles cut. */
    enum { ROWS = 5003, COLS = 37 };
    static float x[ROWS], y[COLS], z[ROWS * COLS], wanted[ROWS * COLS];
    for (int i = 0; i < ROWS; i++)
        x[i] = (float)i;
    for (int j = 0; j < COLS; j++)
        y[j] = (float)j * 0.25f;
    for (int i = 0; i < ROWS * COLS; i++) {
        z[i] = (float)(i % 7);
        wanted[i] = x[i / COLS] + y[i % COLS] + z[i];
    }
    driver *d = driver_create("Sum", 13);
    driver_input(d, TENON_F32, 2, DIMS(ROWS, 1), x);
    driver_input(d, TENON_F32, 1, DIMS(COLS), y);
    driver_input(d, TENON_F32, 2, DIMS(ROWS, COLS), z);
    driver_check(d);
    driver_tolerance(d, 1e-30);
    driver_expect(d, 0, TENON_F32, 2, DIMS(ROWS, COLS), wanted);
    assert_true(driver_tiles(d) > 1);
    driver_destroy(d);
}

static void clip(void **state)
{
    (void)state;
    driver *d = driver_create("Clip", 13);
    driver_input(d, TENON_F32, 1, DIMS(4), (float[]){-2, 0, 6, NAN});
    driver_input(d, TENON_F32, 0, NULL, (float[]){-1});
    driver_input(d, TENON_F32, 0, NULL, (float[]){1});
    driver_inplace(d, 0);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 1, DIMS(4), (float[]){-1, 0, 1, NAN});
    driver_destroy(d);

    d = driver_create("Clip", 13); /* low above high: high wins */
    driver_input(d, TENON_F32, 1, DIMS(3), (float[]){-2, 0, 6});
    driver_input(d, TENON_F32, 0, NULL, (float[]){2});
    driver_input(d, TENON_F32, 0, NULL, (float[]){1});
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 1, DIMS(3), (float[]){1, 1, 1});
    driver_destroy(d);

    d = driver_create("Clip", 6);
    driver_float(d, "max", 6);
    driver_random(d, TENON_F32, 4, DIMS(1, 20, 3, 3), -20, 20);
    driver_blocked(d);
    driver_check(d);
    driver_destroy(d);

    d = driver_create("Clip", 13);
    driver_input(d, TENON_F64, 1, DIMS(2), (double[]){-1e300, 1e300});
    driver_check(d);
    driver_expect(d, 0, TENON_F64, 1, DIMS(2), (double[]){-1e300, 1e300});
    driver_destroy(d);

    for (int dtype = TENON_I8; dtype <= TENON_U64; dtype++)
        for (int which = 0; which < 4;
             which++) { /* each limit there or not; missing ones do not limit */
            bool is_signed = dtype <= TENON_I64;
            unsigned bytes = tenon_dtype_bits((tenon_dtype)dtype) / 8;
            uint8_t x[3][8] = {{0}, {5}, {0}}, one = 1, nine = 9;
            uint8_t packed[24], wanted[24];
            memset(x[2], 0xff, 8);                 /* -1, or the largest */
            if (is_signed) x[0][bytes - 1] = 0x80; /* the least */
            uint8_t low[8] = {one}, high[8] = {nine};
            for (int i = 0; i < 3; i++) {
                bool below = i == 0 || (i == 2 && is_signed), above = i == 2 && !is_signed;
                const uint8_t *result = (which & 1) && below   ? low
                                        : (which & 2) && above ? high
                                                               : x[i];
                memcpy(packed + (size_t)i * bytes, x[i], bytes);
                memcpy(wanted + (size_t)i * bytes, result, bytes);
            }
            d = driver_create("Clip", 13);
            driver_input(d, (tenon_dtype)dtype, 1, DIMS(3), packed);
            if (which & 1)
                driver_input(d, (tenon_dtype)dtype, 0, NULL, low);
            else
                driver_absent(d);
            if (which & 2) driver_input(d, (tenon_dtype)dtype, 0, NULL, high);
            driver_check(d);
            driver_expect(d, 0, (tenon_dtype)dtype, 1, DIMS(3), wanted);
            driver_destroy(d);
        }

    d = driver_create("Clip", 13);
    driver_random(d, TENON_F32, 1, DIMS(3), 0, 1);
    driver_random(d, TENON_F32, 1, DIMS(2), 0, 1);
    driver_refuse(d, TENON_ESHAPE, "2 elements");
    driver_destroy(d);
}

static void power(void **state)
{
    (void)state;
    for (int k = 0; k < 5; k++) {
        static const float exponents[] = {0, 1, 2, 3, -0.5f};
        driver *d = driver_create("Pow", 15);
        driver_random(d, TENON_F32, 2, DIMS(3, 70), 0.1, 9);
        driver_input(d, TENON_F32, 0, NULL, &exponents[k]);
        driver_check(d);
        driver_destroy(d);
    }
    driver *d = driver_create("Pow", 15);
    driver_random(d, TENON_F32, 2, DIMS(3, 1), 0.1, 9);
    driver_random(d, TENON_F32, 1, DIMS(7), -3, 3);
    driver_check(d);
    driver_destroy(d);

    d = driver_create("Pow", 15);
    driver_random(d, TENON_F32, 2, DIMS(30, 40), 0.1, 9);
    driver_random(d, TENON_I64, 1, DIMS(40), -3, 3);
    driver_check(d);
    assert_string_equal(driver_kernel(d), "mixed");
    driver_destroy(d);

    d = driver_create("Pow", 15);
    driver_input(d, TENON_I32, 1, DIMS(5), (int32_t[]){3, -1, -1, 2, 0});
    driver_input(d, TENON_I32, 1, DIMS(5), (int32_t[]){4, -3, -2, -1, 0});
    assert_int_equal(driver_run(d, 0, NULL), TENON_OK);
    driver_expect(d, 0, TENON_I32, 1, DIMS(5), (int32_t[]){81, -1, 1, 0, 1});
    driver_destroy(d);

    d = driver_create("Pow", 15);
    driver_input(d, TENON_I64, 1, DIMS(3), (int64_t[]){1, 2, 3});
    driver_input(d, TENON_F32, 1, DIMS(3), (float[]){4, 5, 6});
    driver_check(d);
    driver_expect(d, 0, TENON_I64, 1, DIMS(3), (int64_t[]){1, 32, 729});
    driver_destroy(d);
}

/* ---- blocks of channels ---- */

static void blocks(void **state)
{
    static const int64_t shapes[][4] = {{2, 16, 3, 5}, {1, 20, 3, 5}, {3, 5, 1, 1},
                                        {2, 33, 1, 1}, {2, 40, 9, 9}, {1, 1, 4, 4}};
    static const char *const names[] = {"Add", "Mul", "Div", "PRelu", "Max", "Sum"};
    (void)state;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t n = 0; n < sizeof names / sizeof *names; n++)
            for (int form = 0; form < 7; form++) {
                const int64_t *x = shapes[s];
                driver *d = driver_create(names[n], 16);
                driver_random(d, TENON_F32, 4, x, -9, 9);
                driver_blocked(d);
                switch (form) {
                case 0: /* the same shape */
                    driver_random(d, TENON_F32, 4, x, 1, 9);
                    driver_blocked(d);
                    break;
                case 1: /* a scalar */
                    driver_random_const(d, TENON_F32, 0, NULL, 1, 9);
                    break;
                case 2: /* one for each channel */
                    driver_random_const(d, TENON_F32, 3, DIMS(x[1], 1, 1), 1, 9);
                    break;
                case 3: /* one for each channel of each image */
                    driver_random(d, TENON_F32, 4, DIMS(x[0], x[1], 1, 1), 1, 9);
                    break;
                case 4: /* the same, in blocks */
                    driver_random(d, TENON_F32, 4, DIMS(x[0], x[1], 1, 1), 1, 9);
                    driver_blocked(d);
                    break;
                case 5: /* one for each pixel */
                    driver_random(d, TENON_F32, 4, DIMS(x[0], 1, x[2], x[3]), 1, 9);
                    break;
                default: /* the same, in blocks of which one lane is used */
                    driver_random(d, TENON_F32, 4, DIMS(1, 1, x[2], x[3]), 1, 9);
                    driver_blocked(d);
                }
                driver_check(d);
                driver_destroy(d);
            }
}

static void blocked_offers(void **state)
{
    (void)state;
    tenon__view x = {.rank = 4, .dtype = TENON_F32, .dims = {-2, 20, -1, -3}}, other = x,
                channel = x, full = x;
    const tenon__op *add = tenon__op_find("Add");
    other.dims[2] = 7;
    channel.dims[0] = channel.dims[2] = channel.dims[3] = 1;
    full.dims[2] = x.dims[2] = 9;
    const tenon__view *same[] = {&x, &full}, *per_channel[] = {&x, &channel},
                      *unlike[] = {&x, &other};
    tenon__node node = {.op = add, .opset = 14};
    uint64_t attrs[64] = {0};
    assert_true(add->attrs_bytes <= sizeof attrs);
    assert_int_equal(add->read(NULL, &node, attrs, NULL), TENON_OK);
    assert_int_equal(add->blocked(&node, attrs, same, 2, 0), 1);
    assert_int_equal(add->blocked(&node, attrs, per_channel, 2, 0), 1);
    assert_int_equal(add->blocked(&node, attrs, unlike, 2, 0), 0);
    channel.dims[0] = 20;
    channel.rank = 1;
    assert_int_equal(add->blocked(&node, attrs, per_channel, 2, 0), 0); /* along the last axis */
}

/* ---- what is refused ---- */

static void refusals(void **state)
{
    (void)state;
    driver *d = driver_create("Add", 14);
    driver_random(d, TENON_F32, 2, DIMS(2, 3), 0, 1);
    driver_random(d, TENON_F32, 2, DIMS(2, 4), 0, 1);
    driver_refuse(d, TENON_ESHAPE, "");
    driver_destroy(d);

    d = driver_create("Add", 14);
    driver_random(d, TENON_F32, 1, DIMS(2), 0, 1);
    driver_random(d, TENON_I64, 1, DIMS(2), 0, 9);
    driver_refuse(d, TENON_ETYPE, "float32 and int64");
    driver_destroy(d);

    d = driver_create("And", 7);
    driver_random(d, TENON_I64, 1, DIMS(2), 0, 9);
    driver_random(d, TENON_I64, 1, DIMS(2), 0, 9);
    driver_refuse(d, TENON_ETYPE, "int64");
    driver_destroy(d);

    d = driver_create("Exp", 13);
    driver_random(d, TENON_I64, 1, DIMS(2), 0, 9);
    driver_refuse(d, TENON_ETYPE, "int64");
    driver_destroy(d);

    d = driver_create("BitShift", 11);
    driver_text(d, "direction", "UP");
    driver_random(d, TENON_U8, 1, DIMS(2), 0, 9);
    driver_random(d, TENON_U8, 1, DIMS(2), 0, 9);
    driver_refuse(d, TENON_EFORMAT, "'UP'");
    driver_destroy(d);

    d = driver_create("Celu", 12);
    driver_float(d, "alpha", 0);
    driver_random(d, TENON_F32, 1, DIMS(2), 0, 9);
    driver_refuse(d, TENON_EFORMAT, "alpha is 0");
    driver_destroy(d);

    d = driver_create("PRelu", 16);
    driver_random(d, TENON_F32, 1, DIMS(1), 0, 1);
    driver_random(d, TENON_F32, 1, DIMS(3), 0, 1);
    driver_refuse(d, TENON_ESHAPE, "slope");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    enum { UNARIES = sizeof unaries / sizeof *unaries };
    static const test_case others[] = {
        CASE(unary_places), CASE(integers), CASE(broadcasting),   CASE(large),    CASE(all_dtypes),
        CASE(corners),      CASE(old_axis), CASE(where),          CASE(variadic), CASE(clip),
        CASE(power),        CASE(blocks),   CASE(blocked_offers), CASE(refusals)};
    static test_case cases[UNARIES + TEST_COUNT(others)];
    static char names[UNARIES][40];
    for (size_t i = 0; i < UNARIES; i++) {
        (void)snprintf(names[i], sizeof names[i], "unary_%s_%g", unaries[i].name, unaries[i].high);
        cases[i] = (test_case){names[i], unary_case, (void *)(uintptr_t)&unaries[i]};
    }
    memcpy(cases + UNARIES, others, sizeof others);
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
