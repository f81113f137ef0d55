/* SPDX-License-Identifier: Apache-2.0 */
/* Resampling rows: every row against sums written out here, of whole numbers, so that they are
 * exact. */
#include "kernels/resize/resize.h"

#include <math.h>
#include <string.h>

#include "kernels/rows.h"

/* Places in a source of `width`, either random or rising as those of a picture do, and weights. */
static void tables(int32_t *index, float *weight, int64_t count, int64_t width)
{
    bool rising = test_random() % 2;
    int64_t spread = test_random_in(1, 6);
    rows_fill(weight, (size_t)count, ROWS_WHOLE);
    for (int64_t i = 0; i < count; i++) {
        int64_t at = rising ? i / spread + test_random_in(0, 1) : test_random_in(0, width - 1);
        index[i] = (int32_t)(at < width ? at : width - 1);
    }
}

static void across(const void *rowv)
{
    const tenon__resize_row *row = rowv;
    for (int64_t n = 1; n <= 70; n++) {
        const int taps = (int)(n % 5 == 0 ? test_random_in(1, 9) : n % 5 == 1 ? 4 : 2);
        const int64_t width = test_random_in(1, 50), count = n * taps;
        float *src = rows_source((size_t)width * sizeof *src, sizeof *src);
        uint8_t *bytes = rows_source((size_t)width, 1);
        int32_t *index = rows_source((size_t)count * sizeof *index, sizeof *index);
        float *weight = rows_source((size_t)count * sizeof *weight, sizeof *weight);
        float *got = rows_output((size_t)n * sizeof *got, sizeof *got), wanted[70],
              wanted_bytes[70];
        rows_fill(src, (size_t)width, ROWS_WHOLE);
        rows_fill_bytes(bytes, (size_t)width);
        tables(index, weight, count, width);
        for (int64_t x = 0; x < n; x++) {
            double sum = 0, sum_bytes = 0;
            for (int64_t k = x * taps; k < (x + 1) * taps; k++) {
                sum += (double)weight[k] * (double)src[index[k]];
                sum_bytes += (double)weight[k] * (double)bytes[index[k]];
            }
            wanted[x] = (float)sum;
            wanted_bytes[x] = (float)sum_bytes;
        }
        row->across(got, src, index, weight, taps, n);
        rows_compare("across", got, wanted, (size_t)n, 0);
        row->across_u8(got, bytes, index, weight, taps, n);
        rows_compare("across, bytes", got, wanted_bytes, (size_t)n, 0);
        rows_release();
    }
}

static void across_wide(const void *rowv)
{
    const tenon__resize_row *row = rowv;
    for (int64_t inner = 1; inner <= 40; inner += 3) {
        const int taps = (int)test_random_in(1, 9);
        const int64_t n = test_random_in(1, 12), width = test_random_in(1, 9), count = n * taps,
                      step = inner + 2;
        float *src = rows_source((size_t)(width * step) * sizeof *src, sizeof *src);
        int32_t *index = rows_source((size_t)count * sizeof *index, sizeof *index);
        float *weight = rows_source((size_t)count * sizeof *weight, sizeof *weight);
        float *got = rows_output((size_t)(n * inner) * sizeof *got, sizeof *got), wanted[12 * 40];
        rows_fill(src, (size_t)(width * step), ROWS_WHOLE);
        tables(index, weight, count, width);
        for (int64_t i = 0; i < n * inner; i++) {
            double sum = 0;
            for (int64_t k = i / inner * taps; k < (i / inner + 1) * taps; k++)
                sum += (double)weight[k] * (double)src[index[k] * step + i % inner];
            wanted[i] = (float)sum;
        }
        row->across_wide(got, inner, src, step, index, weight, taps, n, inner);
        rows_compare("across, wide", got, wanted, (size_t)(n * inner), 0);
        rows_release();
    }
}

