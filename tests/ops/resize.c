/* SPDX-License-Identifier: Apache-2.0 */
/* Resize and its like. Each mode against the definition, written out for one element at a time: the
 * filter is evaluated over all places of the input. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/driver.h"

typedef struct setting {
    const char *mode, *coords, *round;
    bool antialias, exclude;
} setting;

static double place_of(const setting *s, double x, double scale, double in, double out,
                       double width)
{
    if (!strcmp(s->coords, "asymmetric")) return x / scale;
    if (!strcmp(s->coords, "align_corners")) return width == 1 ? 0 : x * (in - 1) / (width - 1);
    if (!strcmp(s->coords, "pytorch_half_pixel") && width <= 1) return 0;
    double half = (x + 0.5) / scale - 0.5;
    if (!strcmp(s->coords, "half_pixel_symmetric")) half += in / 2 * (1 - out / width);
    return half;
}

static double filter(const char *mode, double x)
{
    const double a = -0.75;
    x = fabs(x);
    if (!strcmp(mode, "linear")) return x < 1 ? 1 - x : 0;
    if (x <= 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
    return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
}

static int64_t nearest(const char *round, double x)
{
    if (!strcmp(round, "floor")) return (int64_t)floor(x);
    if (!strcmp(round, "ceil")) return (int64_t)ceil(x);
    return (int64_t)(!strcmp(round, "round_prefer_floor") ? ceil(x - 0.5) : floor(x + 0.5));
}

/* Weights of all `in` places for output place i. */
static void weights_of(const setting *s, int64_t i, int64_t in, int64_t out, double scale,
                       double *weight)
{
    double width = scale * (double)in,
           x = place_of(s, (double)i, scale, (double)in, (double)out, width), sum = 0;
    double stretch = s->antialias && scale < 1 ? scale : 1;
    for (int64_t k = 0; k < in; k++)
        weight[k] = 0;
    if (!strcmp(s->mode, "nearest")) {
        int64_t k = nearest(s->round, x);
        weight[k < 0 ? 0 : k >= in ? in - 1 : k] = 1;
        return;
    }
    for (int64_t k = (int64_t)floor(x) - 100; k <= (int64_t)floor(x) + 100; k++) {
        double w = filter(s->mode, ((double)k - x) * stretch);
        if (s->exclude && (k < 0 || k >= in)) w = 0;
        sum += w;
        weight[k < 0 ? 0 : k >= in ? in - 1 : k] += w;
    }
    for (int64_t k = 0; k < in; k++)
        weight[k] /= s->antialias || s->exclude ? sum : 1;
}

/* [a, in, b] along the middle. */
static void along(const setting *s, const double *x, double *y, int64_t a, int64_t in, int64_t out,
                  int64_t b, double scale)
{
    double *weight = malloc((size_t)in * sizeof *weight);
    assert_non_null(weight);
    for (int64_t i = 0; i < out; i++) {
        weights_of(s, i, in, out, scale, weight);
        for (int64_t r = 0; r < a; r++)
            for (int64_t c = 0; c < b; c++) {
                double sum = 0;
                for (int64_t k = 0; k < in; k++)
                    if (weight[k] != 0) sum += weight[k] * x[(r * in + k) * b + c];
                y[(r * out + i) * b + c] = sum;
            }
    }
    free(weight);
}

static double clamped(double x, double low, double high)
{
    x = nearbyint(x);
    return x < low ? low : x > high ? high : x;
}

