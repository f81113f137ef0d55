/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax of f32: every row against the plain one, along rows and down columns, in place too. */
#include "kernels/softmax/softmax.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/rows.h"

static const tenon__softmax_row *plain_row(void)
{
    return tenon__softmax_find(0);
}

static void one_row(const tenon__softmax_row *row, int64_t n, rows_kind kind, float spread)
{
    char what[80];
    double bound = n > 1000 ? 1e-5 : 2e-6; /* the sum of many, in as few lanes as four */
    size_t bytes = (size_t)n * sizeof(float);
    float *x = rows_source(bytes, sizeof(float)), *got = rows_output(bytes, sizeof(float));
    float *wanted = rows_output(bytes, sizeof(float));
    rows_fill(x, (size_t)n, kind);
    for (int64_t i = 0; i < n; i++)
        x[i] *= spread;
    for (int log = 0; log < 2; log++) {
        (log ? row->log_row : row->row)(x, got, n);
        (log ? plain_row()->log_row : plain_row()->row)(x, wanted, n);
        (void)snprintf(what, sizeof what, "%s of %d, spread %g", log ? "log" : "row", (int)n,
                       (double)spread);
        rows_compare(what, got, wanted, (size_t)n, bound);
    }
    plain_row()->row(x, wanted, n);
    memcpy(got, x, bytes);
    row->row(got, got, n);
    rows_compare("in place", got, wanted, (size_t)n, bound);
    rows_release();
}

static void rows_all_lengths(const void *row)
{
    for (int64_t n = 1; n <= 100; n++)
        one_row(row, n, ROWS_UNIFORM, 5);
    one_row(row, 1000, ROWS_UNIFORM, 1);
    one_row(row, 30000, ROWS_UNIFORM, 10);
    one_row(row, 77, ROWS_UNIFORM, 1e4f);
    one_row(row, 77, ROWS_UNIFORM, 0);
}

static void rows_special(const void *row)
{
    for (int i = 0; i < 100; i++)
        one_row(row, test_random_in(1, 60), ROWS_SPECIAL, 1);
}

static void masked(const void *rowv)
{
    const tenon__softmax_row *row = rowv;
    float x[40], y[40];
    for (int i = 0; i < 40; i++)
        x[i] = -INFINITY;
    row->row(x, y, 40);
    for (int i = 0; i < 40; i++)
        assert_true(isnan(y[i]));
    x[33] = 3;
    row->row(x, y, 40);
    for (int i = 0; i < 40; i++)
        assert_true(y[i] == (i == 33 ? 1.0f : 0.0f));
}

static void columns(const void *rowv)
{
    const tenon__softmax_row *row = rowv;
    char what[80];
    for (int i = 0; i < 150; i++) {
        int64_t n = test_random_in(1, 12), lanes = test_random_in(1, 70);
        int64_t stride = lanes + test_random_in(0, 2);
        size_t count = (size_t)((n - 1) * stride + lanes);
        float *x = rows_source(count * sizeof *x, sizeof *x);
        float *got = rows_output(count * sizeof *x, sizeof *x);
        float *wanted = rows_output(count * sizeof *x, sizeof *x);
        rows_fill(x, count, i % 3 ? ROWS_UNIFORM : ROWS_SPECIAL);
        for (int log = 0; log < 2; log++) {
            memset(got, 0, count * sizeof *x);
            memset(wanted, 0, count * sizeof *x);
            (log ? row->log_cols : row->cols)(x, got, n, stride, lanes);
            (log ? plain_row()->log_cols : plain_row()->cols)(x, wanted, n, stride, lanes);
            (void)snprintf(what, sizeof what, "%d x %d%s", (int)n, (int)lanes, log ? ", log" : "");
            rows_compare(what, got, wanted, count, 2e-6);
        }
        rows_release();
    }
}

typedef struct timing {
    const tenon__softmax_row *row;
    float *x;
} timing;

static void time_row(void *ctx)
{
    timing *t = ctx;
    t->row->row(t->x, t->x, 512);
}

static void time_cols(void *ctx)
{
    timing *t = ctx;
    t->row->cols(t->x, t->x, 8, 64, 64);
}

static void speed(const void *row)
{
    timing t = {row, rows_source(512 * 4, 64)};
    rows_time("row of 512", t.row->name, time_row, &t, 0, 512 * 8);
    rows_time("8 x 64 columns", t.row->name, time_cols, &t, 0, 512 * 8);
    rows_release();
}

int main(int argc, char **argv)
{
    rows_family f = {.name = "softmax"};
    for (const tenon__softmax_row *const *r = tenon__softmax_rows; *r; r++)
        rows_add(&f, (*r)->name, (*r)->needs, *r);
    static const rows_check checks[] = {ROWS_CHECK(rows_all_lengths), ROWS_CHECK(rows_special),
                                        ROWS_CHECK(masked), ROWS_CHECK(columns)};
    static const rows_check benches[] = {ROWS_CHECK(speed)};
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
