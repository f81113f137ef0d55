/* SPDX-License-Identifier: Apache-2.0 */
/* Every quantising row against the plain one: the same bits. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/quant/quant.h"
#include "kernels/rows.h"

static const int64_t counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 300};
#define COUNTS (sizeof counts / sizeof *counts)

static const tenon__quant_row *plain(void)
{
    const tenon__quant_row *const *row = tenon__quant_rows;
    while (row[1])
        row++;
    return *row;
}

static size_t bytes_of(int type)
{
    return type == TENON__QUANT_I32 ? 4 : type >= TENON__QUANT_U16 ? 2 : 1;
}

static void scales(float *scale, int32_t *zero, int64_t n, int type)
{
    bool is_signed =
        type == TENON__QUANT_I8 || type == TENON__QUANT_I16 || type == TENON__QUANT_I32;
    for (int64_t i = 0; i < n; i++) {
        scale[i] = (float)test_random_real(0.001, 0.1);
        zero[i] = (int32_t)test_random_in(is_signed ? -128 : 0, is_signed ? 127 : 255);
    }
}

static void to_and_fro(const void *row)
{
    const tenon__quant_row *r = row, *ref = plain();
    for (int type = 0; type < TENON__QUANT_TYPES; type++)
        for (size_t c = 0; c < 2 * COUNTS; c++) {
            int64_t n = counts[c / 2];
            int step = c % 2;
            size_t bytes = bytes_of(type), size = (size_t)n * bytes;
            float *x = rows_source((size_t)n * sizeof *x, sizeof *x);
            float *scale = rows_source((step ? (size_t)n : 1) * sizeof *scale, sizeof *scale);
            int32_t *zero = rows_source((step ? (size_t)n : 1) * sizeof *zero, sizeof *zero);
            void *q = rows_output(size, bytes), *wanted = rows_output(size, bytes);
            float *y = rows_output((size_t)n * sizeof *y, sizeof *y);
            float *y_wanted = rows_output((size_t)n * sizeof *y, sizeof *y);
            rows_fill(x, (size_t)n, ROWS_SPECIAL);
            for (int64_t i = 0; i < n; i++)
                x[i] *= i % 2 ? 10 : 1;
            scales(scale, zero, step ? n : 1, type);
            ref->quantize[type](x, wanted, n, scale, zero, step);
            ref->dequantize[type](wanted, y_wanted, n, scale, zero, step);
            if (r->quantize[type]) {
                r->quantize[type](x, q, n, scale, zero, step);
                rows_same("quantize", q, wanted, size);
            }
            if (r->dequantize[type]) {
                r->dequantize[type](wanted, y, n, scale, zero, step);
                rows_same("dequantize", y, y_wanted, (size_t)n * sizeof *y);
            }
            rows_release();
        }
}

/* Quotients that lie between two integers. */
static void halves(const void *row)
{
    const tenon__quant_row *r = row;
    float x[16], scale = 2;
    int8_t y[16];
    for (int i = 0; i < 16; i++)
        x[i] = (float)(2 * i - 15);
    if (!r->quantize[TENON__QUANT_I8]) return;
    r->quantize[TENON__QUANT_I8](x, y, 16, &scale, &(int32_t){1}, 0);
    static const int8_t wanted[] = {-7, -5, -5, -3, -3, -1, -1, 1, 1, 3, 3, 5, 5, 7, 7, 9};
    rows_same("halves", y, wanted, sizeof wanted);
}

static void binaries(const void *row)
{
    const tenon__quant_row *r = row, *ref = plain();
    for (int type = 0; type < 2; type++)
        for (size_t c = 0; c < 3 * COUNTS; c++) {
            int64_t n = counts[c / 3];
            const int step[] = {c % 3 != 1, c % 3 != 2};
            int32_t zero[3];
            float scale[3];
            uint8_t *a = rows_source(step[0] ? (size_t)n : 1, 1),
                    *b = rows_source(step[1] ? (size_t)n : 1, 1);
            uint8_t *y = rows_output((size_t)n, 1), *wanted = rows_output((size_t)n, 1);
            rows_fill_bytes(a, step[0] ? (size_t)n : 1);
            rows_fill_bytes(b, step[1] ? (size_t)n : 1);
            scales(scale, zero, 3, type);
            const tenon__quant_pair pair = {scale[0], scale[1], scale[2],
                                            zero[0],  zero[1],  zero[2]};
            for (int product = 0; product < 2; product++) {
                tenon__quant_binary_fn fn = product ? r->mul[type] : r->add[type];
                (product ? ref->mul : ref->add)[type](wanted, (const void *[]){a, b}, step, n,
                                                      &pair);
                if (!fn) continue;
                fn(y, (const void *[]){a, b}, step, n, &pair);
                rows_same(product ? "mul" : "add", y, wanted, (size_t)n);
                if (!step[0]) continue;
                memcpy(y, a, (size_t)n); /* in place */
                fn(y, (const void *[]){y, b}, step, n, &pair);
                rows_same(product ? "mul in place" : "add in place", y, wanted, (size_t)n);
            }
            rows_release();
        }
}