/* Two axes of a tensor of rank 4 are resampled, by scales (f32, exact ones) or sizes. */
static void one(const setting *s, tenon_dtype dtype, const int64_t *dims, int first, int second,
                double sf, double ss, bool sizes)
{
    int64_t out[4];
    float scales[4] = {1, 1, 1, 1};
    size_t n = 1, m = 1;
    for (int d = 0; d < 4; d++) {
        double scale = d == first ? sf : d == second ? ss : 1;
        scales[d] = (float)scale;
        out[d] = (int64_t)((double)dims[d] * scale + 1e-6);
        n *= (size_t)dims[d];
        m *= (size_t)out[d];
    }
    if (sizes) {
        sf = (double)out[first] / (double)dims[first];
        ss = (double)out[second] / (double)dims[second];
    }
    double *x = malloc(n * sizeof *x), *mid = malloc((n + m) * 8 * sizeof *mid),
           *y = malloc((m + 1) * sizeof *y);
    uint8_t *given = malloc(n * 8), *want = malloc((m + 1) * 8);
    for (size_t i = 0; i < n; i++) {
        x[i] = dtype == TENON_F32 || dtype == TENON_F64 ? (double)(float)test_random_real(-1, 1)
                                                        : (double)test_random_in(0, 255);
        if (dtype == TENON_F32) ((float *)(void *)given)[i] = (float)x[i];
        if (dtype == TENON_F64) ((double *)(void *)given)[i] = x[i];
        if (dtype == TENON_U8) given[i] = (uint8_t)x[i];
        if (dtype == TENON_I32) ((int32_t *)(void *)given)[i] = (int32_t)x[i];
    }
    int64_t before = 1, between = 1, after = 1;
    for (int d = 0; d < 4; d++) {
        if (d < first) before *= dims[d];
        if (d > first && d < second) between *= dims[d];
        if (d > second) after *= dims[d];
    }
    along(s, x, mid, before, dims[first], out[first], between * dims[second] * after, sf);
    along(s, mid, y, before * out[first] * between, dims[second], out[second], after, ss);
    for (size_t i = 0; i < m; i++) {
        if (dtype == TENON_F32) ((float *)(void *)want)[i] = (float)y[i];
        if (dtype == TENON_F64) ((double *)(void *)want)[i] = y[i];
        if (dtype == TENON_U8) want[i] = (uint8_t)clamped(y[i], 0, 255);
        if (dtype == TENON_I32) ((int32_t *)(void *)want)[i] = (int32_t)clamped(y[i], -1e9, 1e9);
    }
    tenon__cpu_bits levels[] = {tenon__cpu_detect(), TENON__CPU_AVX2 & tenon__cpu_detect(), 0};
    for (int k = 0; k < 3; k++) {
        static const int64_t four = 4;
        tenon_error err;
        driver *d = driver_create("Resize", 19);
        driver_text(d, "mode", s->mode);
        driver_text(d, "coordinate_transformation_mode", s->coords);
        driver_text(d, "nearest_mode", s->round);
        driver_int(d, "antialias", s->antialias);
        driver_int(d, "exclude_outside", s->exclude);
        driver_tolerance(d, 2e-6);
        driver_input(d, dtype, 4, dims, given);
        driver_absent(d);
        if (sizes) {
            driver_absent(d);
            driver_input(d, TENON_I64, 1, &four, out);
        } else {
            driver_input(d, TENON_F32, 1, &four, scales);
        }
        if (driver_run(d, levels[k], &err)) fail_msg("%s %s: %s", s->mode, s->coords, err.message);
        driver_expect(d, 0, dtype, 4, out, want);
        driver_destroy(d);
    }
    free(x);
    free(mid);
    free(y);
    free(given);
    free(want);
}

static const char *const all_coords[] = {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
                                         "align_corners", "asymmetric"};

static void linear_and_cubic(void **state)
{
    (void)state;
    static const int64_t dims[4] = {2, 3, 10, 20};
    static const double scales[] = {0.5, 2, 1.5, 0.25, 3};
    for (int k = 0; k < 60; k++) {
        setting s = {k % 2 ? "linear" : "cubic", all_coords[k / 2 % 5], "floor", k % 3 == 0,
                     k % 4 == 1};
        one(&s, TENON_F32, dims, 2, 3, scales[k % 5], scales[k / 5 % 5], k % 7 < 3);
    }
}

