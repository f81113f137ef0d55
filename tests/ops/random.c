/* SPDX-License-Identifier: Apache-2.0 */
/* Random operators, whose numbers are those of numpy's RandomState, and EyeLike. */
#include <math.h>
#include <stdlib.h>

#include "ops/driver.h"
#include "tensor/onnx_type.h"

#define DIMS(...)                                                                                  \
    (int64_t[])                                                                                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void run(driver *d)
{
    tenon_error err;
    if (driver_run(d, tenon__cpu_detect(), &err)) fail_msg("%s", err.message);
}

static void uniform(void **state)
{
    (void)state;
    driver *d = driver_create("RandomUniform", 22);
    driver_float(d, "seed", 42);
    driver_int(d, "dtype", tenon__dtype_to_onnx(TENON_F64));
    driver_ints(d, "shape", 1, DIMS(3));
    run(d);
    driver_expect(d, 0, TENON_F64, 1, DIMS(3),
                  (double[]){0.3745401188473625, 0.9507143064099162, 0.7319939418114051});
    driver_destroy(d);

    d = driver_create("RandomUniform", 22);
    driver_float(d, "seed", 42);
    driver_float(d, "low", -2);
    driver_float(d, "high", 6);
    driver_ints(d, "shape", 1, DIMS(2));
    run(d);
    driver_expect(d, 0, TENON_F32, 1, DIMS(2), (float[]){0.99632096f, 5.6057144f});
    driver_destroy(d);
}

/* Numbers go on where a phase ends. */
static void phases(void **state)
{
    enum { COUNT = 20000 };
    static float x[COUNT];
    (void)state;
    driver *d = driver_create("RandomUniformLike", 22);
    driver_float(d, "seed", 7);
    driver_int(d, "dtype", tenon__dtype_to_onnx(TENON_F64));
    driver_input(d, TENON_F32, 2, DIMS(2, COUNT / 2), x);
    run(d);
    const double *u = driver_output(d, 0)->data;
    assert_true(u[8191] == 0.4200258537504383);
    assert_true(u[8192] == 0.7901204999091036);
    assert_true(u[COUNT - 1] == 0.805804096225739);
    driver_destroy(d);

    d = driver_create("RandomNormalLike", 22);
    driver_float(d, "seed", 7);
    driver_input(d, TENON_F64, 1, DIMS(9000), x);
    run(d);
    u = driver_output(d, 0)->data;
    assert_true(fabs(u[8191] - -2.0756998007767384) < 1e-12);
    assert_true(fabs(u[8192] - 0.985571596626716) < 1e-12);
    driver_destroy(d);
}

static void normal(void **state)
{
    (void)state;
    driver *d = driver_create("RandomNormal", 22);
    driver_float(d, "seed", 42);
    driver_float(d, "mean", 10);
    driver_float(d, "scale", 2);
    driver_int(d, "dtype", tenon__dtype_to_onnx(TENON_F64));
    driver_ints(d, "shape", 1, DIMS(3));
    run(d);
    driver_expect(d, 0, TENON_F64, 1, DIMS(3),
                  (double[]){10 + 2 * 0.4967141530112327, 10 - 2 * 0.13826430117118466,
                             10 + 2 * 0.6476885381006925});
    driver_destroy(d);
}

static void bernoulli(void **state)
{
    (void)state;
    driver *d = driver_create("Bernoulli", 22);
    driver_float(d, "seed", 42);
    driver_int(d, "dtype", tenon__dtype_to_onnx(TENON_I32));
    driver_input(d, TENON_F32, 1, DIMS(3), (float[]){0.4f, 0.9f, 0.75f});
    run(d);
    driver_expect(d, 0, TENON_I32, 1, DIMS(3), (int32_t[]){1, 0, 1});
    driver_destroy(d);
}

static void multinomial(void **state)
{
    enum { SAMPLES = 20000 };
    (void)state;
    driver *d = driver_create("Multinomial", 22);
    driver_float(d, "seed", 3);
    driver_int(d, "sample_size", SAMPLES);
    driver_int(d, "dtype", tenon__dtype_to_onnx(TENON_I64));
    /* 1/10, 2/10, 7/10; then the last alone. */
    driver_input(d, TENON_F32, 2, DIMS(2, 3),
                 (float[]){0, 0.6931472f, 1.9459101f, -INFINITY, -INFINITY, 5});
    run(d);
    const int64_t *y = driver_output(d, 0)->data;
    int64_t counts[3] = {0};
    for (int i = 0; i < SAMPLES; i++) {
        assert_in_range(y[i], 0, 2);
        counts[y[i]]++;
        assert_int_equal(y[SAMPLES + i], 2);
    }
    assert_true(llabs(counts[0] - SAMPLES / 10) < 200);
    assert_true(llabs(counts[1] - SAMPLES / 5) < 300);
    driver_destroy(d);

    d = driver_create("Multinomial", 22);
    driver_input(d, TENON_F32, 2, DIMS(2, 0), NULL);
    driver_refuse(d, TENON_ESHAPE, "no classes");
    driver_destroy(d);
}

/* Without a seed the same numbers come again, in every run. */
static void repeats(void **state)
{
    (void)state;
    driver *d = driver_create("RandomNormal", 22);
    driver_ints(d, "shape", 2, DIMS(3, 7));
    run(d);
    float first[21];
    const float *y = driver_output(d, 0)->data;
    for (int i = 0; i < 21; i++)
        first[i] = y[i];
    run(d);
    driver_expect(d, 0, TENON_F32, 2, DIMS(3, 7), first);
    assert_true(first[0] != first[1]);
    driver_destroy(d);
}

static void eye(void **state)
{
    static const struct {
        int k;
        float wanted[6];
    } cases[] = {{0, {1, 0, 0, 0, 1, 0}}, {1, {0, 1, 0, 0, 0, 1}}, {-1, {0, 0, 0, 1, 0, 0}},
                 {2, {0, 0, 1, 0, 0, 0}}, {3, {0, 0, 0, 0, 0, 0}}, {-2, {0, 0, 0, 0, 0, 0}}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        driver *d = driver_create("EyeLike", 22);
        driver_int(d, "k", cases[i].k);
        driver_int(d, "dtype", tenon__dtype_to_onnx(TENON_F32));
        driver_random(d, TENON_I32, 2, DIMS(2, 3), 0, 9);
        driver_check(d);
        driver_expect(d, 0, TENON_F32, 2, DIMS(2, 3), cases[i].wanted);
        driver_destroy(d);
    }
    driver *d = driver_create("EyeLike", 22);
    driver_random(d, TENON_I4, 2, DIMS(3, 3), 0, 4);
    driver_check(d);
    driver_expect(d, 0, TENON_I4, 2, DIMS(3, 3), (uint8_t[]){0x01, 0x00, 0x01, 0x00, 0x01});
    driver_destroy(d);

    d = driver_create("EyeLike", 22);
    driver_random(d, TENON_I32, 3, DIMS(2, 3, 1), 0, 9);
    driver_refuse(d, TENON_ESHAPE, "rank 3");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(uniform),   CASE(phases),      CASE(normal),
                                      CASE(bernoulli), CASE(multinomial), CASE(repeats),
                                      CASE(eye)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