static void mix(const void *rowv)
{
    const tenon__resize_row *row = rowv;
    for (int64_t n = 1; n <= 67; n++)
        for (int count = 1; count <= TENON__RESIZE_MIX; count++)
            for (int add = 0; add < 2; add++) {
                const float *rows[TENON__RESIZE_MIX];
                float weight[TENON__RESIZE_MIX], wanted[67];
                float *got = rows_output((size_t)n * sizeof *got, sizeof *got);
                rows_fill(weight, (size_t)count, ROWS_WHOLE);
                rows_fill(got, (size_t)n, ROWS_WHOLE);
                for (int k = 0; k < count; k++) {
                    float *one = rows_source((size_t)n * sizeof *one, sizeof *one);
                    rows_fill(one, (size_t)n, ROWS_WHOLE);
                    rows[k] = one;
                }
                for (int64_t i = 0; i < n; i++) {
                    double sum = add ? (double)got[i] : 0;
                    for (int k = 0; k < count; k++)
                        sum += (double)weight[k] * (double)rows[k][i];
                    wanted[i] = (float)sum;
                }
                row->mix(got, rows, weight, count, add != 0, n);
                rows_compare("mix", got, wanted, (size_t)n, 0);
                rows_release();
            }
}

static void bytes_and_picks(const void *rowv)
{
    const tenon__resize_row *row = rowv;
    static const float special[] = {NAN,  INFINITY, -INFINITY, -0.5f, 0.5f, 1.5f,
                                    2.5f, 254.5f,   255.4f,    256,   -1,   1e9f};
    static const uint8_t rounded[] = {0, 255, 0, 0, 0, 2, 2, 254, 255, 255, 0, 255};
    for (int64_t n = 1; n <= 60; n++) {
        float *src = rows_source((size_t)n * sizeof *src, sizeof *src);
        uint8_t *got = rows_output((size_t)n, 1), *picked = rows_output((size_t)n * 4, 1);
        int32_t *index = rows_source((size_t)n * sizeof *index, sizeof *index);
        for (int64_t i = 0; i < n; i++) {
            src[i] = special[(n + i) % 12];
            index[i] = (int32_t)(n % 2 ? test_random_in(0, n - 1) : i / (n % 5 + 1));
        }
        row->store_u8(got, src, n);
        row->pick4(picked, src, index, n);
        for (int64_t i = 0; i < n; i++) {
            assert_int_equal(got[i], rounded[(n + i) % 12]);
            assert_memory_equal(picked + 4 * i, &src[index[i]], 4);
        }
        rows_release();
    }
}

typedef struct timing {
    const tenon__resize_row *row;
    float *src, *dst, *weight;
    int32_t *index;
} timing;

static void time_across(void *ctx)
{
    timing *t = ctx;
    t->row->across(t->dst, t->src, t->index, t->weight, 2, 640);
}

static void time_mix(void *ctx)
{
    timing *t = ctx;
    const float *rows[2] = {t->src, t->src + 640};
    t->row->mix(t->dst, rows, t->weight, 2, false, 640);
}

static void speed(const void *row)
{
    timing t = {row, rows_source(1280 * 4, 64), rows_source(640 * 4, 64), rows_source(1280 * 4, 64),
                rows_source(1280 * 4, 64)};
    for (int32_t i = 0; i < 1280; i++)
        t.index[i] = i / 4;
    rows_time("640 places, two taps", t.row->name, time_across, &t, 0, 640 * 4);
    rows_time("two rows of 640 mixed", t.row->name, time_mix, &t, 0, 3 * 640 * 4);
    rows_release();
}

int main(int argc, char **argv)
{
    rows_family f = {.name = "resize"};
    for (const tenon__resize_row *const *r = tenon__resize_rows; *r; r++)
        rows_add(&f, (*r)->name, (*r)->needs, *r);
    static const rows_check checks[] = {ROWS_CHECK(across), ROWS_CHECK(across_wide),
                                        ROWS_CHECK(mix), ROWS_CHECK(bytes_and_picks)};
    static const rows_check benches[] = {ROWS_CHECK(speed)};
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
