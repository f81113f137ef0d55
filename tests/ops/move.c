/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that move elements: each against a walk over all places of the output, in every element
 * size, on every instruction set; the shapes they infer, and what they refuse. */
#include <stdlib.h>
#include <string.h>

#include "ops/driver.h"
#include "tensor/convert.h"

static const tenon_dtype sizes[] = {TENON_U8,   TENON_BF16, TENON_F32, TENON_I64,
                                    TENON_C128, TENON_U4,   TENON_I2};

typedef struct tensor {
    tenon_dtype dtype;
    int rank;
    int64_t dims[8], count;
    uint8_t *data;
} tensor;

static size_t bytes_of(tenon_dtype dtype, int64_t count)
{
    return ((size_t)count * tenon_dtype_bits(dtype) + 7) / 8;
}

static tensor tensor_of(tenon_dtype dtype, int rank, const int64_t *dims)
{
    tensor t = {.dtype = dtype, .rank = rank, .count = 1};
    for (int d = 0; d < rank; d++) {
        t.dims[d] = dims[d];
        t.count *= dims[d];
    }
    t.data = calloc(1, bytes_of(dtype, t.count) + 1);
    assert_non_null(t.data);
    return t;
}

static tensor random_of(tenon_dtype dtype, int rank, const int64_t *dims)
{
    tensor t = tensor_of(dtype, rank, dims);
    if (tenon_dtype_bits(dtype) < 8)
        for (int64_t i = 0; i < t.count; i++)
            tenon__packed_set(dtype, t.data, (size_t)i, (int)(test_random() & 3));
    else
        for (size_t i = 0; i < bytes_of(dtype, t.count); i++)
            t.data[i] = (uint8_t)test_random();
    return t;
}

static void put(tensor *to, int64_t i, const tensor *from, int64_t j)
{
    size_t n = tenon_dtype_bits(to->dtype) / 8;
    if (n)
        memcpy(to->data + (size_t)i * n, from->data + (size_t)j * n, n);
    else
        tenon__packed_set(to->dtype, to->data, (size_t)i,
                          tenon__packed_get(from->dtype, from->data, (size_t)j));
}

/* The place of element i along each dim, and back. */
static void places(const tensor *t, int64_t i, int64_t *at)
{
    for (int d = t->rank - 1; d >= 0; d--) {
        at[d] = i % t->dims[d];
        i /= t->dims[d];
    }
}

static int64_t place(const tensor *t, const int64_t *at)
{
    int64_t i = 0;
    for (int d = 0; d < t->rank; d++)
        i = i * t->dims[d] + at[d];
    return i;
}

static void give(driver *d, const tensor *t)
{
    driver_input(d, t->dtype, t->rank, t->dims, t->data);
}

static void ints(driver *d, int64_t count, const int64_t *list)
{
    driver_input(d, TENON_I64, 1, &count, list);
}

/* The driver must make `want` of what it was given, plain and with all the CPU has. */
static void expect(driver *d, const tensor *want)
{
    tenon_error err;
    tenon__cpu_bits levels[] = {tenon__cpu_detect(), 0};
    for (int k = 0; k < 2; k++) {
        if (driver_run(d, levels[k], &err)) fail_msg("%s", err.message);
        driver_expect(d, 0, want->dtype, want->rank, want->dims, want->data);
    }
}

static void shuffle(int64_t *list, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)test_random_in(0, i);
        int64_t t = list[i];
        list[i] = list[j];
        list[j] = t;
    }
}

static void one_transpose(tenon_dtype dtype, int rank, const int64_t *dims, const int64_t *perm)
{
    int64_t turned[8], at[8], from[8];
    tensor x = random_of(dtype, rank, dims);
    for (int d = 0; d < rank; d++)
        turned[d] = dims[perm[d]];
    tensor y = tensor_of(dtype, rank, turned);
    for (int64_t i = 0; i < y.count; i++) {
        places(&y, i, at);
        for (int d = 0; d < rank; d++)
            from[perm[d]] = at[d];
        put(&y, i, &x, place(&x, from));
    }
    driver *d = driver_create("Transpose", 13);
    driver_ints(d, "perm", (size_t)rank, perm);
    give(d, &x);
    expect(d, &y);
    driver_destroy(d);
    free(x.data);
    free(y.data);
}

