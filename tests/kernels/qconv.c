/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of single channels of bytes: every row against sums of integers, bit for bit. */
#include "kernels/qconv/qconv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/rows.h"

static int32_t byte_at(const uint8_t *data, int64_t at, bool is_signed)
{
    return is_signed ? (int8_t)data[at] : data[at];
}

static int32_t sum_at(const tenon__qconv_plane *p, int64_t o)
{
    const tenon__conv_grid *g = p->grid;
    int64_t sum = p->bias;
    for (int64_t t = 0; t < g->taps; t++) {
        int64_t at = 0, step = 1, position = o, tap = t;
        bool inside = true;
        for (int i = g->rank - 1; i >= 0; i--) {
            const tenon__conv_axis *a = &g->axis[i];
            const int64_t x = a->first + position % a->count * a->step + tap % a->taps * a->delta;
            inside = inside && x >= 0 && x < a->in;
            at += x * step;
            step *= a->in;
            position /= a->count;
            tap /= a->taps;
        }
        if (inside)
            sum += (int64_t)(byte_at(p->x, at, p->x_signed) - p->x_zero) *
                   (byte_at(p->w, t, p->w_signed) - p->w_zero);
    }
    return (int32_t)sum;
}

static uint8_t requantised(const tenon__qconv_plane *p, int32_t sum)
{
    const float low = p->out == TENON__QGEMM_I8 ? -128 : 0;
    float v = rintf((float)sum * p->scale) + (float)p->y_zero;
    v = v < low ? low : v > low + 255 ? low + 255 : v;
    return (uint8_t)(int32_t)v;
}

static tenon__conv_axis random_axis(int64_t most)
{
    return (tenon__conv_axis){.taps = test_random_in(1, 5),
                              .step = test_random_in(1, 4),
                              .delta = test_random_in(1, 3),
                              .first = -test_random_in(0, 5),
                              .in = test_random_in(1, most),
                              .count = test_random_in(1, most)};
}

static void shapes(const void *row_)
{
    const tenon__qconv_row *row = row_;
    for (int i = 0; i < 400; i++) {
        tenon__conv_grid g = {.rank = (int)test_random_in(1, 3)};
        for (int k = 0; k < g.rank; k++)
            g.axis[k] = random_axis(g.rank == 3 ? 5 : k + 1 < g.rank ? 40 : 150);
        tenon__conv_grid_finish(&g);
        const int64_t line = g.axis[g.rank - 1].count, lines = g.positions / line;
        uint8_t *x = rows_source((size_t)g.plane, 1), *w = rows_source((size_t)g.taps, 1);
        rows_fill_bytes(x, (size_t)g.plane);
        rows_fill_bytes(w, (size_t)g.taps);
        tenon__qconv_plane p = {
            .grid = &g,
            .x = x,
            .w = w,
            .from = test_random_in(0, lines - 1) * line,
            .x_signed = test_random() % 2,
            .w_signed = test_random() % 2,
            .bias = (int32_t)test_random_in(-30000000, 30000000),
            .scale = (float)test_random_real(0.0001, 0.01),
            .out = (tenon__qgemm_out)test_random_in(TENON__QGEMM_I32, TENON__QGEMM_I8),
            .scratch = rows_output(TENON__QCONV_PLANE_FLOATS * sizeof(float), 64),
        };
        p.to = p.from + test_random_in(1, lines - p.from / line) * line;
        p.x_zero = (int32_t)test_random_in(0, 255) - (p.x_signed ? 128 : 0);
        p.w_zero = test_random() % 2 ? (int32_t)test_random_in(0, 255) - (p.w_signed ? 128 : 0) : 0;
        p.y_zero = (int32_t)test_random_in(0, 255) - (p.out == TENON__QGEMM_I8 ? 128 : 0);
        const size_t size = p.out == TENON__QGEMM_I32 ? 4 : 1, n = (size_t)(p.to - p.from);
        uint8_t *wanted = rows_source(n * size, 4);
        p.y = rows_output(n * size, size);
        for (int64_t o = p.from; o < p.to; o++) {
            const int32_t sum = sum_at(&p, o);
            if (size == 4)
                ((int32_t *)(void *)wanted)[o - p.from] = sum;
            else
                wanted[o - p.from] = requantised(&p, sum);
        }
        row->plane(&p);
        char what[96];
        (void)snprintf(what, sizeof what, "case %d: %d axes, %d taps, %d positions", i, g.rank,
                       (int)g.taps, (int)n);
        rows_same(what, p.y, wanted, n * size);
        rows_release();
    }
}

static void run(void *ctx)
{
    const void *const *pair = ctx;
    ((const tenon__qconv_row *)pair[0])->plane(pair[1]);
}

static void planes(const void *row)
{
    static const struct {
        int64_t in, kernel, step;
    } list[] = {{112, 3, 1}, {112, 3, 2}, {56, 3, 1}, {28, 3, 1},
                {14, 3, 1},  {7, 3, 1},   {28, 5, 1}};
    for (size_t i = 0; i < TEST_COUNT(list); i++) {
        const tenon__conv_axis a = {.taps = list[i].kernel,
                                    .step = list[i].step,
                                    .delta = 1,
                                    .first = -(list[i].kernel / 2),
                                    .in = list[i].in,
                                    .count = (list[i].in - 1) / list[i].step + 1};
        tenon__conv_grid g = {.rank = 2, .axis = {a, a}};
        tenon__conv_grid_finish(&g);
        const tenon__qconv_plane p = {
            .grid = &g,
            .x = rows_source((size_t)g.plane, 1),
            .w = rows_source((size_t)g.taps, 1),
            .to = g.positions,
            .y = rows_output((size_t)g.positions, 1),
            .w_signed = true,
            .scale = 0.01f,
            .out = TENON__QGEMM_U8,
            .scratch = rows_output(TENON__QCONV_PLANE_FLOATS * sizeof(float), 64),
        };
        const void *pair[] = {row, &p};
        char what[64];
        (void)snprintf(what, sizeof what, "%dx%d/%d @%d", (int)a.taps, (int)a.taps, (int)a.step,
                       (int)a.in);
        rows_time(what, ((const tenon__qconv_row *)row)->name, run, pair,
                  2.0 * (double)(g.taps * g.positions), 0);
        rows_release();
    }
}

int main(int argc, char **argv)
{
    static const rows_check checks[] = {ROWS_CHECK(shapes)};
    static const rows_check benches[] = {ROWS_CHECK(planes)};
    rows_family f = {.name = "qconv"};
    for (size_t i = 0; tenon__qconv_rows[i]; i++)
        rows_add(&f, tenon__qconv_rows[i]->name, tenon__qconv_rows[i]->needs, tenon__qconv_rows[i]);
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
