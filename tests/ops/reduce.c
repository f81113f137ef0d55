/* SPDX-License-Identifier: Apache-2.0 */
/* Reduce*, Softmax, LogSoftmax, Hardmax and the losses: every dtype, axes from both places, empty
 * tensors, and what is refused. */
#include <math.h>
#include <string.h>

#include "ops/driver.h"

static const char *const names[] = {
    "ReduceMean", "ReduceSum", "ReduceMax",    "ReduceMin",       "ReduceProd",
    "ReduceL1",   "ReduceL2",  "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"};

typedef struct shape {
    int rank;
    int64_t dims[6];
} shape;

/* Random axes of `s` as an attribute (before opset 13), or as an input. */
static void one(const char *name, tenon_dtype dtype, const shape *s, unsigned axes, bool keep,
                bool input)
{
    driver *d = driver_create(name, input ? 18 : 11);
    int64_t list[6], count = 0;
    for (int k = 0; k < s->rank; k++)
        if (axes >> k & 1) list[count++] = test_random() % 2 ? k : k - s->rank;
    bool real = dtype == TENON_F32 || dtype == TENON_F64;
    bool positive = strstr(name, "LogSum") && !strstr(name, "Exp");
    bool unsigned_dtype = dtype == TENON_U8 || dtype == TENON_U32 || dtype == TENON_U64;
    bool product = !strcmp(name, "ReduceProd") && !real; /* must not wrap: the reference cannot */
    double low = positive ? 0.5 : unsigned_dtype || product ? 1 : real ? -2 : -5;
    driver_random(d, dtype, s->rank, s->dims, low, product ? 2.1 : real ? 2 : 6);
    driver_int(d, "keepdims", keep);
    if (input)
        driver_const(d, TENON_I64, 1, &count, list);
    else if (count)
        driver_ints(d, "axes", (size_t)count, list);
    driver_check(d);
    driver_destroy(d);
}

static void every_axis(void **state)
{
    (void)state;
    static const shape shapes[] = {
        {1, {7}}, {2, {5, 3}}, {3, {4, 1, 9}}, {4, {3, 2, 5, 2}}, {5, {2, 3, 2, 2, 3}}};
    for (size_t n = 0; n < TEST_COUNT(names); n++)
        for (size_t i = 0; i < TEST_COUNT(shapes); i++)
            for (unsigned axes = 0; axes < 1u << shapes[i].rank; axes++)
                one(names[n], TENON_F32, &shapes[i], axes, axes % 2, axes % 3 != 0);
}

static void every_dtype(void **state)
{
    (void)state;
    static const tenon_dtype all[] = {TENON_F32, TENON_F64, TENON_I32, TENON_I64, TENON_U32,
                                      TENON_U64, TENON_I8,  TENON_U8,  TENON_BOOL};
    static const shape s = {3, {3, 4, 5}};
    for (size_t n = 0; n < TEST_COUNT(names); n++)
        for (size_t i = 0; i < TEST_COUNT(all); i++) {
            bool order = !strcmp(names[n], "ReduceMax") || !strcmp(names[n], "ReduceMin");
            if (all[i] >= TENON_I8 && !order && tenon_dtype_bits(all[i]) == 8) continue;
            /* Roots and logarithms of integers are cut: the reference may fall on the other side.
             */
            for (unsigned axes = 1; axes < 8; axes++)
                one(names[n], all[i], &s, axes, true, true);
        }
}

static void large(void **state)
{
    (void)state;
    static const shape shapes[] = {{2, {3, 5000}}, {2, {2000, 70}}, {3, {2, 300, 65}}};
    static const unsigned axes[] = {2, 1, 2};
    for (size_t i = 0; i < TEST_COUNT(shapes); i++) {
        one("ReduceSum", TENON_F32, &shapes[i], axes[i], false, true);
        one("ReduceMax", TENON_F32, &shapes[i], axes[i], false, true);
    }
}

static void no_axes(void **state)
{
    (void)state;
    const float x[3] = {-1, 2, 3}, squares[3] = {1, 4, 9}, sum = 14;
    driver *d = driver_create("ReduceSumSquare", 18);
    driver_int(d, "noop_with_empty_axes", 1);
    driver_input(d, TENON_F32, 1, (int64_t[]){3}, x);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 1, (int64_t[]){3}, squares);
    driver_destroy(d);
    d = driver_create("ReduceSumSquare", 18);
    driver_int(d, "keepdims", 0);
    driver_input(d, TENON_F32, 1, (int64_t[]){3}, x);
    driver_const(d, TENON_I64, 1, (int64_t[]){0}, NULL);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 0, NULL, &sum);
    driver_destroy(d);
}

static void of_nothing(void **state)
{
    (void)state;
    static const float wanted[] = {NAN, 0, -INFINITY, INFINITY, 1, 0, 0, -INFINITY, -INFINITY, 0};
    for (size_t n = 0; n < TEST_COUNT(names); n++) {
        float rows[2] = {wanted[n], wanted[n]};
        driver *d = driver_create(names[n], 18);
        driver_int(d, "keepdims", 0);
        driver_input(d, TENON_F32, 2, (int64_t[]){2, 0}, NULL);
        driver_const(d, TENON_I64, 1, (int64_t[]){1}, (int64_t[]){1});
        driver_check(d);
        driver_expect(d, 0, TENON_F32, 1, (int64_t[]){2}, rows);
        driver_destroy(d);
    }
}

