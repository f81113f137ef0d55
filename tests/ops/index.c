/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that are steered by indices or look for elements: each against a plain walk, in several
 * types, over more than one tile; and what they refuse. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/driver.h"

static void ints(driver *d, int64_t count, const int64_t *list)
{
    driver_input(d, TENON_I64, 1, &count, list);
}

static void run(driver *d)
{
    tenon_error err;
    if (driver_run(d, tenon__cpu_detect(), &err)) fail_msg("%s", err.message);
}

static int64_t *random_indices(int64_t count, int64_t extent)
{
    int64_t *list = malloc((size_t)(count + 1) * sizeof *list);
    assert_non_null(list);
    for (int64_t i = 0; i < count; i++)
        list[i] = test_random_in(-extent, extent - 1);
    return list;
}

static int64_t fixed(int64_t i, int64_t extent)
{
    return i < 0 ? i + extent : i;
}

static int32_t *counting(int64_t count)
{
    int32_t *x = malloc((size_t)(count + 1) * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < count; i++)
        x[i] = (int32_t)i;
    return x;
}

static void gathers(void **state)
{
    (void)state;
    static const int64_t shapes[][4] = {
        {3, 5, 4, 7}, {1, 40, 64, 900}, {200, 3, 1, 500}, {2, 9, 0, 3}, {4, 2, 3, 0}};
    for (size_t k = 0; k < TEST_COUNT(shapes); k++) { /* outer, axis, inner, indices */
        const int64_t *s = shapes[k], out[3] = {s[0], s[3], s[2]};
        int64_t *list = random_indices(s[3], s[1]), total = s[0] * s[3] * s[2];
        int32_t *x = counting(s[0] * s[1] * s[2]), *want = counting(total);
        for (int64_t o = 0; o < s[0]; o++)
            for (int64_t i = 0; i < s[3]; i++)
                for (int64_t c = 0; c < s[2]; c++)
                    want[(o * s[3] + i) * s[2] + c] =
                        (int32_t)((o * s[1] + fixed(list[i], s[1])) * s[2] + c);
        driver *d = driver_create("Gather", 13);
        driver_int(d, "axis", k % 2 ? 1 : -2);
        driver_input(d, TENON_I32, 3, s, x);
        ints(d, s[3], list);
        run(d);
        driver_expect(d, 0, TENON_I32, 3, out, want);
        driver_destroy(d);
        free(list);
        free(x);
        free(want);
    }
}

/* Packed elements, as long as slices fill bytes; scalars as indices. */
static void gather_forms(void **state)
{
    (void)state;
    static const uint8_t packed[6] = {0x10, 0x32, 0x54, 0x76, 0x98, 0xBA}, row[2] = {0x98, 0xBA};
    static const int64_t dims[2] = {3, 4}, four = 4, odd[2] = {4, 3};
    static const int32_t last = -1, nine = 9;
    driver *d = driver_create("Gather", 13);
    driver_input(d, TENON_U4, 2, dims, packed);
    driver_input(d, TENON_I32, 0, NULL, &last);
    run(d);
    driver_expect(d, 0, TENON_U4, 1, &four, row);
    driver_destroy(d);
    d = driver_create("Gather", 13);
    driver_input(d, TENON_U4, 2, odd, packed);
    driver_input(d, TENON_I32, 0, NULL, &last);
    driver_refuse(d, TENON_EUNSUPPORTED, "whole bytes");
    driver_destroy(d);
    d = driver_create("Gather", 13);
    driver_random(d, TENON_F32, 2, dims, 0, 1);
    driver_input(d, TENON_I32, 0, NULL, &nine);
    driver_refuse(d, TENON_ESHAPE, "index 9 is outside [-3, 3)");
    driver_destroy(d);
    d = driver_create("Gather", 13);
    driver_random(d, TENON_F32, 2, dims, 0, 1);
    driver_random(d, TENON_F32, 1, dims, 0, 1);
    driver_refuse(d, TENON_ETYPE, "int32 or int64");
    driver_destroy(d);
}

