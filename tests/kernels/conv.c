/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution kernels, plain and blocked: every row against sums in double, lanes past the last
 * channel poisoned, and its own bits under other cuts. */
#include "kernels/conv/blocked.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/rows.h"

/* Two spatial axes, one batch, one group. */
typedef struct problem {
    int64_t channels, outputs;
    tenon__conv_axis h, w;
    bool plain;                           /* the blocked form reads a plain input */
    float *x, *weights, *bias, *residual; /* plain */
    tenon__epilogue tail;
    float *wanted; /* plain */
    char what[200];
} problem;

static int64_t blocks_of(int64_t channels)
{
    return (channels + TENON__BLOCK - 1) / TENON__BLOCK;
}

static float *floats(int64_t count)
{
    return rows_source((size_t)count * sizeof(float), sizeof(float));
}

static int64_t area(const problem *p)
{
    return p->h.count * p->w.count;
}

static double sum_at(const problem *p, int64_t m, int64_t oy, int64_t ox)
{
    double sum = p->bias[m];
    for (int64_t c = 0; c < p->channels; c++)
        for (int64_t ty = 0; ty < p->h.taps; ty++)
            for (int64_t tx = 0; tx < p->w.taps; tx++) {
                const int64_t y = p->h.first + oy * p->h.step + ty * p->h.delta;
                const int64_t x = p->w.first + ox * p->w.step + tx * p->w.delta;
                if (y < 0 || y >= p->h.in || x < 0 || x >= p->w.in) continue;
                sum += (double)p->x[(c * p->h.in + y) * p->w.in + x] *
                       p->weights[((m * p->channels + c) * p->h.taps + ty) * p->w.taps + tx];
            }
    return sum;
}

static void solve(problem *p)
{
    p->wanted = floats(p->outputs * area(p));
    for (int64_t m = 0; m < p->outputs; m++)
        for (int64_t i = 0; i < area(p); i++) {
            double sum = sum_at(p, m, i / p->w.count, i % p->w.count);
            if (p->residual) sum += p->residual[m * area(p) + i];
            p->wanted[m * area(p) + i] = tenon__activate(&p->tail, (float)sum);
        }
}

static tenon__conv_axis random_axis(int64_t most)
{
    tenon__conv_axis a = {.taps = test_random_in(1, 4),
                          .step = test_random_in(1, 3),
                          .delta = test_random_in(1, 2),
                          .first = -test_random_in(0, 4),
                          .in = test_random_in(1, most),
                          .count = test_random_in(1, most)};
    if (test_random() % 4 == 0) a.taps = a.step = 1, a.first = 0, a.in = a.count;
    return a;
}

static problem problem_make(int64_t channels, int64_t outputs, tenon__conv_axis h,
                            tenon__conv_axis w, rows_kind kind)
{
    problem p = {.channels = channels, .outputs = outputs, .h = h, .w = w};
    const int64_t taps = h.taps * w.taps;
    p.x = floats(channels * h.in * w.in);
    p.weights = floats(outputs * channels * taps);
    p.bias = floats(outputs);
    rows_fill(p.x, (size_t)(channels * h.in * w.in), kind);
    rows_fill(p.weights, (size_t)(outputs * channels * taps),
              kind == ROWS_SPECIAL ? ROWS_UNIFORM : kind);
    rows_fill(p.bias, (size_t)outputs, kind == ROWS_SPECIAL ? ROWS_UNIFORM : kind);
    (void)snprintf(
        p.what, sizeof p.what,
        "%d -> %d channels, %dx%d taps, steps %d %d, deltas %d %d, from %d %d, %dx%d -> %dx%d",
        (int)channels, (int)outputs, (int)h.taps, (int)w.taps, (int)h.step, (int)w.step,
        (int)h.delta, (int)w.delta, (int)h.first, (int)w.first, (int)h.in, (int)w.in, (int)h.count,
        (int)w.count);
    return p;
}