static void transposes(void **state)
{
    (void)state;
    for (size_t s = 0; s < TEST_COUNT(sizes); s++) {
        for (int k = 0; k < 60; k++) {
            int64_t dims[5], perm[] = {0, 1, 2, 3, 4};
            int rank = (int)test_random_in(1, 5);
            for (int d = 0; d < rank; d++)
                dims[d] = test_random_in(0, 9) == 0 ? 0 : test_random_in(1, rank < 4 ? 30 : 7);
            shuffle(perm, rank);
            one_transpose(sizes[s], rank, dims, perm);
        }
        one_transpose(sizes[s], 2, (int64_t[]){517, 301}, (int64_t[]){1, 0});
        one_transpose(sizes[s], 3, (int64_t[]){2, 3, 40007}, (int64_t[]){0, 2, 1});
        one_transpose(sizes[s], 3, (int64_t[]){2, 40007, 3}, (int64_t[]){0, 2, 1});
        one_transpose(sizes[s], 4, (int64_t[]){3, 50, 8, 16}, (int64_t[]){0, 2, 1, 3});
        one_transpose(sizes[s], 4, (int64_t[]){3, 50, 60, 4}, (int64_t[]){2, 1, 0, 3});
    }
}

/* Extents of a sliced axis as Python has them. */
static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

static void slices(void **state)
{
    (void)state;
    for (int k = 0; k < 300; k++) {
        tenon_dtype dtype = sizes[k % (int)TEST_COUNT(sizes)];
        int64_t dims[4], out[4], starts[4], ends[4], steps[4], axes[4], first[4], at[4];
        int rank = (int)test_random_in(1, 4);
        for (int d = 0; d < rank; d++)
            dims[d] = test_random_in(0, 12);
        for (int d = 0; d < rank; d++) {
            axes[d] = test_random() % 2 ? d : d - rank;
            steps[d] = (int64_t[]){1, 2, -1, -3, 5}[test_random_in(0, 4)];
            starts[d] = test_random_in(-14, 14);
            ends[d] = test_random_in(-14, 14);
            int64_t b = starts[d] < 0 ? starts[d] + dims[d] : starts[d],
                    e = ends[d] < 0 ? ends[d] + dims[d] : ends[d];
            b = steps[d] > 0 ? clamp(b, 0, dims[d]) : clamp(b, 0, dims[d] - 1);
            e = steps[d] > 0 ? clamp(e, 0, dims[d]) : clamp(e, -1, dims[d] - 1);
            out[d] = 0;
            for (int64_t i = b; dims[d] && (steps[d] > 0 ? i < e : i > e); i += steps[d])
                out[d]++;
            first[d] = b;
        }
        tensor x = random_of(dtype, rank, dims), y = tensor_of(dtype, rank, out);
        for (int64_t i = 0; i < y.count; i++) {
            places(&y, i, at);
            for (int d = 0; d < rank; d++)
                at[d] = first[d] + at[d] * steps[d];
            put(&y, i, &x, place(&x, at));
        }
        driver *d = driver_create("Slice", 13);
        give(d, &x);
        ints(d, rank, starts);
        ints(d, rank, ends);
        ints(d, rank, axes);
        ints(d, rank, steps);
        expect(d, &y);
        driver_destroy(d);
        free(x.data);
        free(y.data);
    }
}