static void layouts_and_types(void **state)
{
    (void)state;
    static const int64_t dims[4] = {3, 9, 8, 12};
    static const tenon_dtype dtypes[] = {TENON_F32, TENON_F64};
    for (int k = 0; k < 36; k++) {
        static const int pairs[6][2] = {{2, 3}, {1, 2}, {0, 1}, {0, 3}, {1, 3}, {0, 2}};
        setting s = {k % 2 ? "linear" : "cubic", all_coords[k / 2 % 5], "floor", false, false};
        one(&s, dtypes[k / 6 % 2], dims, pairs[k % 6][0], pairs[k % 6][1], 2, 0.5, false);
    }
}

/* Weights that are exact in f32, so that rounding to integers cannot fall either way. */
static void integers(void **state)
{
    (void)state;
    static const int64_t dims[4] = {1, 3, 30, 40}, last[4] = {1, 30, 40, 3};
    setting s = {"linear", "half_pixel", "floor", false, false};
    one(&s, TENON_U8, dims, 2, 3, 2, 2, false);
    one(&s, TENON_U8, dims, 2, 3, 0.5, 4, false);
    one(&s, TENON_U8, last, 1, 2, 2, 2, false);
    one(&s, TENON_I32, dims, 2, 3, 2, 0.5, false);
    s.mode = "nearest";
    one(&s, TENON_U8, dims, 2, 3, 1.5, 0.5, true);
    one(&s, TENON_U8, last, 1, 2, 3, 2, true);
}

static void nearest_places(void **state)
{
    (void)state;
    static const char *const rounds[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                         "ceil"};
    static const int64_t dims[4] = {2, 2, 12, 8}, large[4] = {1, 2, 150, 200};
    static const double scales[] = {0.5, 2, 1.5, 0.25, 4};
    for (int k = 0; k < 80; k++) {
        setting s = {"nearest", all_coords[k % 5], rounds[k / 5 % 4], false, false};
        if (!strcmp(s.coords, "align_corners"))
            continue; /* quotients of 11: f32 and double part ways */
        one(&s, TENON_F32, dims, 2, 3, scales[k / 2 % 5], scales[k / 3 % 5], k % 2);
    }
    setting s = {"nearest", "asymmetric", "floor", false, false};
    one(&s, TENON_F32, large, 2, 3, 2, 2, false);
    one(&s, TENON_F64, large, 2, 3, 2, 2, false);
}

/* Over several tiles, in pieces of long lines. */
static void large(void **state)
{
    (void)state;
    static const int64_t plane[4] = {1, 4, 120, 170}, line[4] = {1, 1, 3, 12000},
                         wide[4] = {1, 5, 6, 20000};
    setting s = {"linear", "half_pixel", "floor", false, false};
    one(&s, TENON_F32, plane, 2, 3, 2, 2, false);
    one(&s, TENON_F32, line, 2, 3, 2, 2, false);
    one(&s, TENON_F32, wide, 1, 2, 2, 0.5, false);
    s.antialias = true;
    one(&s, TENON_F32, plane, 2, 3, 0.25, 0.125, false);
}

static void blocked(void **state)
{
    (void)state;
    static const int64_t dims[4] = {2, 20, 7, 9}, four = 4;
    static const float scales[4] = {1, 1, 2, 1.5f};
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    for (int k = 0; k < 3; k++) {
        driver *d = driver_create("Resize", 13);
        driver_text(d, "mode", modes[k]);
        driver_random(d, TENON_F32, 4, dims, -1, 1);
        driver_blocked(d);
        driver_absent(d);
        driver_const(d, TENON_F32, 1, &four, scales);
        driver_check(d);
        driver_destroy(d);
    }
}