/* A residual and an activation, or not. */
static void random_tail(problem *p)
{
    static const tenon__epilogue tails[] = {
        {.kind = TENON__ACT_NONE},
        {.kind = TENON__ACT_CLIP, .alpha = 0, .beta = INFINITY},
        {.kind = TENON__ACT_CLIP, .alpha = -0.5f, .beta = 0.75f},
        {.kind = TENON__ACT_LEAKY, .alpha = 0.1f},
        {.kind = TENON__ACT_SILU},
        {.kind = TENON__ACT_HARDSWISH, .alpha = 1.0f / 6, .beta = 0.5f},
    };
    p->tail = tails[test_random_in(0, TEST_COUNT(tails) - 1)];
    if (test_random() % 2) return;
    p->residual = floats(p->outputs * area(p));
    rows_fill(p->residual, (size_t)(p->outputs * area(p)), ROWS_UNIFORM);
}

/* ---- the blocked form ---- */

/* [channels][plane] to [blocks][plane][16], NaN in the lanes that are no channel. */
static float *to_blocks(const float *plain, int64_t channels, int64_t plane)
{
    const int64_t lanes = blocks_of(channels) * TENON__BLOCK;
    float *out = floats(lanes * plane);
    for (int64_t c = 0; c < lanes; c++)
        for (int64_t i = 0; i < plane; i++)
            out[(c / TENON__BLOCK * plane + i) * TENON__BLOCK + c % TENON__BLOCK] =
                c < channels ? plain[c * plane + i] : NAN;
    return out;
}

typedef struct blocked {
    const problem *p;
    const tenon__conv_row *row;
    float *x, *w, *bias, *residual, *y;
} blocked;

static blocked blocked_make(const problem *p, const tenon__conv_row *row)
{
    const int64_t blocks = blocks_of(p->outputs), taps = p->h.taps * p->w.taps;
    blocked b = {.p = p, .row = row};
    b.x = p->plain ? p->x : to_blocks(p->x, p->channels, p->h.in * p->w.in);
    b.w = rows_output((size_t)(blocks * TENON__BLOCK * p->channels * taps) * sizeof(float), 64);
    b.bias = floats(blocks * TENON__BLOCK);
    memcpy(b.bias, p->bias, (size_t)p->outputs * sizeof(float));
    if (p->residual) b.residual = to_blocks(p->residual, p->outputs, area(p));
    b.y = rows_output((size_t)(blocks * TENON__BLOCK * area(p)) * sizeof(float), 64);
    for (int64_t i = 0; i < blocks; i++)
        tenon__conv_pack_block(row, p->weights, NULL, p->outputs, p->channels, taps, i, b.w);
    return b;
}

/* Lines of one group, positions [from, to) of each. */
static void blocked_lines(const blocked *b, int64_t group, int64_t from, int64_t to)
{
    const problem *p = b->p;
    const int64_t first = group * b->row->blocks, size = p->plain ? 1 : TENON__BLOCK;
    tenon__conv_line l = {
        .row = b->row,
        .x = b->x,
        .pixel = size,
        .pitch = p->w.in * size,
        .block = p->h.in * p->w.in * size,
        .lanes = size,
        .channels = p->channels,
        .tap_delta = p->h.delta,
        .axis = p->w,
        .from = from,
        .to = to,
        .blocks = tenon__conv_group_blocks(b->row, blocks_of(p->outputs), group),
        .w = b->w + first * TENON__BLOCK * p->channels * p->h.taps * p->w.taps,
        .bias = b->bias + first * TENON__BLOCK,
        .y_block = area(p) * TENON__BLOCK,
        .epilogue = &p->tail,
    };
    for (int64_t o = 0; o < p->h.count; o++) {
        l.at = p->h.first + o * p->h.step;
        l.tap_from = l.at < 0 ? (-l.at + p->h.delta - 1) / p->h.delta : 0;
        l.tap_to = p->h.taps;
        while (l.tap_to > l.tap_from && l.at + (l.tap_to - 1) * p->h.delta >= p->h.in)
            l.tap_to--;
        if (l.tap_from > l.tap_to) l.tap_from = l.tap_to;
        const int64_t at = (first * area(p) + o * p->w.count) * TENON__BLOCK;
        l.y = b->y + at;
        l.residual = b->residual ? b->residual + at : NULL;
        tenon__conv_line_run(&l);
    }
}