static void slice_extremes(void **state)
{
    (void)state;
    static const struct {
        int64_t start, end, step, count, first;
    } cases[] = {{0, INT64_MAX, 1, 5, 0},          {INT64_MIN, INT64_MAX, 1, 5, 0},
                 {INT64_MAX, INT64_MIN, -1, 5, 4}, {-1, INT64_MIN, INT64_MIN, 1, 4},
                 {0, INT64_MAX, INT64_MAX, 1, 0},  {-1, INT32_MAX, -2, 3, 4},
                 {4, INT64_MAX, -1, 5, 4},         {5, 5, 1, 0, 0}};
    static const int32_t x[5] = {10, 11, 12, 13, 14};
    const int64_t five = 5;
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        int32_t want[5];
        for (int64_t i = 0; i < cases[k].count; i++)
            want[i] = x[cases[k].first + (i ? i * cases[k].step : 0)];
        driver *d = driver_create("Slice", 10);
        driver_input(d, TENON_I32, 1, &five, x);
        ints(d, 1, &cases[k].start);
        ints(d, 1, &cases[k].end);
        driver_absent(d);
        ints(d, 1, &cases[k].step);
        tenon_error err;
        if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
        driver_expect(d, 0, TENON_I32, 1, &cases[k].count, want);
        driver_destroy(d);
    }
}

/* Joining pieces gives what splitting gave away. */
static void joined(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{3, 7, 5},     {1, 9, 1}, {20000, 6, 1},
                                        {2, 6, 90001}, {4, 0, 3}, {1, 12, 131072}};
    for (size_t k = 0; k < TEST_COUNT(shapes) * TEST_COUNT(sizes); k++) {
        const int64_t *dims = shapes[k % TEST_COUNT(shapes)];
        tenon_dtype dtype = sizes[k / TEST_COUNT(shapes)];
        if (dims[0] * dims[1] * dims[2] > 200000 && tenon_dtype_bits(dtype) < 8) continue;
        const int64_t cut = test_random_in(0, dims[1]), parts[3] = {cut, 0, dims[1] - cut};
        tensor x = random_of(dtype, 3, dims), piece[3];
        driver *split = driver_create("Split", 13);
        driver *concat = driver_create("Concat", 13);
        tenon_error err;
        driver_int(split, "axis", -2);
        driver_int(concat, "axis", 1);
        give(split, &x);
        ints(split, 3, parts);
        driver_outputs(split, 3);
        if (driver_run(split, 0, &err)) fail_msg("%s", err.message);
        int64_t from = 0;
        for (uint32_t p = 0; p < 3; p++) {
            int64_t own[3] = {dims[0], parts[p], dims[2]}, at[3];
            piece[p] = tensor_of(dtype, 3, own);
            for (int64_t i = 0; i < piece[p].count; i++) {
                places(&piece[p], i, at);
                at[1] += from;
                put(&piece[p], i, &x, place(&x, at));
            }
            from += parts[p];
            driver_expect(split, p, dtype, 3, own, piece[p].data);
            give(concat, &piece[p]);
        }
        expect(concat, &x);
        for (int p = 0; p < 3; p++)
            free(piece[p].data);
        free(x.data);
        driver_destroy(split);
        driver_destroy(concat);
    }
}

static void splits_evenly(void **state)
{
    (void)state;
    static const int64_t seven = 7, parts[4] = {2, 2, 2, 1};
    static const uint8_t x[7] = {0, 1, 2, 3, 4, 5, 6};
    tenon_error err;
    driver *d = driver_create("Split", 18);
    driver_int(d, "num_outputs", 4);
    driver_outputs(d, 4);
    driver_input(d, TENON_U8, 1, &seven, x);
    if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
    for (uint32_t p = 0; p < 4; p++)
        driver_expect(d, p, TENON_U8, 1, &parts[p], x + 2 * p);
    driver_destroy(d);
    d = driver_create("Split", 13);
    driver_outputs(d, 4);
    driver_input(d, TENON_U8, 1, &seven, x);
    driver_refuse(d, TENON_ESHAPE, "equal parts");
    driver_destroy(d);
}