static void volumes(void **state)
{
    (void)state;
    static const int64_t dims[5] = {1, 1, 2, 2, 2}, out[5] = {1, 1, 3, 3, 3}, five = 5;
    static const float x[8] = {0, 2, 4, 6, 8, 10, 12, 14};
    float want[27];
    for (int i = 0; i < 27; i++) /* linear in all of z, y, x */
        want[i] = (float)(i / 9 * 4 + i / 3 % 3 * 2 + i % 3);
    driver *d = driver_create("Resize", 13);
    tenon_error err;
    driver_text(d, "mode", "linear");
    driver_text(d, "coordinate_transformation_mode", "align_corners");
    driver_input(d, TENON_F32, 5, dims, x);
    driver_absent(d);
    driver_absent(d);
    driver_input(d, TENON_I64, 1, &five, out);
    if (driver_run(d, tenon__cpu_detect(), &err)) fail_msg("%s", err.message);
    driver_expect(d, 0, TENON_F32, 5, out, want);
    driver_destroy(d);
}

static void crops(void **state)
{
    (void)state;
    static const float x[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, roi[4] = {0, 0.5f, 1.5f, 1},
                       want[6] = {1, 2, 5.5f, 6.5f, 9, 9};
    static const int64_t dims[2] = {3, 3}, sizes[2] = {3, 2}, four = 4, two = 2;
    driver *d = driver_create("Resize", 18);
    tenon_error err;
    driver_text(d, "mode", "linear");
    driver_text(d, "coordinate_transformation_mode", "tf_crop_and_resize");
    driver_float(d, "extrapolation_value", 9);
    driver_input(d, TENON_F32, 2, dims, x);
    driver_input(d, TENON_F32, 1, &four, roi);
    driver_absent(d);
    driver_input(d, TENON_I64, 1, &two, sizes);
    if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
    driver_expect(d, 0, TENON_F32, 2, sizes, want);
    driver_destroy(d);
    d = driver_create("Resize", 18);
    driver_text(d, "coordinate_transformation_mode", "tf_crop_and_resize");
    driver_input(d, TENON_F32, 2, dims, x);
    driver_absent(d);
    driver_absent(d);
    driver_input(d, TENON_I64, 1, &two, sizes);
    driver_refuse(d, TENON_EFORMAT, "roi");
    driver_destroy(d);
}

static void aspect(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        int64_t out[4];
    } cases[] = {
        {"not_larger", {1, 1, 3, 6}}, {"not_smaller", {1, 1, 4, 7}}, {"stretch", {1, 1, 3, 7}}};
    static const int64_t dims[4] = {1, 1, 10, 20}, axes[2] = {-1, 2}, sizes[2] = {7, 3}, two = 2;
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        tenon_error err;
        driver *d = driver_create("Resize", 18);
        driver_text(d, "keep_aspect_ratio_policy", cases[k].policy);
        driver_ints(d, "axes", 2, axes);
        driver_random(d, TENON_F32, 4, dims, 0, 1);
        driver_absent(d);
        driver_absent(d);
        driver_input(d, TENON_I64, 1, &two, sizes);
        if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
        assert_memory_equal(driver_output(d, 0)->dims, cases[k].out, sizeof cases[k].out);
        driver_destroy(d);
    }
}

static void old_opsets(void **state)
{
    (void)state;
    static const float x[3] = {1, 2, 3}, doubled[6] = {1, 1, 2, 2, 3, 3}, scale[3] = {1, 1, 2},
                       half[2] = {1, 3};
    static const float shrink[3] = {1, 1, 0.67f};
    static const int64_t dims[3] = {1, 1, 3}, out[3] = {1, 1, 6}, less[3] = {1, 1, 2}, three = 3;
    tenon_error err;
    driver *d = driver_create("Upsample", 7);
    driver_floats(d, "scales", 3, scale);
    driver_input(d, TENON_F32, 3, dims, x);
    if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
    driver_expect(d, 0, TENON_F32, 3, out, doubled);
    driver_destroy(d);
    d = driver_create("Resize", 10); /* asymmetric, rounded up where the axis shrinks */
    driver_input(d, TENON_F32, 3, dims, x);
    driver_input(d, TENON_F32, 1, &three, shrink);
    if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
    driver_expect(d, 0, TENON_F32, 3, less, half);
    driver_destroy(d);
}