static void blocked_run(const blocked *b)
{
    for (int64_t g = 0; g < tenon__conv_groups(b->row, blocks_of(b->p->outputs)); g++)
        blocked_lines(b, g, 0, b->p->w.count);
}

static void blocked_check(const problem *p, const tenon__conv_row *row)
{
    const blocked b = blocked_make(p, row);
    float *plain = floats(p->outputs * area(p));
    blocked_run(&b);
    for (int64_t m = 0; m < p->outputs; m++)
        for (int64_t i = 0; i < area(p); i++)
            plain[m * area(p) + i] =
                b.y[(m / TENON__BLOCK * area(p) + i) * TENON__BLOCK + m % TENON__BLOCK];
    rows_compare(p->what, plain, p->wanted, (size_t)(p->outputs * area(p)), 1e-5);
}

static void blocked_shapes(const void *row)
{
    for (int i = 0; i < 120; i++) {
        const bool plain = test_random() % 4 == 0;
        problem p = problem_make(test_random_in(1, plain ? 4 : 50), test_random_in(1, 90),
                                 random_axis(6), random_axis(40), ROWS_UNIFORM);
        p.plain = plain;
        random_tail(&p);
        solve(&p);
        blocked_check(&p, row);
        rows_release();
    }
}

/* Padding is skipped, not multiplied: infinite weights meet no zero. And NaN in the input stays
 * where its windows are. */
static void blocked_special(const void *row)
{
    for (int i = 0; i < 20; i++) {
        problem p = problem_make(test_random_in(1, 20), test_random_in(1, 40), random_axis(6),
                                 random_axis(30), ROWS_SPECIAL);
        if (i % 2) {
            rows_fill(p.x, (size_t)(p.channels * p.h.in * p.w.in), ROWS_UNIFORM);
            p.weights[0] = INFINITY;
        }
        solve(&p);
        blocked_check(&p, row);
        rows_release();
    }
}

static void blocked_cuts(const void *row)
{
    for (int i = 0; i < 20; i++) {
        problem p = problem_make(test_random_in(1, 40), test_random_in(1, 90), random_axis(6),
                                 random_axis(40), ROWS_UNIFORM);
        const blocked whole = blocked_make(&p, row);
        blocked cut = whole;
        const size_t bytes =
            (size_t)(blocks_of(p.outputs) * TENON__BLOCK * area(&p)) * sizeof(float);
        cut.y = rows_output(bytes, 64);
        blocked_run(&whole);
        for (int64_t g = 0; g < tenon__conv_groups(row, blocks_of(p.outputs)); g++)
            for (int64_t from = 0, to; from < p.w.count; from = to) {
                to = from + test_random_in(1, p.w.count - from);
                blocked_lines(&cut, g, from, to);
            }
        rows_same(p.what, cut.y, whole.y, bytes);
        rows_release();
    }
}

/* ---- the plain form ---- */

typedef struct plain {
    const problem *p;
    tenon__conv_grid grid;
    tenon__conv_block b;
} plain;

