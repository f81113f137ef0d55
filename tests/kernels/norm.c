/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of normalizations, f32: every row against the plain one. */
#include "kernels/norm/norm.h"

#include <math.h>
#include <stdio.h>

#include "kernels/rows.h"

static const tenon__norm_row *plain_row(void)
{
    return tenon__norm_find(0);
}

static void sums(const void *rowv)
{
    const tenon__norm_row *row = rowv;
    for (int64_t n = 1; n <= 400; n++) {
        float *x = rows_source((size_t)n * sizeof *x, sizeof *x);
        rows_fill(x, (size_t)n, n % 5 ? ROWS_UNIFORM : ROWS_SPECIAL);
        float got = row->sum(x, n), wanted = plain_row()->sum(x, n);
        if (isfinite(wanted))
            assert_true(fabsf(got - wanted) <= 1e-6f * (float)n);
        else
            rows_compare("sum", &got, &wanted, 1, 0);
        got = row->sum_square(x, n, 0.25f);
        wanted = plain_row()->sum_square(x, n, 0.25f);
        rows_compare("sum of squares", &got, &wanted, 1, 1e-6);
        rows_release();
    }
}

static void maps(const void *rowv)
{
    const tenon__norm_row *row = rowv;
    char what[80];
    for (int64_t n = 1; n <= 200; n++) {
        size_t bytes = (size_t)n * sizeof(float);
        float *x = rows_source(bytes, sizeof(float)), *scale = rows_source(bytes, sizeof(float));
        float *bias = rows_source(bytes, sizeof(float)), *got = rows_output(bytes, sizeof(float));
        float *wanted = rows_output(bytes, sizeof(float));
        rows_fill(x, (size_t)n, ROWS_SPECIAL);
        rows_fill(scale, (size_t)n, ROWS_UNIFORM);
        rows_fill(bias, (size_t)n, ROWS_UNIFORM);
        for (int which = 0; which < 4; which++) {
            const float *s = which & 1 ? scale : NULL, *b = which & 2 ? bias : NULL;
            row->affine(x, got, n, 0.5f, 1.5f, s, b);
            plain_row()->affine(x, wanted, n, 0.5f, 1.5f, s, b);
            (void)snprintf(what, sizeof what, "affine of %d, %d", (int)n, which);
            rows_compare(what, got, wanted, (size_t)n, 1e-6);
        }
        row->linear(x, got, n, 0.5f, 1.5f, -0.25f);
        plain_row()->linear(x, wanted, n, 0.5f, 1.5f, -0.25f);
        rows_compare("linear", got, wanted, (size_t)n, 1e-6);
        rows_release();
    }
}

static void responses(const void *rowv)
{
    static const float betas[] = {0.75f, 0.5f, 1.0f, 0.6f, 0.0f};
    const tenon__norm_row *row = rowv;
    for (int i = 0; i < 120; i++) {
        int64_t channels = test_random_in(1, 12), lanes = test_random_in(1, 70);
        int64_t stride = lanes + test_random_in(0, 3);
        size_t count = (size_t)((channels - 1) * stride + lanes);
        float *x = rows_source(count * sizeof *x, sizeof *x);
        float *got = rows_source(count * sizeof *x, sizeof *x);
        float *wanted = rows_source(count * sizeof *x, sizeof *x);
        tenon__lrn p = {test_random_in(0, 4), test_random_in(0, 4), 0.3f, 1.0f,
                        betas[(size_t)i % TEST_COUNT(betas)]};
        rows_fill(x, count, i % 4 ? ROWS_UNIFORM : ROWS_SPECIAL);
        row->lrn(x, got, channels, stride, lanes, &p);
        plain_row()->lrn(x, wanted, channels, stride, lanes, &p);
        rows_compare("lrn", got, wanted, count, 2e-6);
        rows_release();
    }
}

typedef struct timing {
    const tenon__norm_row *row;
    float *x, *scale;
} timing;

static void time_layer(void *ctx)
{
    timing *t = ctx;
    float mean = t->row->sum(t->x, 768) / 768;
    float square = t->row->sum_square(t->x, 768, mean) / 768;
    t->row->affine(t->x, t->x, 768, mean, 1 / sqrtf(square + 1e-5f), t->scale, t->scale);
}

static void time_lrn(void *ctx)
{
    timing *t = ctx;
    tenon__lrn p = {2, 2, 2e-5f, 1.0f, 0.75f};
    t->row->lrn(t->x, t->x + 96 * 64, 96, 64, 64, &p);
}

static void speed(const void *row)
{
    timing t = {row, rows_source(2 * 96 * 64 * 4, 64), rows_source(768 * 4, 64)};
    rows_fill(t.x, 2 * 96 * 64, ROWS_UNIFORM);
    rows_fill(t.scale, 768, ROWS_UNIFORM);
    rows_time("layer norm of 768", t.row->name, time_layer, &t, 0, 768 * 8);
    rows_time("lrn of 96 x 64", t.row->name, time_lrn, &t, 0, 96 * 64 * 8);
    rows_release();
}

int main(int argc, char **argv)
{
    rows_family f = {.name = "norm"};
    for (const tenon__norm_row *const *r = tenon__norm_rows; *r; r++)
        rows_add(&f, (*r)->name, (*r)->needs, *r);
    static const rows_check checks[] = {ROWS_CHECK(sums), ROWS_CHECK(maps), ROWS_CHECK(responses)};
    static const rows_check benches[] = {ROWS_CHECK(speed)};
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
