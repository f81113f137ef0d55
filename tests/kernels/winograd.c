/* SPDX-License-Identifier: Apache-2.0 */
/* Winograd convolution: every row against sums in double, within what its accuracy class promises;
 * its bits under other cuts; lanes past the last channel poisoned. */
#include "kernels/winograd/winograd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/rows.h"

#define TOLERANCE 3e-5 /* of the largest output; the class promises 1e-4 */

typedef struct problem {
    int64_t batch, channels, outputs;
    tenon__winograd w;
    float *x, *weights, *bias, *residual; /* plain; the bias in blocks */
    tenon__epilogue tail;
    int64_t block;
    void *scratch;
    char what[160];
} problem;

static float *floats(int64_t count)
{
    return rows_source((size_t)count * sizeof(float), sizeof(float));
}

static int64_t blocks_of(int64_t channels)
{
    return (channels + TENON__BLOCK - 1) / TENON__BLOCK;
}

/* [batch][channels][plane] in blocks, NaN in the lanes that are no channel. */
static float *to_blocks(const float *plain, int64_t batch, int64_t channels, int64_t plane)
{
    const int64_t lanes = blocks_of(channels) * TENON__BLOCK;
    float *out = floats(batch * lanes * plane);
    for (int64_t n = 0; n < batch; n++)
        for (int64_t c = 0; c < lanes; c++)
            for (int64_t i = 0; i < plane; i++)
                out[(n * lanes + c / TENON__BLOCK * TENON__BLOCK) * plane + i * TENON__BLOCK +
                    c % TENON__BLOCK] = c < channels ? plain[(n * channels + c) * plane + i] : NAN;
    return out;
}

static tenon__conv_axis axis(int64_t in, int64_t before, int64_t after)
{
    return (tenon__conv_axis){.in = in,
                              .count = in + before + after - 2,
                              .taps = 3,
                              .step = 1,
                              .first = -before,
                              .delta = 1};
}

static problem problem_make(const tenon__winograd_row *row, int64_t batch, int64_t channels,
                            int64_t outputs, tenon__conv_axis h, tenon__conv_axis w)
{
    problem p = {.batch = batch, .channels = channels, .outputs = outputs};
    const int64_t in = batch * channels * h.in * w.in, blocks = blocks_of(outputs);
    p.x = floats(in);
    p.weights = floats(outputs * channels * 9);
    p.bias = floats(blocks * TENON__BLOCK);
    rows_fill(p.x, (size_t)in, ROWS_UNIFORM);
    rows_fill(p.weights, (size_t)(outputs * channels * 9), ROWS_UNIFORM);
    rows_fill(p.bias, (size_t)outputs, ROWS_UNIFORM);
    p.w = (tenon__winograd){
        .row = row,
        .conv = tenon__conv_find(row->needs),
        .channels = channels,
        .out_blocks = blocks,
        .h = h,
        .w = w,
        .patches_h = (h.count + 3) / 4,
        .patches_w = (w.count + 3) / 4,
        .x = to_blocks(p.x, batch, channels, h.in * w.in),
        .bias = p.bias,
    };
    float *u = rows_output(
        (size_t)(blocks * TENON__BLOCK * channels * TENON__WINOGRAD_POINTS) * sizeof(float), 64);
    for (int64_t b = 0; b < blocks; b++)
        tenon__winograd_pack_block(row, p.w.conv, p.weights, NULL, outputs, channels, b, u);
    p.w.u = u;
    p.w.y = rows_output((size_t)(batch * blocks * TENON__BLOCK * h.count * w.count) * sizeof(float),
                        64);
    p.block = tenon__winograd_block(channels, batch * p.w.patches_h * p.w.patches_w);
    p.scratch = rows_output(tenon__winograd_scratch(p.w.conv, channels, p.block), 64);
    (void)snprintf(p.what, sizeof p.what, "%d x %d -> %d channels, %dx%d from %d %d -> %dx%d",
                   (int)batch, (int)channels, (int)outputs, (int)h.in, (int)w.in, (int)h.first,
                   (int)w.first, (int)h.count, (int)w.count);
    return p;
}

static void run(void *ctx)
{
    problem *p = ctx;
    const int64_t patches = p->batch * p->w.patches_h * p->w.patches_w;
    p->w.epilogue = &p->tail;
    for (int64_t from = 0; from < patches; from += p->block)
        tenon__winograd_run(&p->w, from, from + p->block < patches ? from + p->block : patches, 0,
                            tenon__conv_groups(p->w.conv, p->w.out_blocks), p->scratch);
}

static double sum_at(const problem *p, int64_t n, int64_t m, int64_t oy, int64_t ox)
{
    double sum = p->bias[m];
    for (int64_t c = 0; c < p->channels; c++)
        for (int64_t t = 0; t < 9; t++) {
            const int64_t y = p->w.h.first + oy + t / 3, x = p->w.w.first + ox + t % 3;
            if (y < 0 || y >= p->w.h.in || x < 0 || x >= p->w.w.in) continue;
            sum += (double)p->x[((n * p->channels + c) * p->w.h.in + y) * p->w.w.in + x] *
                   p->weights[(m * p->channels + c) * 9 + t];
        }
    return sum;
}