static plain plain_make(const problem *p, const tenon__conv_row *row)
{
    const int64_t taps = p->h.taps * p->w.taps;
    plain q = {.p = p, .grid = {.rank = 2, .axis = {p->h, p->w}}};
    if (p->h.in == 1 && p->h.count == 1 && p->h.taps == 1 && p->h.first == 0) /* one axis */
        q.grid = (tenon__conv_grid){.rank = 1, .axis = {p->w}};
    tenon__conv_weights w = {.data = p->weights,
                             .output = p->channels * taps,
                             .channel = taps,
                             .rank = 1,
                             .count = {taps},
                             .tap = {1}};
    float *packed = rows_output((size_t)(p->outputs * p->channels * taps) * sizeof(float), 4);
    tenon__conv_grid_finish(&q.grid);
    tenon__conv_pack(row, &w, p->channels, 0, p->outputs, packed);
    q.b = (tenon__conv_block){
        .row = row,
        .channels = p->channels,
        .x = p->x,
        .w = packed,
        .out_to = p->outputs,
        .to = area(p),
        .y = rows_output((size_t)(p->outputs * area(p)) * sizeof(float), 4),
        .residual = p->residual,
        .bias = p->bias,
        .stride = area(p),
        .epilogue = &p->tail,
        .scratch = rows_output(tenon__conv_scratch(row, p->channels * taps), 64),
    };
    return q;
}

static void plain_run(plain *q)
{
    q->b.grid = &q->grid;
    tenon__conv_run(&q->b);
}

static void plain_shapes(const void *row)
{
    for (int i = 0; i < 120; i++) {
        problem p = problem_make(test_random_in(1, 50), test_random_in(1, 40), random_axis(6),
                                 random_axis(40), i % 10 ? ROWS_UNIFORM : ROWS_SPECIAL);
        random_tail(&p);
        if (i % 10 == 0) p.tail.kind = TENON__ACT_NONE;
        solve(&p);
        plain q = plain_make(&p, row);
        plain_run(&q);
        rows_compare(p.what, q.b.y, p.wanted, (size_t)(p.outputs * area(&p)), 1e-5);
        rows_release();
    }
}

/* Few positions, on one axis or two, by up to several groups of panels. */
static void plain_few(const void *row)
{
    for (int i = 0; i < 160; i++) {
        tenon__conv_axis h = {.in = 1, .count = 1, .taps = 1, .step = 1, .delta = 1};
        tenon__conv_axis w = random_axis(40);
        if (i % 2) h = random_axis(4);
        w.count = test_random_in(1, TENON__CONV_FEW);
        if (i % 3 == 0) { /* backwards, as a transposed convolution goes */
            w.first += (w.taps - 1) * w.delta;
            w.delta = -w.delta;
        }
        if (i % 8 == 0) { /* one window over everything, as it lies */
            w = (tenon__conv_axis){.in = w.in, .count = 1, .taps = w.in, .step = 1, .delta = 1};
            h = (tenon__conv_axis){.in = 1, .count = 1, .taps = 1, .step = 1, .delta = 1};
        }
        problem p = problem_make(test_random_in(1, i % 4 ? 60 : 2), test_random_in(1, 150), h, w,
                                 i % 10 ? ROWS_UNIFORM : ROWS_SPECIAL);
        random_tail(&p);
        if (i % 10 == 0) p.tail.kind = TENON__ACT_NONE;
        solve(&p);
        plain q = plain_make(&p, row);
        plain_run(&q);
        rows_compare(p.what, q.b.y, p.wanted, (size_t)(p.outputs * area(&p)), 1e-4);
        rows_release();
    }
}