/* GatherElements, and ScatterElements the other way, along each axis. */
static void elements(void **state)
{
    (void)state;
    for (int axis = 0; axis < 3; axis++) {
        static const int64_t x_dims[3] = {30, 41, 25};
        int64_t dims[3] = {29, 40, 25};
        dims[axis] = 60;
        int64_t count = dims[0] * dims[1] * dims[2], *list = random_indices(count, x_dims[axis]);
        int64_t x_count = x_dims[0] * x_dims[1] * x_dims[2];
        int32_t *x = counting(x_count), *want = counting(count), *updates = counting(count),
                *sums = counting(x_count);
        for (int64_t i = 0; i < count; i++) {
            int64_t at[3] = {i / dims[2] / dims[1], i / dims[2] % dims[1], i % dims[2]};
            at[axis] = fixed(list[i], x_dims[axis]);
            int64_t place = (at[0] * x_dims[1] + at[1]) * x_dims[2] + at[2];
            want[i] = x[place];
            sums[place] += updates[i];
        }
        driver *d = driver_create("GatherElements", 13);
        driver_int(d, "axis", axis);
        driver_input(d, TENON_I32, 3, x_dims, x);
        driver_input(d, TENON_I64, 3, dims, list);
        run(d);
        driver_expect(d, 0, TENON_I32, 3, dims, want);
        driver_destroy(d);
        d = driver_create("ScatterElements", 16);
        driver_int(d, "axis", axis - 3);
        driver_text(d, "reduction", "add");
        driver_input(d, TENON_I32, 3, x_dims, x);
        driver_input(d, TENON_I64, 3, dims, list);
        driver_input(d, TENON_I32, 3, dims, updates);
        run(d);
        driver_expect(d, 0, TENON_I32, 3, x_dims, sums);
        driver_destroy(d);
        free(list);
        free(x);
        free(want);
        free(updates);
        free(sums);
    }
}