static void blocked_channels(void **state)
{
    (void)state;
    static const int64_t a[] = {2, 32, 3, 5}, b[] = {2, 16, 3, 5};
    driver *d = driver_create("Concat", 13);
    driver_int(d, "axis", 1);
    driver_random(d, TENON_F32, 4, a, -1, 1);
    driver_blocked(d);
    driver_random(d, TENON_F32, 4, b, -1, 1);
    driver_blocked(d);
    driver_check(d);
    driver_destroy(d);
    d = driver_create("Split", 13);
    driver_int(d, "axis", 1);
    driver_random(d, TENON_F32, 4, a, -1, 1);
    driver_blocked(d);
    driver_outputs(d, 2);
    driver_check(d);
    driver_destroy(d);
}

static void expands(void **state)
{
    (void)state;
    for (int k = 0; k < 200; k++) {
        tenon_dtype dtype = sizes[k % (int)TEST_COUNT(sizes)];
        int64_t dims[4], shape[5], out[5], at[5];
        int rank = (int)test_random_in(0, 4), more = (int)test_random_in(0, 5 - rank),
            wide = rank + more;
        for (int d = 0; d < wide; d++) {
            out[d] = test_random_in(0, 20) ? test_random_in(1, k == 0 ? 40 : 9) : 0;
            shape[d] = out[d];
            if (d < more) continue;
            dims[d - more] = test_random() % 2 ? 1 : out[d];
            if (dims[d - more] == out[d] && test_random() % 2) shape[d] = 1;
        }
        tensor x = random_of(dtype, rank, dims), y = tensor_of(dtype, wide, out);
        for (int64_t i = 0; i < y.count; i++) {
            places(&y, i, at);
            for (int d = 0; d < rank; d++)
                if (dims[d] == 1) at[more + d] = 0;
            put(&y, i, &x, place(&x, at + more));
        }
        driver *d = driver_create("Expand", 13);
        give(d, &x);
        ints(d, wide, shape);
        expect(d, &y);
        driver_destroy(d);
        free(x.data);
        free(y.data);
    }
}

static void tiles(void **state)
{
    (void)state;
    for (int k = 0; k < 150; k++) {
        tenon_dtype dtype = sizes[k % (int)TEST_COUNT(sizes)];
        int64_t dims[4], repeats[4], out[4], at[4];
        int rank = (int)test_random_in(1, 4);
        for (int d = 0; d < rank; d++) {
            dims[d] = test_random_in(1, 6);
            repeats[d] = test_random_in(0, 4);
            out[d] = dims[d] * repeats[d];
        }
        tensor x = random_of(dtype, rank, dims), y = tensor_of(dtype, rank, out);
        for (int64_t i = 0; i < y.count; i++) {
            places(&y, i, at);
            for (int d = 0; d < rank; d++)
                at[d] %= dims[d];
            put(&y, i, &x, place(&x, at));
        }
        driver *d = driver_create("Tile", 13);
        give(d, &x);
        ints(d, rank, repeats);
        expect(d, &y);
        driver_destroy(d);
        free(x.data);
        free(y.data);
    }
}

/* Where place i of a padded axis of n comes from, found step by step; -1 is the constant. */
static int64_t padded_source(const char *mode, int64_t i, int64_t n)
{
    while (i < 0 || i >= n) {
        if (!strcmp(mode, "constant")) return -1;
        if (!strcmp(mode, "edge")) i = i < 0 ? 0 : n - 1;
        if (!strcmp(mode, "wrap")) i += i < 0 ? n : -n;
        if (!strcmp(mode, "reflect")) i = n == 1 ? 0 : i < 0 ? -i : 2 * (n - 1) - i;
    }
    return i;
}