static void check(problem *p)
{
    const int64_t plane = p->w.h.count * p->w.w.count, all = p->batch * p->outputs * plane;
    float *wanted = floats(all), *got = floats(all);
    run(p);
    for (int64_t i = 0; i < all; i++) {
        const int64_t at = i % plane, m = i / plane % p->outputs, n = i / plane / p->outputs;
        double sum = sum_at(p, n, m, at / p->w.w.count, at % p->w.w.count);
        if (p->residual) sum += p->residual[i];
        wanted[i] = tenon__activate(&p->tail, (float)sum);
        got[i] = p->w.y[((n * p->w.out_blocks + m / TENON__BLOCK) * plane + at) * TENON__BLOCK +
                        m % TENON__BLOCK];
    }
    rows_compare(p->what, got, wanted, (size_t)all, TOLERANCE);
}

static void shapes(const void *row)
{
    static const tenon__epilogue tails[] = {
        {.kind = TENON__ACT_NONE},
        {.kind = TENON__ACT_CLIP, .alpha = 0, .beta = INFINITY},
        {.kind = TENON__ACT_SILU},
    };
    for (int i = 0; i < 30; i++) {
        problem p =
            problem_make(row, test_random_in(1, 2), test_random_in(1, 40), test_random_in(1, 90),
                         axis(test_random_in(3, 14), test_random_in(0, 2), test_random_in(0, 2)),
                         axis(test_random_in(3, 14), test_random_in(0, 2), test_random_in(0, 2)));
        p.tail = tails[i % 3];
        if (test_random() % 2) {
            const int64_t plane = p.w.h.count * p.w.w.count;
            p.residual = floats(p.batch * p.outputs * plane);
            rows_fill(p.residual, (size_t)(p.batch * p.outputs * plane), ROWS_UNIFORM);
            p.w.residual = to_blocks(p.residual, p.batch, p.outputs, plane);
        }
        check(&p);
        rows_release();
    }
}

static void long_sums(const void *row)
{
    problem p = problem_make(row, 1, 512, 20, axis(9, 1, 1), axis(10, 1, 1));
    check(&p);
    rows_release();
}

/* Other blocks of patches, groups one by one: the same bits. */
static void cuts(const void *row)
{
    problem p = problem_make(row, 2, 33, 90, axis(17, 1, 1), axis(19, 1, 1));
    const int64_t patches = p.batch * p.w.patches_h * p.w.patches_w;
    const size_t bytes =
        (size_t)(p.batch * p.w.out_blocks * TENON__BLOCK * p.w.h.count * p.w.w.count) *
        sizeof(float);
    run(&p);
    tenon__winograd q = p.w;
    q.y = rows_output(bytes, 64);
    for (int64_t from = 0, to; from < patches; from = to) {
        to = from + test_random_in(1, p.block);
        if (to > patches) to = patches;
        for (int64_t g = 0; g < tenon__conv_groups(q.conv, q.out_blocks); g++)
            tenon__winograd_run(&q, from, to, g, g + 1, p.scratch);
    }
    rows_same(p.what, q.y, p.w.y, bytes);
    rows_release();
}

static void layers(const void *row)
{
    static const int64_t list[][3] = {{64, 64, 56},   {128, 128, 28}, {256, 256, 14},
                                      {512, 512, 7},  {64, 64, 224},  {128, 128, 112},
                                      {256, 256, 56}, {512, 512, 28}, {512, 512, 14},
                                      {32, 32, 28},   {128, 32, 56},  {96, 208, 14}};
    for (size_t i = 0; i < TEST_COUNT(list); i++) {
        const int64_t c = list[i][0], m = list[i][1], in = list[i][2];
        problem p = problem_make(row, 1, c, m, axis(in, 1, 1), axis(in, 1, 1));
        p.tail = (tenon__epilogue){.kind = TENON__ACT_CLIP, .alpha = 0, .beta = INFINITY};
        char what[64];
        (void)snprintf(what, sizeof what, "3x3 %d->%d @%d", (int)c, (int)m, (int)in);
        rows_time(what, p.w.row->name, run, &p, 18.0 * (double)(c * m * in * in), 0);
        rows_release();
    }
}

int main(int argc, char **argv)
{
    static const rows_check checks[] = {ROWS_CHECK(shapes), ROWS_CHECK(long_sums),
                                        ROWS_CHECK(cuts)};
    static const rows_check benches[] = {ROWS_CHECK(layers)};
    rows_family f = {.name = "winograd"};
    for (size_t i = 0; tenon__winograd_rows[i]; i++)
        rows_add(&f, tenon__winograd_rows[i]->name, tenon__winograd_rows[i]->needs,
                 tenon__winograd_rows[i]);
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