/* One output or two, on one axis or two; cut anywhere, the bits are the same. */
static void plain_lines(const void *row)
{
    for (int i = 0; i < 160; i++) {
        tenon__conv_axis h = {.in = 1, .count = 1, .taps = 1, .step = 1, .delta = 1};
        tenon__conv_axis w = random_axis(i % 8 ? 200 : 4000);
        if (i % 2) h = random_axis(6);
        w.count += 16;
        w.taps = test_random_in(2, 9);
        problem p = problem_make(test_random_in(1, 5), test_random_in(1, 2), h, w,
                                 i % 10 ? ROWS_UNIFORM : ROWS_SPECIAL);
        random_tail(&p);
        if (i % 10 == 0) p.tail.kind = TENON__ACT_NONE;
        solve(&p);
        plain q = plain_make(&p, row), cut = plain_make(&p, row);
        assert_true(tenon__conv_is_lines(&q.grid, p.outputs));
        q.b.grid = &q.grid;
        q.b.scratch = rows_output(tenon__conv_lines_scratch(&q.grid), 64);
        tenon__conv_lines_run(&q.b);
        rows_compare(p.what, q.b.y, p.wanted, (size_t)(p.outputs * area(&p)), 1e-5);
        cut.b.grid = &q.grid;
        cut.b.scratch = q.b.scratch;
        const tenon__conv_block b = cut.b;
        for (int64_t from = 0; from < area(&p); from = cut.b.to) {
            cut.b.from = from;
            cut.b.to = from + test_random_in(1, area(&p) - from);
            cut.b.y = b.y + from;
            cut.b.residual = b.residual ? b.residual + from : NULL;
            tenon__conv_lines_run(&cut.b);
        }
        rows_same(p.what, b.y, q.b.y, (size_t)(p.outputs * area(&p)) * sizeof(float));
        rows_release();
    }
}

/* Cuts of few positions are of another form than the whole: the bits are the same. */
static void plain_cuts(const void *row)
{
    for (int i = 0; i < 40; i++) {
        problem p = problem_make(test_random_in(1, 90), test_random_in(1, 150), random_axis(6),
                                 random_axis(40), ROWS_UNIFORM);
        random_tail(&p);
        plain whole = plain_make(&p, row), cut = plain_make(&p, row);
        const tenon__conv_block b = cut.b;
        plain_run(&whole);
        for (int64_t from = 0, to; from < area(&p); from = to) {
            const int64_t left = area(&p) - from;
            to = from + test_random_in(1, i % 2 && left > TENON__CONV_FEW ? TENON__CONV_FEW : left);
            cut.b.from = from;
            cut.b.to = to;
            cut.b.y = b.y + from;
            cut.b.residual = b.residual ? b.residual + from : NULL;
            plain_run(&cut);
        }
        rows_same(p.what, b.y, whole.b.y, (size_t)(p.outputs * area(&p)) * sizeof(float));
        rows_release();
    }
}

/* ---- benches ---- */

typedef struct layer {
    int64_t channels, outputs, in, kernel, stride;
} layer;

static problem problem_of(const layer *l)
{
    const int64_t pad = l->kernel / 2;
    const tenon__conv_axis a = {.taps = l->kernel,
                                .step = l->stride,
                                .delta = 1,
                                .first = -pad,
                                .in = l->in,
                                .count = (l->in + 2 * pad - l->kernel) / l->stride + 1};
    problem p = problem_make(l->channels, l->outputs, a, a, ROWS_UNIFORM);
    p.plain = l->channels <= 4;
    p.tail = (tenon__epilogue){.kind = TENON__ACT_CLIP, .alpha = 0, .beta = INFINITY};
    (void)snprintf(p.what, sizeof p.what, "%dx%d/%d %d->%d @%d", (int)l->kernel, (int)l->kernel,
                   (int)l->stride, (int)l->channels, (int)l->outputs, (int)l->in);
    return p;
}

static double flops_of(const problem *p)
{
    return 2.0 * (double)(p->channels * p->outputs * p->h.taps * p->w.taps) * (double)area(p);
}

static void time_blocked(void *ctx)
{
    blocked_run(ctx);
}

static void time_plain(void *ctx)
{
    plain_run(ctx);
}