static void tuples(void **state)
{
    (void)state;
    static const float x[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const int64_t cube[3] = {2, 2, 2}, pairs[2] = {3, 2}, list[6] = {0, 1, 1, -2, -1, -1},
                         out[2] = {3, 2};
    static const float want[6] = {2, 3, 4, 5, 6, 7};
    driver *d = driver_create("GatherND", 13);
    driver_input(d, TENON_F32, 3, cube, x);
    driver_input(d, TENON_I64, 2, pairs, list);
    run(d);
    driver_expect(d, 0, TENON_F32, 2, out, want);
    driver_destroy(d);

    static const int64_t each[2] = {2, 1}, rows[2] = {1, 0}, flat[2] = {2, 2};
    static const float batches[4] = {2, 3, 4, 5}; /* row 1 of the first, row 0 of the second */
    d = driver_create("GatherND", 13);
    driver_int(d, "batch_dims", 1);
    driver_input(d, TENON_F32, 3, cube, x);
    driver_input(d, TENON_I64, 2, each, rows);
    run(d);
    driver_expect(d, 0, TENON_F32, 2, flat, batches);
    driver_destroy(d);

    static const char *const how[] = {"none", "add", "mul", "max", "min"};
    static const float updates[4] = {-1, 9, 3, 2}, results[5][8] = {{0, 1, 2, 3, 3, 2, 6, 7},
                                                                    {0, 1, 2, 3, 6, 16, 6, 7},
                                                                    {0, 1, 2, 3, -12, 90, 6, 7},
                                                                    {0, 1, 2, 3, 4, 9, 6, 7},
                                                                    {0, 1, 2, 3, -1, 2, 6, 7}};
    static const int64_t same[4] = {1, 0, -1, -2}, twice[2] = {2, 2};
    for (int k = 0; k < 5; k++) {
        d = driver_create("ScatterND", 18);
        driver_text(d, "reduction", how[k]);
        driver_input(d, TENON_F32, 3, cube, x);
        driver_input(d, TENON_I64, 2, twice, same);
        driver_input(d, TENON_F32, 2, twice, updates);
        run(d);
        driver_expect(d, 0, TENON_F32, 3, cube, results[k]);
        driver_destroy(d);
    }
    d = driver_create("ScatterND", 18);
    driver_input(d, TENON_F32, 3, cube, x);
    driver_input(d, TENON_I64, 2, twice, same);
    driver_input(d, TENON_F32, 2, out, want);
    driver_refuse(d, TENON_ESHAPE, "do not fit");
    driver_destroy(d);
}

/* Tuples in runs of neighbours, which are written together: up to a gap, backwards, and up to one
 * that is out of range. */
static void scatter_runs(void **state)
{
    (void)state;
    static const int64_t shape[2] = {2, 4}, list[2] = {6, 2}, six = 6;
    static const int64_t at[3][12] = {{0, 1, 0, 2, 0, 3, 1, 0, 1, 2, 1, 3},
                                      {1, 3, 1, 2, 1, 1, 0, -1, 1, 0, 0, 0},
                                      {0, 0, 0, 1, 0, 2, 0, 3, 1, 0, 1, 4}};
    static const float x[8] = {0, 1, 2, 3, 4, 5, 6, 7}, updates[6] = {10, 11, 12, 13, 14, 15};
    static const float results[2][8] = {{0, 10, 11, 12, 13, 5, 14, 15},
                                        {15, 1, 2, 13, 14, 12, 11, 10}};
    for (int k = 0; k < 3; k++) {
        driver *d = driver_create("ScatterND", 18);
        driver_input(d, TENON_F32, 2, shape, x);
        driver_input(d, TENON_I64, 2, list, at[k]);
        driver_input(d, TENON_F32, 1, &six, updates);
        if (k < 2) {
            run(d);
            driver_expect(d, 0, TENON_F32, 2, shape, results[k]);
        } else {
            driver_refuse(d, TENON_ESHAPE, "index 4 is outside [-4, 4)");
        }
        driver_destroy(d);
    }
}

/* Many constant tuples, which are packed as runs: the same as when they come with each run. */
static void scatter_constant(void **state)
{
    (void)state;
    enum { ROWS = 9, COLS = 40, MOST = ROWS * COLS };
    static const char *const how[] = {"none", "add"};
    const int64_t shape[2] = {ROWS, COLS};
    for (int i = 0; i < 40; i++) {
        int64_t tuples[2 * MOST + 2 * COLS], count = 0;
        while (count < 100) { /* runs, some of them from the back, some over its end */
            const int64_t row = test_random_in(-ROWS, ROWS - 1), n = test_random_in(1, 20);
            const int64_t col = test_random_in(-COLS, COLS - 1);
            for (int64_t k = 0; k < n; k++, count++) {
                tuples[2 * count] = row;
                tuples[2 * count + 1] = col + k < COLS ? col + k : col + k - COLS;
            }
        }
        if (i % 8 == 0) tuples[2 * count - 1] = COLS; /* out of range */
        const int64_t list[2] = {count, 2};
        driver *d[2];
        for (int constant = 0; constant < 2; constant++) {
            d[constant] = driver_create("ScatterND", 18);
            driver_text(d[constant], "reduction", how[i % 2]);
            float x[MOST], updates[MOST];
            for (int k = 0; k < MOST; k++) {
                x[k] = (float)k;
                updates[k] = (float)(1000 + k);
            }
            driver_input(d[constant], TENON_F32, 2, shape, x);
            (constant ? driver_const : driver_input)(d[constant], TENON_I64, 2, list, tuples);
            driver_input(d[constant], TENON_F32, 1, &count, updates);
            if (i % 8 == 0)
                driver_refuse(d[constant], TENON_ESHAPE, "index 40 is outside [-40, 40)");
            else
                run(d[constant]);
        }
        if (i % 8)
            assert_memory_equal(driver_output(d[0], 0)->data, driver_output(d[1], 0)->data,
                                MOST * sizeof(float));
        driver_destroy(d[0]);
        driver_destroy(d[1]);
    }
}

/* 16-bit floats are folded in f32; a NaN wins. */
static void scatter_types(void **state)
{
    (void)state;
    static const uint16_t halves[2] = {0x3C00, 0x4000}, up[2] = {0x3C00, 0x4400},
                          sums[2] = {0x4600, 0x4000};
    static const int64_t two = 2, zeros[2] = {0, 0};
    static const float a[2] = {1, NAN}, b[2] = {NAN, 5};
    driver *d = driver_create("ScatterElements", 18);
    driver_text(d, "reduction", "add");
    driver_input(d, TENON_F16, 1, &two, halves);
    ints(d, 2, zeros);
    driver_input(d, TENON_F16, 1, &two, up);
    run(d);
    driver_expect(d, 0, TENON_F16, 1, &two, sums);
    driver_destroy(d);
    d = driver_create("ScatterElements", 18);
    driver_text(d, "reduction", "max");
    driver_input(d, TENON_F32, 1, &two, a);
    ints(d, 2, zeros);
    driver_input(d, TENON_F32, 1, &two, b);
    run(d);
    assert_true(isnan(((const float *)driver_output(d, 0)->data)[0])); /* then 5: NaN stays */
    assert_true(isnan(((const float *)driver_output(d, 0)->data)[1])); /* as it was */
    driver_destroy(d);
    d = driver_create("ScatterElements", 18);
    driver_text(d, "reduction", "mul");
    driver_random(d, TENON_BOOL, 1, &two, 0, 1);
    ints(d, 2, zeros);
    driver_random(d, TENON_BOOL, 1, &two, 0, 1);
    driver_refuse(d, TENON_EUNSUPPORTED, "bool");
    driver_destroy(d);
}

static void caches(void **state)
{
    (void)state;
    static const int64_t past[4] = {2, 1, 4, 1}, update[4] = {2, 1, 2, 1}, first[2] = {1, 3};
    static const int32_t x[8] = {0, 1, 2, 3, 4, 5, 6, 7}, u[4] = {10, 11, 12, 13},
                         round[8] = {0, 10, 11, 3, 13, 5, 6, 12};
    driver *d = driver_create("TensorScatter", 24);
    driver_text(d, "mode", "circular");
    driver_input(d, TENON_I32, 4, past, x);
    driver_input(d, TENON_I32, 4, update, u);
    ints(d, 2, first);
    run(d);
    driver_expect(d, 0, TENON_I32, 4, past, round);
    driver_destroy(d);
    d = driver_create("TensorScatter", 24);
    driver_input(d, TENON_I32, 4, past, x);
    driver_input(d, TENON_I32, 4, update, u);
    ints(d, 2, first);
    driver_refuse(d, TENON_ESHAPE, "no room");
    driver_destroy(d);
}

/* y along the axis by one running value, in the type itself. */
static void cumulates(void **state)
{
    (void)state;
    static const int64_t dims[3] = {7, 300, 130};
    int64_t count = dims[0] * dims[1] * dims[2];
    int32_t *x = malloc((size_t)count * sizeof *x), *want = malloc((size_t)count * sizeof *want);
    for (int64_t i = 0; i < count; i++)
        x[i] = (int32_t)test_random_in(-3, 3);
    for (int how = 0; how < 8; how++) {
        bool exclusive = how & 1, reverse = how & 2, product = how & 4;
        for (int64_t o = 0; o < dims[0]; o++)
            for (int64_t c = 0; c < dims[2]; c++) {
                uint32_t sum = product ? 1 : 0;
                for (int64_t k = 0; k < dims[1]; k++) {
                    int64_t i = (o * dims[1] + (reverse ? dims[1] - 1 - k : k)) * dims[2] + c;
                    uint32_t next = product ? sum * (uint32_t)x[i] : sum + (uint32_t)x[i];
                    want[i] = (int32_t)(exclusive ? sum : next);
                    sum = next;
                }
            }
        const int64_t axis = -2;
        driver *d = driver_create(product ? "CumProd" : "CumSum", 26);
        driver_int(d, "exclusive", exclusive);
        driver_int(d, "reverse", reverse);
        driver_input(d, TENON_I32, 3, dims, x);
        driver_input(d, TENON_I64, 0, NULL, &axis);
        run(d);
        driver_expect(d, 0, TENON_I32, 3, dims, want);
        driver_destroy(d);
    }
    free(x);
    free(want);
}

static void one_arg(const float *x, const int64_t *dims, int axis, bool largest, bool last)
{
    int64_t outer = 1, inner = 1, n = dims[axis], out[3];
    for (int d = 0; d < 3; d++) {
        if (d < axis) outer *= dims[d];
        if (d > axis) inner *= dims[d];
        out[d] = d == axis ? 1 : dims[d];
    }
    int64_t *want = malloc((size_t)(outer * inner) * sizeof *want);
    for (int64_t o = 0; o < outer * inner; o++) {
        const float *line = x + o / inner * n * inner + o % inner;
        int64_t best = 0;
        for (int64_t k = 1; k < n; k++) {
            float a = line[k * inner], b = line[best * inner];
            bool better = isnan(b) ? false : isnan(a) || (largest ? a > b : a < b);
            bool equal = a == b || (isnan(a) && isnan(b));
            if (better || (last && equal)) best = k;
        }
        want[o] = best;
    }
    driver *d = driver_create(largest ? "ArgMax" : "ArgMin", 13);
    driver_int(d, "axis", axis);
    driver_int(d, "select_last_index", last);
    driver_input(d, TENON_F32, 3, dims, x);
    run(d);
    driver_expect(d, 0, TENON_I64, 3, out, want);
    driver_destroy(d);
    free(want);
}

static void arguments(void **state)
{
    (void)state;
    static const int64_t dims[3] = {70, 33, 129}, none[2] = {3, 0};
    static float x[70 * 33 * 129];
    for (size_t i = 0; i < TEST_COUNT(x); i++)
        x[i] = test_random() % 97 ? (float)test_random_in(-20, 20) : NAN;
    for (int how = 0; how < 12; how++)
        one_arg(x, dims, how / 4, how & 1, how & 2);
    driver *d = driver_create("ArgMax", 13);
    driver_int(d, "axis", 1);
    driver_random(d, TENON_F32, 2, none, 0, 1);
    driver_refuse(d, TENON_ESHAPE, "no element");
    driver_destroy(d);
}

/* For each rank in the order, how many elements come before. */
static void one_topk(int64_t outer, int64_t n, int64_t inner, int64_t k, bool largest)
{
    const int64_t dims[3] = {outer, n, inner}, out[3] = {outer, k, inner};
    float *x = malloc((size_t)(outer * n * inner) * sizeof *x);
    float *values = calloc((size_t)(outer * k * inner) + 1, sizeof *values);
    int64_t *places = calloc((size_t)(outer * k * inner) + 1, sizeof *places);
    for (int64_t i = 0; i < outer * n * inner; i++)
        x[i] = (float)test_random_in(-9, 9);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t c = 0; c < inner; c++)
            for (int64_t i = 0; i < n; i++) {
                float a = x[(o * n + i) * inner + c];
                int64_t before = 0;
                for (int64_t j = 0; j < n; j++) {
                    float b = x[(o * n + j) * inner + c];
                    before += (largest ? b > a : b < a) || (b == a && j < i);
                }
                if (before >= k) continue;
                values[(o * k + before) * inner + c] = a;
                places[(o * k + before) * inner + c] = i;
            }
    driver *d = driver_create("TopK", 11);
    driver_int(d, "axis", 1);
    driver_int(d, "largest", largest);
    driver_outputs(d, 2);
    driver_input(d, TENON_F32, 3, dims, x);
    ints(d, 1, &k);
    run(d);
    driver_expect(d, 0, TENON_F32, 3, out, values);
    driver_expect(d, 1, TENON_I64, 3, out, places);
    driver_destroy(d);
    free(x);
    free(values);
    free(places);
}

