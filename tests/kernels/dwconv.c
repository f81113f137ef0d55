/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution: every row against sums in double, lane by lane. */
#include "kernels/dwconv/dwconv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/rows.h"

/* One block of channels. */
typedef struct problem {
    tenon__conv_axis h, w;
    float *x, *weights, *bias, *residual, *y, *wanted;
    tenon__epilogue tail;
    const tenon__dwconv_row *row;
    int blocks; /* the planes are that many, all alike, in a bench */
    char what[160];
} problem;

static float *floats(int64_t count)
{
    return rows_source((size_t)count * sizeof(float), sizeof(float));
}

static problem problem_make(const void *row, tenon__conv_axis h, tenon__conv_axis w, int blocks)
{
    problem p = {.h = h, .w = w, .row = row, .blocks = blocks};
    const int64_t in = h.in * w.in * TENON__BLOCK * blocks;
    const int64_t taps = h.taps * w.taps * TENON__BLOCK * blocks;
    const int64_t out = h.count * w.count * TENON__BLOCK * blocks;
    p.x = floats(in);
    p.weights = floats(taps);
    p.bias = floats(TENON__BLOCK);
    p.y = rows_output((size_t)out * sizeof(float), 64);
    rows_fill(p.x, (size_t)in, ROWS_UNIFORM);
    rows_fill(p.weights, (size_t)taps, ROWS_UNIFORM);
    rows_fill(p.bias, TENON__BLOCK, ROWS_UNIFORM);
    (void)snprintf(p.what, sizeof p.what,
                   "%dx%d taps, steps %d %d, deltas %d %d, from %d %d, %dx%d -> %dx%d", (int)h.taps,
                   (int)w.taps, (int)h.step, (int)w.step, (int)h.delta, (int)w.delta, (int)h.first,
                   (int)w.first, (int)h.in, (int)w.in, (int)h.count, (int)w.count);
    return p;
}

static void solve(problem *p)
{
    const int64_t out = p->h.count * p->w.count * TENON__BLOCK;
    p->wanted = floats(out);
    for (int64_t i = 0; i < out; i++) {
        const int64_t lane = i % TENON__BLOCK, ox = i / TENON__BLOCK % p->w.count,
                      oy = i / TENON__BLOCK / p->w.count;
        double sum = p->bias[lane];
        for (int64_t t = 0; t < p->h.taps * p->w.taps; t++) {
            const int64_t y = p->h.first + oy * p->h.step + t / p->w.taps * p->h.delta;
            const int64_t x = p->w.first + ox * p->w.step + t % p->w.taps * p->w.delta;
            if (y < 0 || y >= p->h.in || x < 0 || x >= p->w.in) continue;
            sum += (double)p->x[(y * p->w.in + x) * TENON__BLOCK + lane] *
                   p->weights[t * TENON__BLOCK + lane];
        }
        if (p->residual) sum += p->residual[i];
        p->wanted[i] = tenon__activate(&p->tail, (float)sum);
    }
}

static void run(void *ctx)
{
    const problem *p = ctx;
    for (int b = 0; b < p->blocks; b++)
        for (int64_t o = 0; o < p->h.count; o++) {
            tenon__dwconv_line l = {
                .x = p->x + b * p->h.in * p->w.in * TENON__BLOCK,
                .pitch = p->w.in * TENON__BLOCK,
                .at = p->h.first + o * p->h.step,
                .tap_delta = p->h.delta,
                .tap_to = p->h.taps,
                .axis = p->w,
                .w = p->weights + b * p->h.taps * p->w.taps * TENON__BLOCK,
                .bias = p->bias,
                .y = p->y + (b * p->h.count + o) * p->w.count * TENON__BLOCK,
                .residual = p->residual ? p->residual + o * p->w.count * TENON__BLOCK : NULL,
                .epilogue = &p->tail,
            };
            if (l.at < 0) l.tap_from = (-l.at + p->h.delta - 1) / p->h.delta;
            while (l.tap_to > l.tap_from && l.at + (l.tap_to - 1) * p->h.delta >= p->h.in)
                l.tap_to--;
            if (l.tap_from > l.tap_to) l.tap_from = l.tap_to;
            p->row->line(&l);
        }
}