static void refusals(void **state)
{
    (void)state;
    static const int64_t dims[2] = {2, 3}, two = 2, three = 3, none[2] = {0, 4},
                         huge[2] = {2, INT64_MAX};
    static const float bad[2] = {1, -1}, many[3] = {1, 1, 1};
    static const struct {
        const int64_t *dims, *sizes;
        const float *scales;
        const int64_t *count;
        tenon_status status;
        const char *text;
    } cases[] = {{dims, NULL, bad, &two, TENON_ESHAPE, "scales"},
                 {dims, NULL, many, &three, TENON_ESHAPE, "2 numbers"},
                 {none, dims, NULL, &two, TENON_ESHAPE, "empty"},
                 {dims, huge, NULL, &two, TENON_ESHAPE, "sizes"},
                 {dims, NULL, NULL, NULL, TENON_EFORMAT, "neither"}};
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        driver *d = driver_create("Resize", 13);
        driver_random(d, TENON_F32, 2, cases[k].dims, 0, 1);
        driver_absent(d);
        if (cases[k].scales)
            driver_input(d, TENON_F32, 1, cases[k].count, cases[k].scales);
        else
            driver_absent(d);
        if (cases[k].sizes) driver_input(d, TENON_I64, 1, cases[k].count, cases[k].sizes);
        driver_refuse(d, cases[k].status, cases[k].text);
        driver_destroy(d);
    }
    driver *d = driver_create("Resize", 13);
    driver_text(d, "mode", "sinc");
    driver_random(d, TENON_F32, 2, dims, 0, 1);
    driver_refuse(d, TENON_EFORMAT, "'sinc'");
    driver_destroy(d);
}