static void top(void **state)
{
    (void)state;
    static const int64_t dims = 3, four = 4;
    for (int largest = 0; largest < 2; largest++) {
        one_topk(3, 40, 5, 7, largest);
        one_topk(2, 300, 1, 300, largest);
        one_topk(500, 60, 3, 1, largest);
        one_topk(2, 5, 2, 0, largest);
    }
    driver *d = driver_create("TopK", 11);
    driver_outputs(d, 2);
    driver_random(d, TENON_F32, 1, &dims, 0, 1);
    ints(d, 1, &four);
    driver_refuse(d, TENON_ESHAPE, "[0, 3]");
    driver_destroy(d);
    /* NaN is above all numbers. */
    static const double x[3] = {1, NAN, 2};
    static const int64_t order[3] = {1, 2, 0};
    d = driver_create("TopK", 11);
    driver_outputs(d, 2);
    driver_input(d, TENON_F64, 1, &dims, x);
    ints(d, 1, &dims);
    run(d);
    driver_expect(d, 1, TENON_I64, 1, &dims, order);
    driver_destroy(d);
}

static void hot(void **state)
{
    (void)state;
    static const float indices[4] = {1, -1, 7, 0};
    static const int64_t four = 4, depth = 3, two = 2, out[2] = {3, 4};
    static const int16_t values[2] = {5, 9}, want[12] = {5, 5, 5, 9, 9, 5, 5, 5, 5, 9, 5, 5};
    driver *d = driver_create("OneHot", 11);
    driver_int(d, "axis", 0);
    driver_input(d, TENON_F32, 1, &four, indices);
    driver_input(d, TENON_I64, 0, NULL, &depth);
    driver_input(d, TENON_I16, 1, &two, values);
    run(d);
    driver_expect(d, 0, TENON_I16, 2, out, want);
    driver_destroy(d);
}

