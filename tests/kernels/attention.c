/* SPDX-License-Identifier: Apache-2.0 */
/* Attention of few rows: every row against the plain one, and to the same bits as the matrix
 * product of the same instruction set, which takes over where there are more rows; masks and
 * softcap. */
#include "kernels/attention/attention.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/gemm/gemm.h"
#include "kernels/rows.h"

static const tenon__attention_row *plain_row(void)
{
    return tenon__attention_find(0);
}

/* The matrix product beside which a row works. */
static const tenon__gemm_row *product_row(const tenon__attention_row *row)
{
    const tenon__cpu_bits have = tenon__cpu_detect();
    if (!row->needs) return tenon__gemm_choose(0);
    return tenon__gemm_choose(row->needs & TENON__CPU_AVX512 ? have
                              : row->needs & TENON__CPU_AVX2 ? have & TENON__CPU_AVX2
                                                             : have);
}

static float *source(int64_t count)
{
    float *x = rows_source((size_t)count * sizeof(float), sizeof(float));
    rows_fill(x, (size_t)count, ROWS_UNIFORM);
    return x;
}

static float *output(int64_t count)
{
    return rows_output((size_t)count * sizeof(float), sizeof(float));
}

/* Rows of `width` numbers that stand `step` apart, for comparing without what lies between. */
static float *tight(const float *x, int64_t rows, int64_t width, int64_t step)
{
    float *y = rows_source((size_t)(rows * width) * sizeof(float), sizeof(float));
    for (int64_t r = 0; r < rows; r++)
        memcpy(y + r * width, x + r * step, (size_t)width * sizeof(float));
    return y;
}

/* The last row of an operand ends where memory does. */
static int64_t extent(int64_t rows, int64_t width, int64_t step)
{
    return rows ? (rows - 1) * step + width : 0;
}

static void compare(const char *what, const tenon__attention_row *row, const float *got,
                    const float *plain, const float *product, int64_t rows, int64_t n, int64_t size)
{
    char text[96];
    (void)snprintf(text, sizeof text, "%s %s: %d rows, %d, %d", row->name, what, (int)rows, (int)n,
                   (int)size);
    rows_compare(text, got, plain, (size_t)(rows * n), 1e-5);
    rows_same(text, got, product, (size_t)(rows * n) * sizeof(float));
}

static void scores(const tenon__attention_row *row, int64_t rows, int64_t n, int64_t size)
{
    const int64_t q_step = size + 3, k_step = size + 5, step = n + 2;
    const tenon__gemm_row *gemm = product_row(row);
    const float *q = source(extent(rows, size, q_step)), *k = source(extent(n, size, k_step));
    float *got = output(extent(rows, n, step)), *plain = output(extent(rows, n, step)),
          *product = output(extent(rows, n, step));
    row->few(q, q_step, rows, k, k_step, n, size, 0.3f, got, step);
    plain_row()->few(q, q_step, rows, k, k_step, n, size, 0.3f, plain, step);
    const int64_t panels = tenon__gemm_panels(gemm, n);
    float *packed = rows_source((size_t)(panels * gemm->nr * size) * sizeof(float), 64);
    const tenon__gemm_pack pack = {.dtype = TENON_F32,
                                   .b = k,
                                   .row = 1,
                                   .col = k_step,
                                   .k = size,
                                   .n = n,
                                   .count = panels,
                                   .dst = packed};
    gemm->pack(&pack);
    const tenon__gemm g = {.m = rows,
                           .n = n,
                           .k = size,
                           .a = q,
                           .a_row = q_step,
                           .a_col = 1,
                           .b = packed,
                           .b_panel = gemm->nr * size,
                           .b_row = gemm->nr,
                           .c = product,
                           .c_row = step,
                           .scale = 0.3f,
                           .scratch = rows_source(gemm->scratch_bytes, 64)};
    gemm->run(&g);
    compare("scores", row, tight(got, rows, n, step), tight(plain, rows, n, step),
            tight(product, rows, n, step), rows, n, size);
    rows_release();
}