/* A grid of the identity gives the input back; places that are no numbers give zeros. */
static void sampled_grids(void **state)
{
    (void)state;
    static const float x[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
                       theta[6] = {1, 0, 0, 0, 1, 0};
    static const int64_t dims[4] = {1, 1, 3, 4}, one[3] = {1, 2, 3}, four = 4,
                         spots[4] = {1, 1, 1, 3};
    static const int64_t pairs[4] = {1, 1, 3, 2};
    static const char *const modes[] = {"bilinear", "nearest", "bicubic"};
    tenon_error err;
    float grid[24];
    for (int align = 0; align < 2; align++) {
        driver *d = driver_create("AffineGrid", 20);
        driver_int(d, "align_corners", align);
        driver_input(d, TENON_F32, 3, one, theta);
        driver_input(d, TENON_I64, 1, &four, dims);
        if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
        memcpy(grid, driver_output(d, 0)->data, sizeof grid);
        driver_destroy(d);
        for (int mode = 0; mode < 3; mode++) {
            static const int64_t grid_dims[4] = {1, 3, 4, 2};
            d = driver_create("GridSample", 16);
            driver_text(d, "mode", modes[mode]);
            driver_int(d, "align_corners", align);
            driver_tolerance(d, 1e-6);
            driver_input(d, TENON_F32, 4, dims, x);
            driver_input(d, TENON_F32, 4, grid_dims, grid);
            if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
            driver_expect(d, 0, TENON_F32, 4, dims, x);
            driver_destroy(d);
        }
    }
    static const float odd[6] = {NAN, 0, INFINITY, 0, 1e30f, -1e30f};
    static const char *const paddings[] = {"zeros", "border", "reflection"};
    for (int k = 0; k < 3; k++) {
        static const float zeros[3] = {0, 0, 0};
        driver *d = driver_create("GridSample", 20);
        driver_text(d, "padding_mode", paddings[k]);
        driver_input(d, TENON_F32, 4, dims, x);
        driver_input(d, TENON_F32, 4, pairs, odd);
        if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
        if (k == 0) driver_expect(d, 0, TENON_F32, 4, spots, zeros);
        for (int i = 0; i < 3; i++) /* whatever it is, it lies among the input's */
            assert_true(fabsf(((const float *)driver_output(d, 0)->data)[i]) <= 11);
        driver_destroy(d);
    }
}

static void regions(void **state)
{
    (void)state;
    float x[64];
    for (int i = 0; i < 64; i++)
        x[i] = (float)(i / 8 * 10 + i % 8); /* linear: the mean of a bin is its middle */
    static const int64_t dims[4] = {1, 1, 8, 8}, out[4] = {1, 1, 2, 2}, rois[2] = {1, 4}, one = 1,
                         wrong = 3;
    static const float roi[4] = {1.5f, 2.5f, 5.5f, 4.5f};
    /* The bins are 2 x 1 pixels, around x 2.5 and 4.5, y 3 and 4. */
    static const float want[4] = {32.5f, 34.5f, 42.5f, 44.5f};
    static const int64_t zero = 0;
    tenon_error err;
    driver *d = driver_create("RoiAlign", 10);
    driver_int(d, "output_height", 2);
    driver_int(d, "output_width", 2);
    driver_input(d, TENON_F32, 4, dims, x);
    driver_input(d, TENON_F32, 2, rois, roi);
    driver_input(d, TENON_I64, 1, &one, &zero);
    if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
    driver_expect(d, 0, TENON_F32, 4, out, want);
    driver_destroy(d);
    static const float far[4] = {0, 0, 1e30f, 1e30f};
    d = driver_create("RoiAlign", 16);
    driver_input(d, TENON_F32, 4, dims, x);
    driver_input(d, TENON_F32, 2, rois, far);
    driver_input(d, TENON_I64, 1, &one, &zero);
    driver_refuse(d, TENON_ELIMIT, "roi 0");
    driver_destroy(d);
    d = driver_create("RoiAlign", 16);
    driver_input(d, TENON_F32, 4, dims, x);
    driver_input(d, TENON_F32, 2, rois, roi);
    driver_input(d, TENON_I64, 1, &one, &wrong);
    driver_refuse(d, TENON_ESHAPE, "index 3");
    driver_destroy(d);
}

static void overlapping_boxes(void **state)
{
    (void)state;
    /* Corners in any order; the second overlaps the first by 4/5, the third by none. */
    static const float boxes[12] = {0, 0, 4, 4, 4, 4.5f, 0, 0.5f, 9, 9, 5, 5},
                       scores[3] = {0.5f, 0.9f, 0.5f};
    static const int64_t box_dims[3] = {1, 3, 4}, score_dims[3] = {1, 1, 3}, ten = 10;
    static const struct {
        float iou, score;
        int64_t count, places[3];
    } cases[] = {
        {0.5f, 0, 2, {1, 2}}, {0.9f, 0, 3, {1, 0, 2}}, {0.9f, 0.6f, 1, {1}}, {0, 0.95f, 0, {0}}};
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        int64_t want[9] = {0}, dims[2] = {cases[k].count, 3};
        tenon_error err;
        for (int64_t i = 0; i < cases[k].count; i++)
            want[3 * i + 2] = cases[k].places[i];
        driver *d = driver_create("NonMaxSuppression", 11);
        driver_input(d, TENON_F32, 3, box_dims, boxes);
        driver_input(d, TENON_F32, 3, score_dims, scores);
        driver_input(d, TENON_I64, 0, NULL, &ten);
        driver_input(d, TENON_F32, 0, NULL, &cases[k].iou);
        driver_input(d, TENON_F32, 0, NULL, &cases[k].score);
        if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
        driver_expect(d, 0, TENON_I64, 2, dims, want);
        driver_destroy(d);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(linear_and_cubic),
                                      CASE(layouts_and_types),
                                      CASE(integers),
                                      CASE(nearest_places),
                                      CASE(large),
                                      CASE(blocked),
                                      CASE(volumes),
                                      CASE(crops),
                                      CASE(aspect),
                                      CASE(old_opsets),
                                      CASE(refusals),
                                      CASE(sampled_grids),
                                      CASE(regions),
                                      CASE(overlapping_boxes)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