static void compresses(void **state)
{
    (void)state;
    static const int32_t x[6] = {0, 1, 2, 3, 4, 5}, columns[2] = {1, 4}, flat[3] = {1, 2, 4};
    static const int64_t dims[2] = {2, 3}, two = 2, five = 5, three = 3, out[2] = {2, 1}, seven = 7;
    static const uint8_t second[2] = {0, 1}, some[5] = {0, 1, 1, 0, 1}, many[7] = {0};
    driver *d = driver_create("Compress", 11);
    driver_int(d, "axis", 1);
    driver_input(d, TENON_I32, 2, dims, x);
    driver_input(d, TENON_BOOL, 1, &two, second);
    run(d);
    driver_expect(d, 0, TENON_I32, 2, out, columns);
    driver_destroy(d);
    d = driver_create("Compress", 11);
    driver_input(d, TENON_I32, 2, dims, x);
    driver_input(d, TENON_BOOL, 1, &five, some);
    run(d);
    driver_expect(d, 0, TENON_I32, 1, &three, flat);
    driver_destroy(d);
    d = driver_create("Compress", 11);
    driver_input(d, TENON_I32, 2, dims, x);
    driver_input(d, TENON_BOOL, 1, &seven, many);
    driver_refuse(d, TENON_ESHAPE, "7 elements");
    driver_destroy(d);
}