static void extremes(void **state)
{
    (void)state;
    const float x[2][3] = {{1, NAN, 2}, {1000, 1000, -INFINITY}};
    const float max[2] = {NAN, 1000}, lse[2] = {NAN, 1000.6931f};
    for (int i = 0; i < 2; i++) {
        driver *d = driver_create(i ? "ReduceLogSumExp" : "ReduceMax", 13);
        driver_ints(d, "axes", 1, (int64_t[]){1});
        driver_int(d, "keepdims", 0);
        driver_input(d, TENON_F32, 2, (int64_t[]){2, 3}, x);
        driver_check(d);
        driver_expect(d, 0, TENON_F32, 1, (int64_t[]){2}, i ? lse : max);
        driver_destroy(d);
    }
}

static void refused(void **state)
{
    (void)state;
    driver *d = driver_create("ReduceSum", 13);
    driver_random(d, TENON_F32, 2, (int64_t[]){2, 3}, 0, 1);
    driver_const(d, TENON_I64, 1, (int64_t[]){1}, (int64_t[]){2});
    driver_refuse(d, TENON_EFORMAT, "axes");
    driver_destroy(d);
    d = driver_create("ReduceSum", 13);
    driver_random(d, TENON_I8, 2, (int64_t[]){2, 3}, 0, 1);
    driver_refuse(d, TENON_ETYPE, "int8");
    driver_destroy(d);
    d = driver_create("Softmax", 13);
    driver_random(d, TENON_F32, 2, (int64_t[]){2, 3}, 0, 1);
    driver_int(d, "axis", -3);
    driver_refuse(d, TENON_EFORMAT, "axis");
    driver_destroy(d);
}

/* Along each axis, as one axis and (before opset 13) as all from there on. */
static void softmax(void **state)
{
    (void)state;
    static const char *const of[] = {"Softmax", "LogSoftmax", "Hardmax"};
    static const shape shapes[] = {
        {1, {9}}, {3, {3, 5, 7}}, {4, {2, 3, 4, 70}}, {2, {300, 40}}, {3, {2, 0, 3}}};
    for (size_t n = 0; n < TEST_COUNT(of); n++)
        for (size_t i = 0; i < TEST_COUNT(shapes); i++)
            for (int axis = 0; axis < shapes[i].rank; axis++)
                for (int opset = 11; opset <= 13; opset += 2) {
                    driver *d = driver_create(of[n], opset);
                    driver_random(d, axis % 2 ? TENON_F64 : TENON_F32, shapes[i].rank,
                                  shapes[i].dims, -3, 3);
                    driver_int(d, "axis", axis - (i % 2 ? shapes[i].rank : 0));
                    if (strcmp(of[n], "Hardmax")) {
                        driver_check(d);
                    } else {
                        tenon_error err;
                        assert_int_equal(driver_run(d, tenon__cpu_detect(), &err), TENON_OK);
                    }
                    driver_destroy(d);
                }
}

static void hardmax(void **state)
{
    (void)state;
    const float x[3][3] = {{1, 3, 3}, {NAN, 5, NAN}, {-1, -2, NAN}};
    const float wanted[3][3] = {{0, 1, 0}, {1, 0, 0}, {0, 0, 1}};
    tenon_error err;
    driver *d = driver_create("Hardmax", 13);
    driver_input(d, TENON_F32, 2, (int64_t[]){3, 3}, x);
    assert_int_equal(driver_run(d, 0, &err), TENON_OK);
    driver_expect(d, 0, TENON_F32, 2, (int64_t[]){3, 3}, wanted);
    driver_destroy(d);
}

static void loss(void **state)
{
    (void)state;
    static const char *const reductions[] = {"none", "sum", "mean"};
    const float x[2][3] = {{-1, -2, -3}, {-4, -5, -6}}, weight[3] = {1, 2, 4};
    const float none[2] = {4, 0}, one_number[1] = {4}, mean[1] = {2};
    tenon_error err;
    for (int i = 0; i < 3; i++) {
        driver *d = driver_create("NegativeLogLikelihoodLoss", 13);
        driver_input(d, TENON_F32, 2, (int64_t[]){2, 3}, x);
        driver_input(d, TENON_I32, 1, (int64_t[]){2}, (int32_t[]){1, -7});
        driver_input(d, TENON_F32, 1, (int64_t[]){3}, weight);
        driver_text(d, "reduction", reductions[i]);
        driver_int(d, "ignore_index", -7);
        assert_int_equal(driver_run(d, 0, &err), TENON_OK);
        driver_expect(d, 0, TENON_F32, i == 0, (int64_t[]){2},
                      i == 0   ? none
                      : i == 1 ? one_number
                               : mean);
        driver_destroy(d);
    }
    driver *d = driver_create("NegativeLogLikelihoodLoss", 13);
    driver_input(d, TENON_F32, 2, (int64_t[]){2, 3}, x);
    driver_input(d, TENON_I64, 1, (int64_t[]){2}, (int64_t[]){1, 3});
    driver_refuse(d, TENON_EINVAL, "no class");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(every_axis), CASE(every_dtype), CASE(large),   CASE(no_axes), CASE(of_nothing),
        CASE(extremes),   CASE(refused),     CASE(softmax), CASE(hardmax), CASE(loss)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
