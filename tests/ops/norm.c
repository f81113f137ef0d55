/* SPDX-License-Identifier: Apache-2.0 */
/* Normalizations against their references: shapes, parameters that broadcast, mixed dtypes, and
 * what is refused. */
#include <math.h>
#include <string.h>

#include "ops/driver.h"

typedef struct shape {
    int rank;
    int64_t dims[5];
} shape;

static void layer(const char *name, const shape *x, int axis, const shape *scale, const shape *bias,
                  tenon_dtype dtype, uint32_t outputs)
{
    driver *d = driver_create(name, 23);
    driver_random(d, dtype, x->rank, x->dims, -2, 5);
    driver_random(d, dtype, scale->rank, scale->dims, -1, 1);
    if (bias) driver_random(d, dtype, bias->rank, bias->dims, -1, 1);
    driver_int(d, "axis", axis);
    driver_float(d, "epsilon", 0.01f);
    driver_outputs(d, outputs);
    driver_check(d);
    driver_destroy(d);
}

static void layers(void **state)
{
    (void)state;
    static const shape x = {3, {4, 5, 37}}, last = {1, {37}}, both = {2, {5, 37}}, one = {0, {0}},
                       row = {2, {5, 1}}, all = {3, {4, 5, 37}}, outer = {3, {4, 1, 37}};
    for (int f64 = 0; f64 < 2; f64++) {
        tenon_dtype dtype = f64 ? TENON_F64 : TENON_F32;
        layer("LayerNormalization", &x, -1, &last, &last, dtype, 3);
        layer("LayerNormalization", &x, 2, &last, NULL, dtype, 1);
        layer("LayerNormalization", &x, 1, &both, &last, dtype, 2);
        layer("LayerNormalization", &x, 1, &row, &one, dtype, 3);
        layer("LayerNormalization", &x, 0, &all, &outer, dtype, 1);
        layer("LayerNormalization", &x, 2, &outer, &row, dtype, 1);
        layer("RMSNormalization", &x, -1, &last, NULL, dtype, 1);
        layer("RMSNormalization", &x, 1, &row, NULL, dtype, 1);
        layer("RMSNormalization", &x, 2, &outer, NULL, dtype, 1);
    }
    static const shape wide = {2, {300, 768}}, narrow = {1, {768}}, empty = {2, {3, 0}},
                       nothing = {1, {0}};
    layer("LayerNormalization", &wide, -1, &narrow, &narrow, TENON_F32, 1);
    layer("LayerNormalization", &empty, -1, &nothing, &nothing, TENON_F32, 3);
}

/* [N, C, ...] with vectors of `count`. */
static void channels(const char *name, int opset, const shape *x, int64_t count, int vectors,
                     int groups, tenon_dtype dtype)
{
    driver *d = driver_create(name, opset);
    driver_random(d, dtype, x->rank, x->dims, -2, 5);
    for (int i = 0; i < vectors; i++)
        driver_random(d, dtype, 1, &count, 0.5, 2);
    if (groups) driver_int(d, "num_groups", groups);
    driver_check(d);
    driver_destroy(d);
}

static void per_channel(void **state)
{
    (void)state;
    static const shape shapes[] = {
        {4, {2, 6, 5, 7}}, {3, {3, 6, 33}}, {2, {5, 6}}, {5, {1, 6, 2, 3, 4}}, {4, {2, 6, 0, 3}}};
    for (size_t i = 0; i < TEST_COUNT(shapes); i++)
        for (int f64 = 0; f64 < 2; f64++) {
            tenon_dtype dtype = f64 ? TENON_F64 : TENON_F32;
            channels("InstanceNormalization", 6, &shapes[i], 6, 2, 0, dtype);
            channels("GroupNormalization", 21, &shapes[i], 6, 2, 3, dtype);
            channels("GroupNormalization", 18, &shapes[i], 3, 2, 3, dtype);
            channels("BatchNormalization", 15, &shapes[i], 6, 4, 0, dtype);
        }
}