static void reverses(void **state)
{
    (void)state;
    static const int32_t x[8] = {0, 1, 2, 3, 4, 5, 6, 7}, by_row[8] = {2, 1, 0, 3, 4, 5, 6, 7};
    static const int64_t dims[2] = {2, 4}, lens[2] = {3, 0}, late[2] = {3, 5};
    driver *d = driver_create("ReverseSequence", 10);
    driver_int(d, "batch_axis", 0);
    driver_int(d, "time_axis", 1);
    driver_input(d, TENON_I32, 2, dims, x);
    ints(d, 2, lens);
    run(d);
    driver_expect(d, 0, TENON_I32, 2, dims, by_row);
    driver_destroy(d);
    static const int64_t up[4] = {2, 1, 0, 2};
    static const int32_t by_column[8] = {4, 1, 2, 7, 0, 5, 6, 3};
    d = driver_create("ReverseSequence", 10);
    driver_input(d, TENON_I32, 2, dims, x);
    ints(d, 4, up);
    run(d);
    driver_expect(d, 0, TENON_I32, 2, dims, by_column);
    driver_destroy(d);
    d = driver_create("ReverseSequence", 10);
    driver_int(d, "batch_axis", 0);
    driver_int(d, "time_axis", 1);
    driver_input(d, TENON_I32, 2, dims, x);
    ints(d, 2, late);
    driver_refuse(d, TENON_ESHAPE, "length is 5");
    driver_destroy(d);
}

