/* SPDX-License-Identifier: Apache-2.0 */
/* MatMulInteger, QLinearMatMul and QGemm against their references. */
#include <string.h>

#include "ops/driver.h"

typedef struct shape {
    int rank;
    int64_t dims[4];
} shape;

static const tenon_dtype bytes[] = {TENON_U8, TENON_I8};

static void add_bytes(driver *d, const shape *s, tenon_dtype dtype, bool constant)
{
    const double low = dtype == TENON_U8 ? 0 : -128;
    if (constant)
        driver_random_const(d, dtype, s->rank, s->dims, low, low + 256);
    else
        driver_random(d, dtype, s->rank, s->dims, low, low + 256);
}

static void add_scale(driver *d, const shape *s, double size)
{
    driver_random(d, TENON_F32, s->rank, s->dims, size, 2 * size);
}

static const shape one = {0, {0}};

static const shape pairs[][2] = {
    {{2, {3, 4}}, {2, {4, 5}}},
    {{2, {20, 33}}, {2, {33, 70}}},
    {{3, {2, 5, 40}}, {2, {40, 34}}},
    {{3, {2, 5, 8}}, {3, {2, 8, 34}}},
    {{4, {2, 1, 3, 7}}, {3, {3, 7, 6}}},
    {{1, {9}}, {2, {9, 4}}},
    {{2, {6, 9}}, {1, {9}}},
    {{2, {1, 100}}, {2, {100, 200}}},
    {{2, {130, 64}}, {2, {64, 300}}},
    {{2, {0, 3}}, {2, {3, 5}}},
};

/* All signs, B constant or not, with and without zero points. */
static void integer_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        for (int how = 0; how < 16; how++) {
            driver *d = driver_create("MatMulInteger", 10);
            const tenon_dtype a = bytes[how & 1], b = bytes[how >> 1 & 1];
            add_bytes(d, &pairs[i][0], a, false);
            add_bytes(d, &pairs[i][1], b, how & 4);
            if (how & 8) {
                add_bytes(d, &one, a, false);
                add_bytes(d, &one, b, true);
            }
            driver_check(d);
            driver_destroy(d);
        }
    }
}

static void integer_lists(void **state)
{
    (void)state;
    const shape a = {2, {7, 12}}, b = {2, {12, 40}}, rows = {1, {7}}, cols = {1, {40}};
    const shape a3 = {3, {2, 7, 12}}, b3 = {3, {2, 12, 40}};
    const shape rows3 = {3, {2, 7, 1}}, cols3 = {3, {2, 1, 40}};
    for (int how = 0; how < 8; how++) {
        driver *d = driver_create("MatMulInteger", 10);
        const bool deep = how & 4;
        add_bytes(d, deep ? &a3 : &a, TENON_U8, false);
        add_bytes(d, deep ? &b3 : &b, TENON_I8, true);
        add_bytes(d, how & 1 ? deep ? &rows3 : &rows : &one, TENON_U8, false);
        add_bytes(d, how & 2 ? deep ? &cols3 : &cols : &one, TENON_I8, false);
        driver_check(d);
        driver_destroy(d);
    }
}

/* As passes make it: scale, bias, residual, activation. */
static void integer_fused(void **state)
{
    (void)state;
    const shape a = {3, {2, 9, 20}}, b = {2, {20, 50}}, y = {3, {2, 9, 50}}, cols = {1, {50}};
    for (int how = 0; how < 16; how++) {
        driver *d = driver_create("MatMulInteger", 10);
        if (how & 8) driver_text(d, "activation", "Relu");
        add_bytes(d, &a, TENON_U8, false);
        add_bytes(d, &b, TENON_I8, true);
        add_bytes(d, &one, TENON_U8, false);
        driver_absent(d);
        add_scale(d, how & 1 ? &cols : &one, 1e-3);
        if (how & 2)
            add_scale(d, &cols, -1);
        else
            driver_absent(d);
        if (how & 4) add_scale(d, &y, -2);
        driver_tolerance(d, 1e-6);
        driver_check(d);
        driver_destroy(d);
    }
}

static void linear_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        for (int how = 0; how < 16; how++) {
            driver *d = driver_create("QLinearMatMul", 21);
            const tenon_dtype a = bytes[how & 1], b = bytes[how >> 1 & 1], y = bytes[how >> 2 & 1];
            add_bytes(d, &pairs[i][0], a, false);
            add_scale(d, &one, 0.02);
            add_bytes(d, &one, a, false);
            add_bytes(d, &pairs[i][1], b, how & 8);
            add_scale(d, &one, 0.01);
            add_bytes(d, &one, b, false);
            add_scale(d, &one, 0.7);
            add_bytes(d, &one, y, false);
            driver_check(d);
            driver_destroy(d);
        }
    }
}