static void ranges(const void *row)
{
    const tenon__quant_row *r = row, *ref = plain();
    for (size_t c = 0; r->range && c < 2 * COUNTS; c++) {
        int64_t n = counts[c / 2];
        float *x = rows_source((size_t)n * sizeof *x, sizeof *x), got[2], wanted[2];
        rows_fill(x, (size_t)n, c % 2 ? ROWS_SPECIAL : ROWS_UNIFORM);
        r->range(x, n, &got[0], &got[1]);
        ref->range(x, n, &wanted[0], &wanted[1]);
        for (int i = 0; i < 2; i++)
            if (got[i] != wanted[i])
                fail_msg("range of %lld: %g, wanted %g", (long long)n, (double)got[i],
                         (double)wanted[i]);
        rows_release();
    }
}

static void tables(const void *row)
{
    const tenon__quant_row *r = row, *ref = plain();
    uint8_t table[256];
    rows_fill_bytes(table, sizeof table);
    for (size_t c = 0; r->look_up && c < COUNTS; c++) {
        int64_t n = counts[c];
        uint8_t *x = rows_source((size_t)n, 1), *y = rows_output((size_t)n, 1),
                *wanted = rows_output((size_t)n, 1);
        rows_fill_bytes(x, (size_t)n);
        r->look_up(x, y, n, table);
        ref->look_up(x, wanted, n, table);
        rows_same("look_up", y, wanted, (size_t)n);
        rows_release();
    }
}

static void taps(const void *row)
{
    const tenon__quant_row *r = row, *ref = plain();
    enum { MOST = 12 };
    for (size_t c = 0; r->max_taps && c < COUNTS; c++) {
        const int64_t n = counts[c];
        const uint8_t *at[MOST];
        uint8_t *y = rows_output((size_t)n, 1), *wanted = rows_output((size_t)n, 1);
        uint32_t *sum = rows_output((size_t)n * 4, 4), *sums = rows_output((size_t)n * 4, 4);
        for (int t = 0; t < MOST; t++) {
            uint8_t *x = rows_source((size_t)n, 1);
            rows_fill_bytes(x, (size_t)n);
            at[t] = x;
        }
        for (int t = 0; t <= MOST; t += 3) {
            const uint8_t flip = c % 2 ? 0x80 : 0;
            r->max_taps(at, t, n, flip, y);
            ref->max_taps(at, t, n, flip, wanted);
            rows_same("max_taps", y, wanted, (size_t)n);
            r->sum_taps(at, t, n, flip, sum);
            ref->sum_taps(at, t, n, flip, sums);
            rows_same("sum_taps", sum, sums, (size_t)n * 4);
        }
        rows_release();
    }
}

/* ---- benches ---- */

enum { LENGTH = 8192 };

typedef struct work {
    const tenon__quant_row *row;
    float *x;
    uint8_t *a, *b, *y;
    uint8_t table[256];
} work;

static void quantize(void *ctx)
{
    const work *w = ctx;
    w->row->quantize[TENON__QUANT_U8](w->x, w->y, LENGTH, &(float){0.02f}, &(int32_t){7}, 0);
}

static void dequantize(void *ctx)
{
    const work *w = ctx;
    w->row->dequantize[TENON__QUANT_U8](w->a, w->x, LENGTH, &(float){0.02f}, &(int32_t){7}, 0);
}

static void add(void *ctx)
{
    static const tenon__quant_pair pair = {0.02f, 0.03f, 0.04f, 1, 2, 3};
    const work *w = ctx;
    w->row->add[TENON__QUANT_U8](w->y, (const void *[]){w->a, w->b}, (int[]){1, 1}, LENGTH, &pair);
}

static void look_up(void *ctx)
{
    const work *w = ctx;
    w->row->look_up(w->a, w->y, LENGTH, w->table);
}

static void cached(const void *row)
{
    work w = {.row = row,
              .x = rows_source(LENGTH * sizeof(float), 64),
              .a = rows_source(LENGTH, 64),
              .b = rows_source(LENGTH, 64),
              .y = rows_output(LENGTH, 64)};
    rows_fill(w.x, LENGTH, ROWS_UNIFORM);
    if (w.row->quantize[TENON__QUANT_U8]) {
        rows_time("quantize u8", w.row->name, quantize, &w, LENGTH, 5 * LENGTH);
        rows_time("dequantize u8", w.row->name, dequantize, &w, LENGTH, 5 * LENGTH);
        rows_time("add u8", w.row->name, add, &w, LENGTH, 3 * LENGTH);
    }
    if (w.row->look_up) rows_time("look up", w.row->name, look_up, &w, LENGTH, 2 * LENGTH);
    rows_release();
}

int main(int argc, char **argv)
{
    static const rows_check checks[] = {ROWS_CHECK(to_and_fro), ROWS_CHECK(halves),
                                        ROWS_CHECK(binaries),   ROWS_CHECK(ranges),
                                        ROWS_CHECK(tables),     ROWS_CHECK(taps)},
                            benches[] = {ROWS_CHECK(cached)};
    rows_family f = {.name = "quant"};
    for (size_t i = 0; tenon__quant_rows[i]; i++)
        rows_add(&f, tenon__quant_rows[i]->name, tenon__quant_rows[i]->needs, tenon__quant_rows[i]);
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