static void triangles(void **state)
{
    (void)state;
    static const int64_t dims[3] = {3, 40, 70},
                         ks[] = {0, 1, -1, 39, -40, 71, 1000, INT64_MIN, INT64_MAX};
    int32_t *x = counting(3 * 40 * 70), *want = counting(3 * 40 * 70);
    for (size_t k = 0; k < 2 * TEST_COUNT(ks); k++) {
        bool upper = k % 2;
        for (int64_t i = 0; i < 3 * 40 * 70; i++) {
            int64_t off = i % 70 - i / 70 % 40;
            want[i] = (upper ? off >= ks[k / 2] : off <= ks[k / 2]) ? x[i] : 0;
        }
        driver *d = driver_create("Trilu", 14);
        driver_int(d, "upper", upper);
        driver_input(d, TENON_I32, 3, dims, x);
        driver_input(d, TENON_I64, 0, NULL, &ks[k / 2]);
        run(d);
        driver_expect(d, 0, TENON_I32, 3, dims, want);
        driver_destroy(d);
    }
    free(x);
    free(want);
}

static void nonzeros(void **state)
{
    (void)state;
    static const float x[6] = {0, 1, -0.0f, NAN, 0, 5};
    static const int64_t dims[2] = {2, 3}, out[2] = {2, 3}, want[6] = {0, 1, 1, 1, 0, 2},
                         none[2] = {0, 1};
    static const float one = 1;
    driver *d = driver_create("NonZero", 13);
    driver_input(d, TENON_F32, 2, dims, x);
    run(d);
    driver_expect(d, 0, TENON_I64, 2, out, want);
    driver_destroy(d);
    d = driver_create("NonZero", 13);
    driver_input(d, TENON_F32, 0, NULL, &one);
    run(d);
    driver_expect(d, 0, TENON_I64, 2, none, NULL);
    driver_destroy(d);
}

static void uniques(void **state)
{
    (void)state;
    static const float x[6] = {2, 1, NAN, 1, 2, NAN}, sorted[3] = {1, 2, NAN},
                       seen[3] = {2, 1, NAN};
    static const int64_t six = 6, three = 3, first[3] = {1, 0, 2}, inverse[6] = {1, 0, 2, 0, 1, 2},
                         counts[3] = {2, 2, 2}, early[3] = {0, 1, 2},
                         inverse_early[6] = {0, 1, 2, 1, 0, 2};
    for (int order = 0; order < 2; order++) {
        driver *d = driver_create("Unique", 11);
        driver_int(d, "sorted", order);
        driver_outputs(d, 4);
        driver_input(d, TENON_F32, 1, &six, x);
        run(d);
        driver_expect(d, 0, TENON_F32, 1, &three, order ? sorted : seen);
        driver_expect(d, 1, TENON_I64, 1, &three, order ? first : early);
        driver_expect(d, 2, TENON_I64, 1, &six, order ? inverse : inverse_early);
        driver_expect(d, 3, TENON_I64, 1, &three, counts);
        driver_destroy(d);
    }
    static const int64_t dims[2] = {2, 4}, out[2] = {2, 3}, places[3] = {2, 0, 1};
    static const int32_t columns[8] = {1, 1, 0, 1, 5, 6, 7, 5}, rows[6] = {0, 1, 1, 7, 5, 6};
    driver *d = driver_create("Unique", 11);
    driver_int(d, "axis", 1);
    driver_outputs(d, 2);
    driver_input(d, TENON_I32, 2, dims, columns);
    run(d);
    driver_expect(d, 0, TENON_I32, 2, out, rows);
    driver_expect(d, 1, TENON_I64, 1, &three, places);
    driver_destroy(d);
    static const tenon_string words[3] = {{"b", 1}, {"a", 1}, {"b", 1}},
                              want[2] = {{"a", 1}, {"b", 1}};
    static const int64_t two = 2;
    d = driver_create("Unique", 11);
    driver_input(d, TENON_STRING, 1, &three, words);
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, &two, want);
    driver_destroy(d);
}