static void pads(void **state)
{
    (void)state;
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};
    for (int k = 0; k < 300; k++) {
        const char *mode = modes[k % 4];
        tenon_dtype dtype = sizes[k / 4 % 5];
        int64_t dims[4], out[4], list[8], cut[4], at[4];
        int rank = (int)test_random_in(1, 4);
        for (int d = 0; d < rank; d++) {
            dims[d] = test_random_in(3, 8);
            list[d] = test_random() % 3 ? test_random_in(-1, 12) : 0;
            list[rank + d] = test_random() % 3 ? test_random_in(-1, 12) : 0;
            out[d] = dims[d] + list[d] + list[rank + d];
            cut[d] = list[d] < 0 ? -list[d] : 0;
        }
        tensor x = random_of(dtype, rank, dims), y = tensor_of(dtype, rank, out),
               value = random_of(dtype, 0, NULL);
        for (int64_t i = 0; i < y.count; i++) {
            bool outside = false;
            places(&y, i, at);
            for (int d = 0; d < rank; d++) {
                int64_t kept = dims[d] - cut[d] - (list[rank + d] < 0 ? -list[rank + d] : 0);
                int64_t from = padded_source(mode, at[d] - (list[d] > 0 ? list[d] : 0), kept);
                outside = outside || from < 0;
                at[d] = cut[d] + from;
            }
            if (outside)
                put(&y, i, &value, 0);
            else
                put(&y, i, &x, place(&x, at));
        }
        driver *d = driver_create("Pad", 19);
        driver_text(d, "mode", mode);
        give(d, &x);
        ints(d, 2 * rank, list);
        give(d, &value);
        expect(d, &y);
        driver_destroy(d);
        free(x.data);
        free(y.data);
        free(value.data);
    }
}

static void pads_some_axes(void **state)
{
    (void)state;
    static const float x[4] = {1, 2, 3, 4}, want[8] = {0, 1, 2, 0, 0, 3, 4, 0};
    static const int64_t two[2] = {2, 2}, out[2] = {2, 4}, list[2] = {1, 1}, axis = -1;
    driver *d = driver_create("Pad", 18);
    tenon_error err;
    driver_input(d, TENON_F32, 2, two, x);
    ints(d, 2, list);
    driver_absent(d);
    ints(d, 1, &axis);
    if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
    driver_expect(d, 0, TENON_F32, 2, out, want);
    driver_destroy(d);
    d = driver_create("Pad", 2); /* attributes, a float */
    static const int64_t both[4] = {0, 1, 0, 1};
    static const float half[8] = {.5f, 1, 2, .5f, .5f, 3, 4, .5f};
    driver_ints(d, "pads", 4, both);
    driver_float(d, "value", .5f);
    driver_input(d, TENON_F32, 2, two, x);
    if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
    driver_expect(d, 0, TENON_F32, 2, out, half);
    driver_destroy(d);
}

/* Channel (y, x, c) of a block of pixels, or (c, y, x), is pixel (y, x): and back. */
static void depth_and_space(void **state)
{
    (void)state;
    for (int k = 0; k < 60; k++) {
        tenon_dtype dtype = sizes[k % 5];
        bool columns = k % 2;
        int64_t b = test_random_in(1, 4), n = 2, c = test_random_in(1, 3), h = test_random_in(1, 5),
                w = test_random_in(1, 40);
        int64_t deep[4] = {n, c * b * b, h, w}, flat[4] = {n, c, h * b, w * b}, at[4];
        tensor x = random_of(dtype, 4, deep), y = tensor_of(dtype, 4, flat);
        for (int64_t i = 0; i < y.count; i++) {
            places(&y, i, at);
            int64_t py = at[2] % b, px = at[3] % b;
            int64_t channel = columns ? (at[1] * b + py) * b + px : (py * b + px) * c + at[1];
            put(&y, i, &x, place(&x, (int64_t[]){at[0], channel, at[2] / b, at[3] / b}));
        }
        driver *d = driver_create("DepthToSpace", 13);
        driver_int(d, "blocksize", b);
        driver_text(d, "mode", columns ? "CRD" : "DCR");
        give(d, &x);
        expect(d, &y);
        driver_destroy(d);
        if (!columns) {
            d = driver_create("SpaceToDepth", 13);
            driver_int(d, "blocksize", b);
            give(d, &y);
            expect(d, &x);
            driver_destroy(d);
        }
        free(x.data);
        free(y.data);
    }
}