static void linear_lists(void **state)
{
    (void)state;
    const shape a = {2, {7, 12}}, b = {2, {12, 40}}, rows = {1, {7}}, cols = {1, {40}};
    const shape a3 = {3, {2, 7, 12}}, b3 = {3, {2, 12, 40}};
    const shape rows3 = {3, {2, 7, 1}}, cols3 = {3, {2, 1, 40}};
    for (int how = 0; how < 16; how++) {
        driver *d = driver_create("QLinearMatMul", 21);
        const bool deep = how & 8;
        const shape *r = deep ? &rows3 : &rows, *c = deep ? &cols3 : &cols;
        add_bytes(d, deep ? &a3 : &a, TENON_U8, false);
        add_scale(d, how & 1 ? r : &one, 0.02);
        add_bytes(d, how & 1 ? r : &one, TENON_U8, false);
        add_bytes(d, deep ? &b3 : &b, TENON_I8, true);
        add_scale(d, how & 2 ? c : &one, 0.01);
        add_bytes(d, how & 2 ? c : &one, TENON_I8, false);
        add_scale(d, how & 4 ? r : &one, 0.7);
        add_bytes(d, how & 4 ? r : &one, TENON_U8, false);
        driver_check(d);
        driver_destroy(d);
    }
}

static void gemm_forms(void **state)
{
    (void)state;
    const int64_t m = 11, n = 37, k = 22;
    const shape forms[] = {{0, {0}}, {1, {n}}, {2, {1, n}}, {2, {m, 1}}, {2, {m, n}}};
    const shape cols = {1, {n}};
    for (int how = 0; how < 32; how++) {
        const shape a = {2, {how & 1 ? k : m, how & 1 ? m : k}};
        const shape b = {2, {how & 2 ? n : k, how & 2 ? k : n}};
        driver *d = driver_create("QGemm", 1);
        driver_int(d, "transA", how & 1);
        driver_int(d, "transB", how >> 1 & 1);
        driver_float(d, "alpha", how & 4 ? 0.5f : 1.0f);
        add_bytes(d, &a, TENON_U8, false);
        add_scale(d, &one, 0.02);
        add_bytes(d, &one, TENON_U8, false);
        add_bytes(d, &b, TENON_I8, how & 8);
        add_scale(d, how & 4 ? &cols : &one, 0.01);
        add_bytes(d, how & 4 ? &cols : &one, TENON_I8, false);
        if (how % 6 < 5)
            driver_random(d, TENON_I32, forms[how % 6].rank, forms[how % 6].dims, -9000, 9000);
        else
            driver_absent(d);
        if (how & 16) {
            add_scale(d, &one, 0.7);
            add_bytes(d, &one, TENON_U8, false);
        }
        driver_check(d);
        driver_destroy(d);
    }
}

static void refusals(void **state)
{
    (void)state;
    const shape a = {2, {3, 4}}, b = {2, {4, 6}}, odd = {1, {5}};
    driver *d = driver_create("MatMulInteger", 10);
    add_bytes(d, &a, TENON_U8, false);
    add_bytes(d, &b, TENON_U8, false);
    add_bytes(d, &odd, TENON_U8, false);
    driver_refuse(d, TENON_ESHAPE, "the zero point of A has 5 elements");
    driver_destroy(d);
    d = driver_create("MatMulInteger", 10);
    add_bytes(d, &a, TENON_U8, false);
    add_bytes(d, &b, TENON_U8, false);
    add_bytes(d, &one, TENON_I8, false);
    driver_refuse(d, TENON_ETYPE, "they must be the same");
    driver_destroy(d);
    d = driver_create("MatMulInteger", 10);
    driver_random(d, TENON_F32, 2, a.dims, 0, 1);
    add_bytes(d, &b, TENON_U8, false);
    driver_refuse(d, TENON_ETYPE, "A is float32");
    driver_destroy(d);
    d = driver_create("QGemm", 1);
    add_bytes(d, &a, TENON_U8, false);
    add_scale(d, &one, 1);
    add_bytes(d, &one, TENON_U8, false);
    add_bytes(d, &b, TENON_U8, false);
    add_scale(d, &one, 1);
    add_bytes(d, &one, TENON_U8, false);
    driver_absent(d);
    add_scale(d, &one, 1);
    driver_refuse(d, TENON_EFORMAT, "a scale alone");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(integer_shapes), CASE(integer_lists), CASE(integer_fused), CASE(linear_shapes),
        CASE(linear_lists),   CASE(gemm_forms),    CASE(refusals),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