static void ranges(void **state)
{
    (void)state;
    static const struct {
        int64_t start, limit, delta, count;
    } cases[] = {{3, 9, 3, 2},
                 {10, 4, -2, 3},
                 {1, 1, 1, 0},
                 {5, 1, 1, 0},
                 {INT64_MIN, INT64_MIN + 5, 2, 3},
                 {INT64_MAX - 1, INT64_MAX, 7, 1},
                 {INT64_MAX, INT64_MIN, INT64_MIN, 2}};
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        int64_t want[3] = {0};
        for (int64_t i = 0; i < cases[k].count; i++)
            want[i] = (int64_t)((uint64_t)cases[k].start + (uint64_t)i * (uint64_t)cases[k].delta);
        driver *d = driver_create("Range", 11);
        driver_input(d, TENON_I64, 0, NULL, &cases[k].start);
        driver_input(d, TENON_I64, 0, NULL, &cases[k].limit);
        driver_input(d, TENON_I64, 0, NULL, &cases[k].delta);
        run(d);
        driver_expect(d, 0, TENON_I64, 1, &cases[k].count, want);
        driver_destroy(d);
    }
    static const float numbers[3] = {0.5f, 2.1f, 0.5f}, floats[4] = {0.5f, 1, 1.5f, 2};
    static const int64_t four = 4;
    driver *d = driver_create("Range", 11);
    for (int i = 0; i < 3; i++)
        driver_input(d, TENON_F32, 0, NULL, &numbers[i]);
    run(d);
    driver_expect(d, 0, TENON_F32, 1, &four, floats);
    driver_destroy(d);
    static const float endless[3] = {0, INFINITY, 1}, still[3] = {0, 1, 0};
    d = driver_create("Range", 11);
    for (int i = 0; i < 3; i++)
        driver_input(d, TENON_F32, 0, NULL, &endless[i]);
    driver_refuse(d, TENON_ELIMIT, "no end");
    driver_destroy(d);
    d = driver_create("Range", 11);
    for (int i = 0; i < 3; i++)
        driver_input(d, TENON_F32, 0, NULL, &still[i]);
    driver_refuse(d, TENON_EFORMAT, "delta");
    driver_destroy(d);
}

static void constants(void **state)
{
    (void)state;
    static const int64_t dims[2] = {3, 5}, one = 1, minus[1] = {-1};
    static const uint8_t packed = 0x0B;
    uint8_t want[8];
    memset(want, 0xBB, 7);
    want[7] = 0x0B;
    driver *d = driver_create("ConstantOfShape", 21);
    driver_tensor(d, "value", TENON_U4, 1, &one, &packed);
    ints(d, 2, dims);
    run(d);
    assert_memory_equal(driver_output(d, 0)->data, want,
                        7); /* 15 elements: the last half byte is free */
    assert_int_equal(((const uint8_t *)driver_output(d, 0)->data)[7] & 15, 11);
    driver_destroy(d);
    d = driver_create("ConstantOfShape", 9);
    ints(d, 1, minus);
    driver_refuse(d, TENON_ESHAPE, "negative");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(gathers),      CASE(gather_forms),     CASE(elements),      CASE(tuples),
        CASE(scatter_runs), CASE(scatter_constant), CASE(scatter_types), CASE(caches),
        CASE(cumulates),    CASE(arguments),        CASE(top),           CASE(hot),
        CASE(compresses),   CASE(reverses),         CASE(triangles),     CASE(nonzeros),
        CASE(uniques),      CASE(ranges),           CASE(constants)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