static void weighted(const tenon__attention_row *row, int64_t rows, int64_t n, int64_t size)
{
    const int64_t p_step = n + 1, v_step = size + 3, step = size + 2;
    const tenon__gemm_row *gemm = product_row(row);
    const float *p = source(extent(rows, n, p_step)), *v = source(extent(n, size, v_step));
    float *got = output(extent(rows, size, step)), *plain = output(extent(rows, size, step)),
          *product = output(extent(rows, size, step));
    row->values(p, p_step, rows, v, v_step, n, size, got, step);
    plain_row()->values(p, p_step, rows, v, v_step, n, size, plain, step);
    const tenon__gemm g = {.m = rows,
                           .n = size,
                           .k = n,
                           .a = p,
                           .a_row = p_step,
                           .a_col = 1,
                           .b = v,
                           .b_panel = gemm->nr,
                           .b_row = v_step,
                           .c = product,
                           .c_row = step,
                           .scale = 1,
                           .scratch = rows_source(gemm->scratch_bytes, 64)};
    gemm->run(&g);
    compare("values", row, tight(got, rows, size, step), tight(plain, rows, size, step),
            tight(product, rows, size, step), rows, size, n);
    rows_release();
}

static void products(const void *rowv)
{
    for (int64_t rows = 1; rows <= TENON__ATTENTION_FEW; rows++)
        for (int i = 0; i < 60; i++) {
            scores(rowv, rows, test_random_in(1, 70), test_random_in(1, 70));
            weighted(rowv, rows, test_random_in(1, 70), test_random_in(1, 150));
        }
}

static void masks(const void *rowv)
{
    const tenon__attention_row *row = rowv;
    for (int64_t n = 1; n <= 70; n++) {
        float *x = source(n), *mask = source(n), *got = output(n), *plain = output(n);
        uint8_t *open = rows_source((size_t)n, 1);
        for (int64_t i = 0; i < n; i++) {
            open[i] = n % 8 && test_random() % 2;
            if (!open[i]) mask[i] = -INFINITY;
        }
        const size_t bytes = (size_t)n * sizeof(float);
        memcpy(got, x, bytes);
        memcpy(plain, x, bytes);
        assert_int_equal(row->mask_add(got, mask, n), plain_row()->mask_add(plain, mask, n));
        rows_same("mask_add", got, plain, bytes);
        memcpy(got, x, bytes);
        memcpy(plain, x, bytes);
        assert_int_equal(row->mask_select(got, open, n), plain_row()->mask_select(plain, open, n));
        rows_same("mask_select", got, plain, bytes);
        row->softcap(x, n, 0.7f);
        for (int64_t i = 0; i < n; i++)
            assert_true(x[i] > -0.7f && x[i] < 0.7f);
        rows_release();
    }
}

typedef struct problem {
    const tenon__attention_row *row;
    const float *p, *v;
    float *y;
    int64_t n, size;
} problem;

static void run_values(void *ctx)
{
    const problem *x = ctx;
    x->row->values(x->p, x->n, 1, x->v, x->size, x->n, x->size, x->y, x->size);
}

static void speed(const void *row)
{
    static const int64_t sizes[] = {8, 48, 80};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char what[32];
        problem x = {.row = row, .n = 256, .size = sizes[i]};
        x.p = source(x.n);
        x.v = source(x.n * x.size);
        x.y = output(x.size);
        (void)snprintf(what, sizeof what, "values 1x256x%d", (int)x.size);
        rows_time(what, x.row->name, run_values, &x, 2.0 * (double)(x.n * x.size), 0);
        rows_release();
    }
}

int main(int argc, char **argv)
{
    rows_family f = {.name = "attention"};
    for (const tenon__attention_row *const *r = tenon__attention_rows; *r; r++)
        rows_add(&f, (*r)->name, (*r)->needs, *r);
    static const rows_check checks[] = {ROWS_CHECK(products), ROWS_CHECK(masks)};
    static const rows_check benches[] = {ROWS_CHECK(speed)};
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
