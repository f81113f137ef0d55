/* SPDX-License-Identifier: Apache-2.0 */
/* MatMul and Gemm against their references, over every way that B can reach the kernel. */
#include <math.h>
#include <string.h>

#include "ops/driver.h"

typedef struct shape {
    int rank;
    int64_t dims[5];
} shape;

static int64_t product(const shape *s)
{
    int64_t count = 1;
    for (int i = 0; i < s->rank; i++)
        count *= s->dims[i];
    return count;
}

static void add_random(driver *d, const shape *s, tenon_dtype dtype, bool constant)
{
    const double low = dtype == TENON_U32 || dtype == TENON_U64 ? 0 : -2;
    if (constant)
        driver_random_const(d, dtype, s->rank, s->dims, low, 2);
    else
        driver_random(d, dtype, s->rank, s->dims, low, 2);
}

static void matmul_check(const shape *a, const shape *b, tenon_dtype dtype, bool constant)
{
    driver *d = driver_create("MatMul", 13);
    add_random(d, a, dtype, false);
    add_random(d, b, dtype, constant);
    driver_check(d);
    driver_destroy(d);
}

/* Batches that broadcast either way, vectors, and nothing at all. */
static void matmul_shapes(void **state)
{
    (void)state;
    static const shape pairs[][2] = {
        {{2, {3, 4}}, {2, {4, 5}}},
        {{1, {4}}, {1, {4}}},
        {{1, {4}}, {2, {4, 5}}},
        {{2, {3, 4}}, {1, {4}}},
        {{3, {2, 3, 4}}, {1, {4}}},
        {{1, {4}}, {3, {2, 4, 5}}},
        {{3, {2, 3, 4}}, {2, {4, 50}}},
        {{4, {2, 1, 3, 4}}, {3, {5, 4, 6}}},
        {{4, {1, 2, 30, 40}}, {4, {3, 2, 40, 33}}},
        {{5, {2, 1, 2, 3, 7}}, {5, {1, 3, 2, 7, 2}}},
        {{2, {3, 0}}, {2, {0, 5}}},
        {{2, {0, 3}}, {2, {3, 5}}},
        {{3, {0, 2, 3}}, {2, {3, 5}}},
        {{3, {2, 2, 3}}, {3, {2, 3, 0}}},
        {{3, {64, 4, 8}}, {3, {64, 8, 4}}},
        {{3, {12, 128, 64}}, {3, {12, 64, 128}}},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (int constant = 0; constant < 2; constant++)
            if (product(&pairs[i][1]) || !constant)
                matmul_check(&pairs[i][0], &pairs[i][1], TENON_F32, constant);
}

static void matmul_sizes(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        const int64_t m = i % 4 ? test_random_in(1, 60) : test_random_in(100, 130);
        const int64_t k = i % 3 ? test_random_in(1, 80) : test_random_in(1000, 1100);
        const int64_t n = i % 5 ? test_random_in(1, 70) : test_random_in(200, 300);
        const shape a = {2, {m, k}}, b = {2, {k, n}};
        matmul_check(&a, &b, TENON_F32, i % 2);
    }
}

static void matmul_dtypes(void **state)
{
    (void)state;
    static const tenon_dtype dtypes[] = {TENON_F64, TENON_I32, TENON_I64, TENON_U32, TENON_U64};
    const shape a = {3, {2, 30, 40}}, b = {3, {1, 40, 50}}, v = {1, {40}};
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        matmul_check(&a, &b, dtypes[i], false);
        matmul_check(&a, &v, dtypes[i], true);
    }
}

static void matmul_fused(void **state)
{
    (void)state;
    static const char *const kinds[] = {"Relu",      "Clip", "LeakyRelu", "Sigmoid", "Tanh",
                                        "HardSwish", "Silu", "Gelu",      "GeluTanh"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const shape a = {3, {3, 17, 24}}, b = {2, {24, 70}}, bias = {1, {70}};
        const shape residual = {3, {3, 17, 70}};
        driver *d = driver_create("MatMul", 13);
        driver_text(d, "activation", kinds[i]);
        if (i == 1) {
            driver_float(d, "activation_alpha", -0.5f);
            driver_float(d, "activation_beta", 1.5f);
        }
        add_random(d, &a, TENON_F32, false);
        add_random(d, &b, TENON_F32, true);
        if (i % 2)
            add_random(d, &bias, TENON_F32, true);
        else
            driver_absent(d);
        if (i % 3) add_random(d, &residual, TENON_F32, false);
        driver_check(d);
        driver_destroy(d);
    }
}

static void matmul_refusals(void **state)
{
    (void)state;
    const shape a = {2, {3, 4}}, b = {2, {5, 6}}, c = {3, {2, 4, 4}}, e = {3, {3, 4, 4}};
    driver *d = driver_create("MatMul", 13);
    add_random(d, &a, TENON_F32, false);
    add_random(d, &b, TENON_F32, false);
    driver_refuse(d, TENON_ESHAPE, "4 columns and B 5 rows");
    driver_destroy(d);
    d = driver_create("MatMul", 13);
    add_random(d, &c, TENON_F32, false);
    add_random(d, &e, TENON_F32, false);
    driver_refuse(d, TENON_ESHAPE, "");
    driver_destroy(d);
    d = driver_create("MatMul", 13);
    add_random(d, &a, TENON_F32, false);
    add_random(d, &c, TENON_I32, false);
    driver_refuse(d, TENON_ETYPE, "they must be the same");
    driver_destroy(d);
    d = driver_create("MatMul", 13);
    add_random(d, &a, TENON_U8, false);
    add_random(d, &c, TENON_U8, false);
    driver_refuse(d, TENON_ETYPE, "uint8");
    driver_destroy(d);
}