static tenon__conv_axis random_axis(int64_t most)
{
    return (tenon__conv_axis){.taps = test_random_in(1, 8),
                              .step = test_random_in(1, 3),
                              .delta = test_random() % 3 ? 1 : 2,
                              .first = -test_random_in(0, 5),
                              .in = test_random_in(1, most),
                              .count = test_random_in(1, most)};
}

static void shapes(const void *row)
{
    static const tenon__epilogue tails[] = {
        {.kind = TENON__ACT_NONE},
        {.kind = TENON__ACT_CLIP, .alpha = 0, .beta = 6},
        {.kind = TENON__ACT_SILU},
        {.kind = TENON__ACT_HARDSWISH, .alpha = 1.0f / 6, .beta = 0.5f},
    };
    for (int i = 0; i < 300; i++) {
        problem p = problem_make(row, random_axis(9), random_axis(40), 1);
        const int64_t out = p.h.count * p.w.count * TENON__BLOCK;
        p.tail = tails[test_random_in(0, TEST_COUNT(tails) - 1)];
        if (test_random() % 2) {
            p.residual = floats(out);
            rows_fill(p.residual, (size_t)out, ROWS_UNIFORM);
        }
        solve(&p);
        run(&p);
        rows_compare(p.what, p.y, p.wanted, (size_t)out, 1e-5);
        rows_release();
    }
}

/* NaN stays in its windows; infinite weights meet no zero of the padding. */
static void special(const void *row)
{
    for (int i = 0; i < 40; i++) {
        tenon__conv_axis h = random_axis(9), w = random_axis(40);
        if (i % 2) w.taps = 3, w.step = w.delta = 1;
        problem p = problem_make(row, h, w, 1);
        const int64_t out = p.h.count * p.w.count * TENON__BLOCK;
        if (i % 4 < 2)
            rows_fill(p.x, (size_t)(h.in * w.in * TENON__BLOCK), ROWS_SPECIAL);
        else
            p.weights[test_random_in(0, TENON__BLOCK - 1)] = INFINITY;
        solve(&p);
        run(&p);
        rows_compare(p.what, p.y, p.wanted, (size_t)out, 1e-5);
        rows_release();
    }
}

static void layers(const void *row)
{
    static const struct {
        int64_t channels, in, kernel, stride;
    } list[] = {{32, 112, 3, 1}, {96, 112, 3, 2}, {144, 56, 3, 1}, {144, 56, 3, 2}, {192, 28, 3, 1},
                {576, 14, 3, 1}, {576, 14, 3, 2}, {960, 7, 3, 1},  {240, 28, 5, 1}, {672, 14, 5, 1},
                {672, 14, 5, 2}, {1152, 7, 5, 1}, {96, 56, 7, 1},  {384, 14, 7, 1}};
    for (size_t i = 0; i < TEST_COUNT(list); i++) {
        const int64_t k = list[i].kernel;
        const tenon__conv_axis a = {.taps = k,
                                    .step = list[i].stride,
                                    .delta = 1,
                                    .first = -(k / 2),
                                    .in = list[i].in,
                                    .count = (list[i].in - 1) / list[i].stride + 1};
        problem p = problem_make(row, a, a, (int)(list[i].channels / TENON__BLOCK));
        p.tail = (tenon__epilogue){.kind = TENON__ACT_CLIP, .alpha = 0, .beta = 6};
        char what[64];
        (void)snprintf(what, sizeof what, "%dx%d/%d %d @%d", (int)k, (int)k, (int)list[i].stride,
                       (int)list[i].channels, (int)list[i].in);
        rows_time(what, p.row->name, run, &p,
                  2.0 * (double)(k * k * a.count * a.count * list[i].channels), 0);
        rows_release();
    }
}

int main(int argc, char **argv)
{
    static const rows_check checks[] = {ROWS_CHECK(shapes), ROWS_CHECK(special)};
    static const rows_check benches[] = {ROWS_CHECK(layers)};
    rows_family f = {.name = "dwconv"};
    for (size_t i = 0; tenon__dwconv_rows[i]; i++)
        rows_add(&f, tenon__dwconv_rows[i]->name, tenon__dwconv_rows[i]->needs,
                 tenon__dwconv_rows[i]);
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
