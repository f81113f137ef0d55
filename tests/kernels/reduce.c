/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions of f32: every row against the plain one, along rows and down columns. */
#include "kernels/reduce/reduce.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/rows.h"

static const char *const names[] = {"sum",  "sum_abs", "sum_square", "sum_exp",
                                    "prod", "max",     "min"};

static const tenon__reduce_row *plain_row(void)
{
    return tenon__reduce_find(0);
}

/* Products of many numbers in [-1, 1) are 0 in both; half of them make it one of a few. */
static int64_t length_for(int reduction, int64_t n)
{
    return reduction == TENON__REDUCE_PROD && n > 40 ? 40 : n;
}

static void row_of(const tenon__reduce_row *row, int reduction, int64_t n, rows_kind kind)
{
    char what[80];
    n = length_for(reduction, n);
    float *x = rows_source((size_t)n * sizeof *x, sizeof *x), shift = 0.5f;
    float *got = rows_output(sizeof *got, sizeof *got), wanted;
    rows_fill(x, (size_t)n, kind);
    tenon__reduce_start(TENON_F32, (tenon__reduction)reduction, got, 1);
    wanted = *got;
    row->f32[reduction].row(x, n, &shift, got);
    plain_row()->f32[reduction].row(x, n, &shift, &wanted);
    (void)snprintf(what, sizeof what, "%s of %d", names[reduction], (int)n);
    /* A sum near 0 is exact only as far as its terms are. */
    double scale = reduction == TENON__REDUCE_SUM ? sqrt((double)n) + 1 : 0;
    if (fabs((double)wanted) < scale && isfinite(wanted)) {
        assert_true(fabs((double)*got - wanted) <= 1e-6 * scale);
    } else {
        rows_compare(what, got, &wanted, 1, 2e-6);
    }
    rows_release();
}

static void cols_of(const tenon__reduce_row *row, int reduction, int64_t rows, int64_t n,
                    rows_kind kind)
{
    char what[80];
    rows = length_for(reduction, rows);
    int64_t stride = n + test_random_in(0, 3);
    size_t count = (size_t)((rows - 1) * stride + n);
    float *x = rows_source(count * sizeof *x, sizeof *x);
    float *shift = rows_source((size_t)n * sizeof *x, sizeof *x);
    float *got = rows_output((size_t)n * sizeof *x, sizeof *x);
    float *wanted = rows_output((size_t)n * sizeof *x, sizeof *x);
    rows_fill(x, count, kind);
    rows_fill(shift, (size_t)n, ROWS_UNIFORM);
    tenon__reduce_start(TENON_F32, (tenon__reduction)reduction, got, n);
    memcpy(wanted, got, (size_t)n * sizeof *x);
    row->f32[reduction].cols(x, rows, stride, n, shift, got);
    plain_row()->f32[reduction].cols(x, rows, stride, n, shift, wanted);
    (void)snprintf(what, sizeof what, "%s of %d x %d", names[reduction], (int)rows, (int)n);
    rows_compare(what, got, wanted, (size_t)n, 1e-5);
    rows_release();
}

static void rows_all_lengths(const void *row)
{
    for (int r = 0; r < TENON__REDUCTION_COUNT; r++) {
        for (int64_t n = 1; n <= 130; n++)
            row_of(row, r, n, ROWS_UNIFORM);
        row_of(row, r, 1000, ROWS_UNIFORM);
        row_of(row, r, 70001, ROWS_UNIFORM);
    }
}

static void rows_special(const void *row)
{
    /* Of a product of infinity and denormals, the order decides whether a 0 comes first. */
    for (int r = 0; r < TENON__REDUCTION_COUNT; r++)
        for (int i = 0; i < 60 && r != TENON__REDUCE_PROD; i++)
            row_of(row, r, test_random_in(1, 100), ROWS_SPECIAL);
}

static void columns(const void *row)
{
    static const int64_t sizes[] = {1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 63, 64, 65, 130};
    for (int r = 0; r < TENON__REDUCTION_COUNT; r++) {
        for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
            cols_of(row, r, test_random_in(1, 9), sizes[i], ROWS_UNIFORM);
            cols_of(row, r, test_random_in(1, 9), sizes[i], ROWS_SPECIAL);
        }
        cols_of(row, r, 255, 5, ROWS_UNIFORM);
        cols_of(row, r, 256, 64, ROWS_UNIFORM);
        cols_of(row, r, 1025, 70, ROWS_UNIFORM);
    }
}

/* Neighbours do not change a column's bits. */
static void columns_alone(const void *rowv)
{
    const tenon__reduce_row *row = rowv;
    enum { N = 150, ROWS = 300 };
    float *x = rows_source(N * ROWS * sizeof *x, sizeof *x);
    float *all = rows_output(N * sizeof *x, sizeof *x), *one = rows_output(sizeof *x, sizeof *x);
    rows_fill(x, N * ROWS, ROWS_UNIFORM);
    tenon__reduce_start(TENON_F32, TENON__REDUCE_SUM, all, N);
    row->f32[TENON__REDUCE_SUM].cols(x, ROWS, N, N, NULL, all);
    for (int j = 0; j < N; j++) {
        *one = 0;
        row->f32[TENON__REDUCE_SUM].cols(x + j, ROWS, N, 1, NULL, one);
        rows_same("a column alone", one, all + j, sizeof *one);
    }
    rows_release();
}

typedef struct timing {
    const tenon__reduce_row *row;
    float *x, *acc;
    int64_t n, stride;
} timing;

static void time_row(void *ctx)
{
    timing *t = ctx;
    t->row->f32[TENON__REDUCE_SUM].row(t->x, t->n, NULL, t->acc);
}

static void time_cols(void *ctx)
{
    timing *t = ctx;
    t->row->f32[TENON__REDUCE_SUM].cols(t->x, t->n, t->stride, t->stride, NULL, t->acc);
}

static void speed(const void *row)
{
    timing t = {row, rows_source(65536 * 4, 64), rows_source(1024 * 4, 64), 65536, 0};
    rows_time("sum of 65536", t.row->name, time_row, &t, 0, 65536 * 4);
    t.n = 128;
    t.stride = 512;
    rows_time("sum down 128 x 512", t.row->name, time_cols, &t, 0, 65536 * 4);
    rows_release();
}

int main(int argc, char **argv)
{
    rows_family f = {.name = "reduce"};
    for (const tenon__reduce_row *const *r = tenon__reduce_rows; *r; r++)
        rows_add(&f, (*r)->name, (*r)->needs, *r);
    static const rows_check checks[] = {ROWS_CHECK(rows_all_lengths), ROWS_CHECK(rows_special),
                                        ROWS_CHECK(columns), ROWS_CHECK(columns_alone)};
    static const rows_check benches[] = {ROWS_CHECK(speed)};
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