static void gemm_check(int64_t m, int64_t n, int64_t k, int how, tenon_dtype dtype, const shape *c,
                       bool scaled)
{
    const bool turn_a = how & 1, turn_b = how & 2, constant = how & 4;
    const shape a = {2, {turn_a ? k : m, turn_a ? m : k}},
                b = {2, {turn_b ? n : k, turn_b ? k : n}};
    driver *d = driver_create("Gemm", 13);
    driver_int(d, "transA", turn_a);
    driver_int(d, "transB", turn_b);
    if (scaled) {
        driver_float(d, "alpha", 0.75f);
        driver_float(d, "beta", -1.5f);
    }
    add_random(d, &a, dtype, false);
    add_random(d, &b, dtype, constant);
    if (c) add_random(d, c, dtype, false);
    driver_check(d);
    driver_destroy(d);
}

static void gemm_forms(void **state)
{
    (void)state;
    const int64_t m = 23, n = 45, k = 31;
    const shape forms[] = {{0, {0}},    {1, {1}},    {1, {n}},   {2, {1, n}},
                           {2, {m, 1}}, {2, {1, 1}}, {2, {m, n}}};
    for (int how = 0; how < 8; how++) {
        gemm_check(m, n, k, how, TENON_F32, NULL, how & 1);
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
            gemm_check(m, n, k, how, TENON_F32, &forms[f], (how + (int)f) & 1);
    }
}

static void gemm_sizes(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++)
        gemm_check(i % 3 ? test_random_in(1, 40) : 1, i % 4 ? test_random_in(1, 200) : i % 5 + 1,
                   test_random_in(1, 300), (int)test_random_in(0, 7), TENON_F32, NULL, i & 1);
    for (int how = 0; how < 8; how++)
        gemm_check(40, 70, 1024, how, TENON_F32, NULL, false);
}

static void gemm_dtypes(void **state)
{
    (void)state;
    const shape c = {2, {1, 6}};
    for (int how = 0; how < 4; how++) {
        gemm_check(5, 6, 7, how, TENON_F64, &c, true);
        gemm_check(5, 6, 7, how, TENON_I32, &c, false);
        gemm_check(5, 6, 7, how, TENON_U64, &c, false);
    }
}

static void gemm_fused(void **state)
{
    (void)state;
    const shape a = {2, {9, 20}}, b = {2, {20, 40}}, c = {1, {40}}, z = {2, {9, 40}};
    driver *d = driver_create("Gemm", 13);
    driver_text(d, "activation", "Relu");
    add_random(d, &a, TENON_F32, false);
    add_random(d, &b, TENON_F32, true);
    add_random(d, &c, TENON_F32, true);
    add_random(d, &z, TENON_F32, false);
    driver_check(d);
    driver_destroy(d);
}

static void gemm_refusals(void **state)
{
    (void)state;
    const shape a = {2, {3, 4}}, b = {2, {4, 6}}, c = {1, {5}}, e = {3, {1, 4, 6}};
    driver *d = driver_create("Gemm", 13);
    add_random(d, &a, TENON_F32, false);
    add_random(d, &b, TENON_F32, false);
    add_random(d, &c, TENON_F32, false);
    driver_refuse(d, TENON_ESHAPE, "does not broadcast to 3 x 6");
    driver_destroy(d);
    d = driver_create("Gemm", 13);
    add_random(d, &a, TENON_F32, false);
    add_random(d, &e, TENON_F32, false);
    driver_refuse(d, TENON_ESHAPE, "B has rank 3");
    driver_destroy(d);
}

/* NaN and infinity go through products and activations. */
static void not_finite(void **state)
{
    (void)state;
    const float a[] = {NAN, 1, INFINITY, 1, -INFINITY, 1}, b[] = {1, 2};
    const float sums[] = {NAN, INFINITY, -INFINITY}, relu[] = {NAN, INFINITY, 0};
    for (int fused = 0; fused < 2; fused++) {
        driver *d = driver_create("MatMul", 13);
        if (fused) driver_text(d, "activation", "Relu");
        driver_input(d, TENON_F32, 2, (int64_t[]){3, 2}, a);
        driver_input(d, TENON_F32, 2, (int64_t[]){2, 1}, b);
        driver_check(d);
        driver_expect(d, 0, TENON_F32, 2, (int64_t[]){3, 1}, fused ? relu : sums);
        driver_destroy(d);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(matmul_shapes),   CASE(matmul_sizes),  CASE(matmul_dtypes), CASE(matmul_fused),
        CASE(matmul_refusals), CASE(gemm_forms),    CASE(gemm_sizes),    CASE(gemm_dtypes),
        CASE(gemm_fused),      CASE(gemm_refusals), CASE(not_finite),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