static void training(void **state)
{
    (void)state;
    const float x[2][2][2] = {{{1, 3}, {0, 0}}, {{5, 7}, {0, 8}}};
    const float two[2] = {2, 1}, zeros[2] = {0, 0}, mean[2] = {0.4f, 0.2f}, var[2] = {0.5f, 1.2f};
    const float y[2][2][2] = {{{-2.6832816f, -0.89442719f}, {-0.57735027f, -0.57735027f}},
                              {{0.89442719f, 2.6832816f}, {-0.57735027f, 1.7320508f}}};
    driver *d = driver_create("BatchNormalization", 15);
    driver_input(d, TENON_F32, 3, (int64_t[]){2, 2, 2}, x);
    driver_input(d, TENON_F32, 1, (int64_t[]){2}, two);
    for (int i = 0; i < 3; i++)
        driver_input(d, TENON_F32, 1, (int64_t[]){2}, zeros);
    driver_int(d, "training_mode", 1);
    driver_float(d, "epsilon", 0);
    driver_outputs(d, 3);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 3, (int64_t[]){2, 2, 2}, y);
    driver_expect(d, 1, TENON_F32, 1, (int64_t[]){2}, mean);
    driver_expect(d, 2, TENON_F32, 1, (int64_t[]){2}, var);
    driver_destroy(d);
}

static void neighbours(void **state)
{
    (void)state;
    static const shape shapes[] = {
        {4, {2, 7, 5, 13}}, {3, {1, 3, 200}}, {4, {1, 96, 9, 9}}, {4, {1, 3, 0, 2}}};
    for (size_t i = 0; i < TEST_COUNT(shapes); i++)
        for (int size = 1; size <= 8; size += i == 0 ? 1 : 4) {
            driver *d = driver_create("LRN", 13);
            driver_random(d, size == 5 && i == 1 ? TENON_F64 : TENON_F32, shapes[i].rank,
                          shapes[i].dims, -3, 3);
            driver_int(d, "size", size);
            driver_float(d, "alpha", 0.5f);
            driver_float(d, "beta", size % 2 ? 0.75f : 0.6f);
            driver_check(d);
            driver_destroy(d);
        }
}

static void norms(void **state)
{
    (void)state;
    static const shape shapes[] = {{3, {3, 4, 5}}, {2, {100, 60}}, {1, {1}}};
    for (size_t i = 0; i < TEST_COUNT(shapes); i++)
        for (int axis = 0; axis < shapes[i].rank; axis++)
            for (int p = 1; p <= 2; p++) {
                driver *d = driver_create("LpNormalization", 22);
                driver_random(d, p == 1 && axis ? TENON_F64 : TENON_F32, shapes[i].rank,
                              shapes[i].dims, -3, 3);
                driver_int(d, "axis", axis);
                driver_int(d, "p", p);
                driver_check(d);
                driver_destroy(d);
            }
    const float x[2][2] = {{0, 0}, {3, -4}}, wanted[2][2] = {{0, 0}, {0.6f, -0.8f}};
    driver *d = driver_create("LpNormalization", 1);
    driver_input(d, TENON_F32, 2, (int64_t[]){2, 2}, x);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 2, (int64_t[]){2, 2}, wanted);
    driver_destroy(d);
}

static void refused(void **state)
{
    (void)state;
    driver *d = driver_create("LayerNormalization", 17);
    driver_random(d, TENON_F32, 2, (int64_t[]){3, 4}, 0, 1);
    driver_random(d, TENON_F32, 1, (int64_t[]){3}, 0, 1);
    driver_refuse(d, TENON_ESHAPE, "3");
    driver_destroy(d);
    d = driver_create("GroupNormalization", 21);
    driver_random(d, TENON_F32, 2, (int64_t[]){3, 4}, 0, 1);
    driver_random(d, TENON_F32, 1, (int64_t[]){4}, 0, 1);
    driver_random(d, TENON_F32, 1, (int64_t[]){4}, 0, 1);
    driver_int(d, "num_groups", 3);
    driver_refuse(d, TENON_ESHAPE, "groups");
    driver_destroy(d);
    d = driver_create("LRN", 13);
    driver_random(d, TENON_F32, 4, (int64_t[]){1, 2, 3, 4}, 0, 1);
    driver_refuse(d, TENON_EFORMAT, "size");
    driver_destroy(d);
    d = driver_create("BatchNormalization", 7);
    driver_random(d, TENON_F32, 2, (int64_t[]){3, 4}, 0, 1);
    for (int i = 0; i < 4; i++)
        driver_random(d, TENON_F32, 1, (int64_t[]){i == 3 ? 5 : 4}, 0, 1);
    driver_refuse(d, TENON_ESHAPE, "var");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(layers),     CASE(per_channel), CASE(training),
                                      CASE(neighbours), CASE(norms),       CASE(refused)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