/* infer alone: views have no run. */
typedef struct view_case {
    const char *op;
    int opset, rank;
    int64_t dims[4];
    int count; /* of the list; -1 none */
    int64_t list[4];
    tenon_status status;
    int out_rank;
    int64_t out[6];
} view_case;

static void views(void **state)
{
    (void)state;
    static const view_case cases[] = {
        {"Reshape", 14, 3, {2, 3, 4}, 2, {0, -1}, TENON_OK, 2, {2, 12}},
        {"Reshape", 14, 3, {2, 3, 4}, 1, {-1}, TENON_OK, 1, {24}},
        {"Reshape", 14, 3, {2, 3, 4}, 0, {0}, TENON_ESHAPE, 0, {0}},
        {"Reshape", 14, 3, {2, 3, 4}, 2, {-1, -1}, TENON_ESHAPE, 0, {0}},
        {"Reshape", 14, 3, {2, 3, 4}, 2, {5, -1}, TENON_ESHAPE, 0, {0}},
        {"Reshape", 14, 3, {2, 3, 4}, 4, {0, 0, 0, 0}, TENON_ESHAPE, 0, {0}},
        {"Reshape", 14, 2, {0, 5}, 2, {5, -1}, TENON_OK, 2, {5, 0}},
        {"Reshape", 14, 2, {0, 5}, 2, {0, -1}, TENON_ESHAPE, 0, {0}},
        {"Squeeze", 13, 4, {1, 3, 1, 4}, -1, {0}, TENON_OK, 2, {3, 4}},
        {"Squeeze", 13, 4, {1, 3, 1, 4}, 1, {-2}, TENON_OK, 3, {1, 3, 4}},
        {"Squeeze", 13, 4, {1, 3, 1, 4}, 1, {1}, TENON_ESHAPE, 0, {0}},
        {"Unsqueeze", 13, 2, {3, 4}, 2, {-1, 0}, TENON_OK, 4, {1, 3, 4, 1}},
        {"Unsqueeze", 13, 2, {3, 4}, 2, {0, 0}, TENON_EFORMAT, 0, {0}},
        {"Unsqueeze", 13, 2, {3, 4}, 1, {3}, TENON_EFORMAT, 0, {0}},
        {"Flatten", 13, 3, {2, 3, 4}, -1, {0}, TENON_OK, 2, {2, 12}},
    };
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        const view_case *c = &cases[k];
        driver *d = driver_create(c->op, c->opset);
        driver_random(d, TENON_F32, c->rank, c->dims, 0, 1);
        if (c->count >= 0) ints(d, c->count, c->list);
        if (c->status) {
            driver_refuse(d, c->status, "");
        } else {
            tenon_error err;
            if (driver_run(d, 0, &err)) fail_msg("case %zu: %s", k, err.message);
            const tenon__view *v = driver_output(d, 0);
            assert_int_equal(v->rank, c->out_rank);
            assert_memory_equal(v->dims, c->out, (size_t)v->rank * sizeof *v->dims);
        }
        driver_destroy(d);
    }
}

static void shapes_and_sizes(void **state)
{
    (void)state;
    static const struct {
        int64_t start, end, count, first;
    } cases[] = {{0, INT64_MAX, 4, 0}, {1, 3, 2, 1}, {-1, 9, 1, 3}, {-9, -3, 1, 0}, {3, 1, 0, 0}};
    static const int64_t dims[] = {5, 1, 0, 7};
    tenon_error err;
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        driver *d = driver_create("Shape", 15);
        driver_int(d, "start", cases[k].start);
        driver_int(d, "end", cases[k].end);
        driver_random(d, TENON_U8, 4, dims, 0, 1);
        if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
        driver_expect(d, 0, TENON_I64, 1, &cases[k].count, dims + cases[k].first);
        driver_destroy(d);
    }
    static const int64_t some[] = {3, 4, 5}, sixty = 60;
    driver *d = driver_create("Size", 13);
    driver_random(d, TENON_F64, 3, some, 0, 1);
    if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
    driver_expect(d, 0, TENON_I64, 0, NULL, &sixty);
    driver_destroy(d);
}