static void blocked_layers(const void *row)
{
    static const layer layers[] = {
        {3, 64, 224, 7, 2},    {3, 32, 224, 3, 2},   {64, 64, 56, 3, 1},    {128, 128, 28, 3, 1},
        {256, 256, 14, 3, 1},  {512, 512, 7, 3, 1},  {64, 128, 56, 3, 2},   {256, 512, 14, 3, 2},
        {16, 64, 55, 3, 1},    {64, 256, 56, 1, 1},  {256, 64, 56, 1, 1},   {1024, 256, 14, 1, 1},
        {256, 1024, 14, 1, 1}, {512, 2048, 7, 1, 1}, {2048, 512, 7, 1, 1},  {16, 96, 112, 1, 1},
        {24, 144, 56, 1, 1},   {144, 24, 56, 1, 1},  {96, 576, 14, 1, 1},   {320, 1280, 7, 1, 1},
        {48, 48, 28, 1, 1},    {32, 16, 112, 1, 1},  {512, 1024, 28, 1, 2},
    };
    for (size_t i = 0; i < TEST_COUNT(layers); i++) {
        problem p = problem_of(&layers[i]);
        if (p.h.taps == 1 && p.h.step == 1) { /* lines of a 1 x 1 kernel join */
            p.w.in = p.w.count = p.w.in * p.h.in;
            p.h.in = p.h.count = 1;
        }
        blocked b = blocked_make(&p, row);
        rows_time(p.what, b.row->name, time_blocked, &b, flops_of(&p), 0);
        rows_release();
    }
}

static void plain_layers(const void *row)
{
    static const layer layers[] = {
        {3, 64, 224, 7, 2}, {64, 64, 56, 3, 1},  {128, 128, 28, 3, 1},
        {34, 34, 28, 1, 1}, {136, 68, 14, 1, 1}, {256, 256, 14, 3, 1},
        {128, 64, 2, 3, 1}, {512, 512, 2, 1, 1}, {256, 256, 1, 1, 1},
    };
    for (size_t i = 0; i < TEST_COUNT(layers); i++) {
        problem p = problem_of(&layers[i]);
        plain q = plain_make(&p, row);
        rows_time(p.what, q.b.row->name, time_plain, &q, flops_of(&p), 0);
        rows_release();
    }
}

static void time_lines(void *ctx)
{
    plain *q = ctx;
    q->b.grid = &q->grid;
    tenon__conv_lines_run(&q->b);
}

/* A filter of one channel, and a last layer of one output. */
static void lines_layers(const void *row)
{
    const tenon__conv_axis one = {.in = 1, .count = 1, .taps = 1, .step = 1, .delta = 1};
    const tenon__conv_axis filter = {
        .in = 44000, .count = 21872, .taps = 256, .step = 2, .delta = 1};
    const tenon__conv_axis image = {
        .in = 88, .count = 88, .taps = 3, .step = 1, .delta = 1, .first = -1};
    for (int i = 0; i < 2; i++) {
        problem p = problem_make(i ? 32 : 1, 1, i ? image : one, i ? image : filter, ROWS_UNIFORM);
        plain q = plain_make(&p, row);
        q.b.scratch = rows_output(tenon__conv_lines_scratch(&q.grid), 64);
        (void)snprintf(p.what, sizeof p.what, i ? "3x3/1 32->1 @88" : "256/2 1->1 @44000");
        rows_time(p.what, q.b.row->name, time_lines, &q, flops_of(&p), 0);
        rows_release();
    }
}

int main(int argc, char **argv)
{
    static const rows_check checks[] = {ROWS_CHECK(blocked_shapes), ROWS_CHECK(blocked_special),
                                        ROWS_CHECK(blocked_cuts),   ROWS_CHECK(plain_shapes),
                                        ROWS_CHECK(plain_few),      ROWS_CHECK(plain_lines),
                                        ROWS_CHECK(plain_cuts)};
    static const rows_check benches[] = {ROWS_CHECK(blocked_layers), ROWS_CHECK(plain_layers),
                                         ROWS_CHECK(lines_layers)};
    rows_family f = {.name = "conv"};
    for (size_t i = 0; tenon__conv_rows[i]; i++)
        rows_add(&f, tenon__conv_rows[i]->name, tenon__conv_rows[i]->needs, tenon__conv_rows[i]);
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