static void center(void **state)
{
    (void)state;
    static const int64_t dims[2] = {3, 6}, shape[2] = {6, 3}, axes[2] = {0, -1};
    int32_t x[18], want[18] = {0};
    tenon_error err;
    for (int i = 0; i < 18; i++)
        x[i] = i + 1;
    for (int row = 0; row < 3; row++) /* one row in front, two behind; one column off, then two */
        for (int column = 0; column < 3; column++)
            want[(row + 1) * 3 + column] = x[row * 6 + column + 1];
    driver *d = driver_create("CenterCropPad", 18);
    driver_ints(d, "axes", 2, axes);
    driver_input(d, TENON_I32, 2, dims, x);
    ints(d, 2, shape);
    if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
    driver_expect(d, 0, TENON_I32, 2, shape, want);
    driver_destroy(d);
}

static void refusals(void **state)
{
    (void)state;
    static const int64_t two[2] = {2, 3}, three[3] = {2, 3, 4}, perm[2] = {1, 1}, bad[2] = {2, 2},
                         minus[2] = {-3, 1}, pad[4] = {0, -2, 0, -2};
    driver *d = driver_create("Transpose", 13);
    driver_ints(d, "perm", 2, perm);
    driver_random(d, TENON_F32, 2, two, 0, 1);
    driver_refuse(d, TENON_EFORMAT, "permutation");
    driver_destroy(d);
    d = driver_create("Concat", 13);
    driver_int(d, "axis", 0);
    driver_random(d, TENON_F32, 2, two, 0, 1);
    driver_random(d, TENON_F32, 3, three, 0, 1);
    driver_refuse(d, TENON_ESHAPE, "all dims but one");
    driver_destroy(d);
    d = driver_create("Concat", 13);
    driver_int(d, "axis", 0);
    driver_random(d, TENON_F32, 2, two, 0, 1);
    driver_random(d, TENON_I32, 2, two, 0, 1);
    driver_refuse(d, TENON_ETYPE, "one type");
    driver_destroy(d);
    d = driver_create("Concat", 13);
    driver_random(d, TENON_F32, 2, two, 0, 1);
    driver_refuse(d, TENON_EFORMAT, "axis");
    driver_destroy(d);
    d = driver_create("Expand", 13);
    driver_random(d, TENON_F32, 2, two, 0, 1);
    ints(d, 2, bad);
    driver_refuse(d, TENON_ESHAPE, "cannot become");
    driver_destroy(d);
    d = driver_create("Tile", 13);
    driver_random(d, TENON_F32, 2, two, 0, 1);
    ints(d, 2, minus);
    driver_refuse(d, TENON_ESHAPE, "negative");
    driver_destroy(d);
    d = driver_create("Pad", 13);
    driver_random(d, TENON_F32, 2, two, 0, 1);
    ints(d, 4, pad);
    driver_refuse(d, TENON_ESHAPE, "take");
    driver_destroy(d);
    d = driver_create("Pad", 13);
    driver_random(d, TENON_U4, 2, two, 0, 1);
    ints(d, 4, pad);
    driver_refuse(d, TENON_EUNSUPPORTED, "uint4");
    driver_destroy(d);
    d = driver_create("Slice", 13);
    driver_random(d, TENON_F32, 2, two, 0, 1);
    ints(d, 2, bad);
    ints(d, 2, bad);
    ints(d, 2, perm);
    driver_refuse(d, TENON_EFORMAT, "twice");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(transposes),       CASE(slices),          CASE(slice_extremes),
        CASE(joined),           CASE(splits_evenly),   CASE(blocked_channels),
        CASE(expands),          CASE(tiles),           CASE(pads),
        CASE(pads_some_axes),   CASE(depth_and_space), CASE(views),
        CASE(shapes_and_sizes), CASE(center),          CASE(refusals)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
