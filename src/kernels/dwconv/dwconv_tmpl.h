/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution over the vectors of vec_*.h. The including file defines vf_activate,
 * vf_clip(v, low, high), ROW, NAME and NEEDS.
 *
 * PIXELS neighbouring positions have their sums in registers; a column of the input is loaded once
 * for all of them that it lies under. Lines of fewer positions go by 4 or 2. The last stretch of a
 * line steps back, and some positions are computed twice. */
#include <math.h>

#include "kernels/dwconv/dwconv.h"
#include "kernels/unroll.h"

#define PIXELS 7

typedef struct stretch {
    const tenon__dwconv_line *l;
    int64_t o;    /* first position */
    int lane;     /* first of the vector */
    vf low, high; /* bounds of a clip, else none */
} stretch;

TENON__INLINE void finish(const stretch *s, const vf *sum, const int pixels)
{
    const tenon__dwconv_line *l = s->l;
    const int64_t at = s->o * TENON__BLOCK + s->lane;
    TENON__UNROLL
    for (int i = 0; i < pixels; i++) {
        vf v = sum[i];
        if (l->residual) v = vf_add(v, vf_load(l->residual + at + i * TENON__BLOCK));
        vf_store(l->y + at + i * TENON__BLOCK, vf_clip(v, s->low, s->high));
    }
}

/* Neighbouring taps, `taps` and `step` constant. Where `edge`, columns outside are skipped. */
TENON__INLINE void dense(const stretch *s, const int taps, const int step, const int pixels,
                         const bool edge)
{
    const tenon__dwconv_line *l = s->l;
    const int64_t at = l->axis.first + s->o * step;
    vf sum[PIXELS];
    TENON__UNROLL
    for (int i = 0; i < pixels; i++)
        sum[i] = vf_load(l->bias + s->lane);
    for (int64_t r = l->tap_from; r < l->tap_to; r++) {
        const float *x = l->x + (l->at + r * l->tap_delta) * l->pitch + at * TENON__BLOCK + s->lane;
        const float *tap = l->w + r * taps * TENON__BLOCK + s->lane;
        vf w[7];
        TENON__UNROLL
        for (int t = 0; t < taps; t++)
            w[t] = vf_load(tap + t * TENON__BLOCK);
        TENON__UNROLL
        for (int j = 0; j < (pixels - 1) * step + taps; j++) {
            if (edge && (uint64_t)(at + j) >= (uint64_t)l->axis.in) continue;
            const vf v = vf_load(x + j * TENON__BLOCK);
            TENON__UNROLL
            for (int i = 0; i < pixels; i++)
                if (j - i * step >= 0 && j - i * step < taps)
                    sum[i] = vf_fma(v, w[j - i * step], sum[i]);
        }
    }
    finish(s, sum, pixels);
}

/* Any taps. */
static void sparse(const stretch *s)
{
    const tenon__dwconv_line *l = s->l;
    const tenon__conv_axis *a = &l->axis;
    vf sum[1] = {vf_load(l->bias + s->lane)};
    for (int64_t r = l->tap_from; r < l->tap_to; r++)
        for (int64_t t = 0; t < a->taps; t++) {
            const int64_t at = a->first + s->o * a->step + t * a->delta;
            if (at < 0 || at >= a->in) continue;
            const float *x = l->x + (l->at + r * l->tap_delta) * l->pitch + at * TENON__BLOCK;
            const vf w = vf_load(l->w + (r * a->taps + t) * TENON__BLOCK + s->lane);
            sum[0] = vf_fma(vf_load(x + s->lane), w, sum[0]);
        }
    finish(s, sum, 1);
}

/* A whole line of at most three rows of three neighbouring taps, whose windows reach over the input
 * by one at most on either side; weights stay in registers. */
TENON__INLINE void line_3(const stretch *s, const int step)
{
    enum { TAPS = 3 };
    const tenon__dwconv_line *l = s->l;
    const int cols = (PIXELS - 1) * step + TAPS;
    const int64_t below = l->tap_delta * l->pitch, count = l->axis.count;
    const float *x = l->x + l->at * l->pitch + l->axis.first * TENON__BLOCK + s->lane;
    const vf bias = vf_load(l->bias + s->lane);
    const bool rows[TAPS] = {l->tap_from < 1 && l->tap_to > 0, l->tap_from < 2 && l->tap_to > 1,
                             l->tap_from < 3 && l->tap_to > 2};
    vf w[TAPS * TAPS];
    TENON__UNROLL
    for (int t = 0; t < TAPS * TAPS; t++)
        w[t] = rows[t / TAPS] ? vf_load(l->w + t * TENON__BLOCK + s->lane) : bias;
    stretch part = *s;
    for (int64_t o = 0; o < count; o += PIXELS) {
        if (o + PIXELS > count) o = count - PIXELS;
        const int64_t at = l->axis.first + o * step;
        const bool left = at >= 0, right = at + cols <= l->axis.in;
        const float *from = x + o * step * TENON__BLOCK;
        vf sum[PIXELS];
        TENON__UNROLL
        for (int i = 0; i < PIXELS; i++)
            sum[i] = bias;
        TENON__UNROLL
        for (int r = 0; r < TAPS; r++) {
            if (!rows[r]) continue;
            TENON__UNROLL
            for (int j = 0; j < cols; j++) {
                if ((j == 0 && !left) || (j == cols - 1 && !right)) continue;
                const vf v = vf_load(from + r * below + j * TENON__BLOCK);
                TENON__UNROLL
                for (int i = 0; i < PIXELS; i++)
                    if (j - i * step >= 0 && j - i * step < TAPS)
                        sum[i] = vf_fma(v, w[r * TAPS + j - i * step], sum[i]);
            }
        }
        part.o = o;
        finish(&part, sum, PIXELS);
    }
}

static void line_3_1(const stretch *s)
{
    line_3(s, 1);
}

static void line_3_2(const stretch *s)
{
    line_3(s, 2);
}

#define DENSE(taps, step)                                                                          \
    static void dense_##taps##_##step(const stretch *s)                                            \
    {                                                                                              \
        dense(s, taps, step, PIXELS, false);                                                       \
    }                                                                                              \
    static void edge_##taps##_##step(const stretch *s)                                             \
    {                                                                                              \
        dense(s, taps, step, PIXELS, true);                                                        \
    }
#define SHORT(taps, step)                                                                          \
    static void four_##taps##_##step(const stretch *s)                                             \
    {                                                                                              \
        dense(s, taps, step, 4, true);                                                             \
    }                                                                                              \
    static void two_##taps##_##step(const stretch *s)                                              \
    {                                                                                              \
        dense(s, taps, step, 2, true);                                                             \
    }
DENSE(3, 1)
DENSE(3, 2)
DENSE(5, 1)
DENSE(5, 2)
DENSE(7, 1)
DENSE(7, 2)
SHORT(3, 1)
SHORT(3, 2)
SHORT(5, 1)
SHORT(5, 2)
SHORT(7, 1)
SHORT(7, 2)

typedef void (*stretch_fn)(const stretch *s);

/* [taps / 2 - 1][step - 1][edge] */
static const stretch_fn dense_fns[3][2][2] = {
    {{dense_3_1, edge_3_1}, {dense_3_2, edge_3_2}},
    {{dense_5_1, edge_5_1}, {dense_5_2, edge_5_2}},
    {{dense_7_1, edge_7_1}, {dense_7_2, edge_7_2}},
};

/* [taps / 2 - 1][step - 1]: lines of 4 positions or more, of 2 or more. */
static const stretch_fn short_fns[2][3][2] = {
    {{four_3_1, four_3_2}, {four_5_1, four_5_2}, {four_7_1, four_7_2}},
    {{two_3_1, two_3_2}, {two_5_1, two_5_2}, {two_7_1, two_7_2}},
};

/* Positions that go together. */
static int64_t pixels_of(const tenon__conv_axis *a)
{
    const bool fits = a->delta == 1 && a->step <= 2 && a->taps % 2 && a->taps >= 3 && a->taps <= 7;
    return !fits ? 1 : a->count >= PIXELS ? PIXELS : a->count >= 4 ? 4 : a->count >= 2 ? 2 : 1;
}

static stretch_fn stretch_of(const tenon__conv_axis *a, int64_t pixels, bool edge)
{
    if (pixels == 1) return sparse;
    if (pixels < PIXELS) return short_fns[pixels == 2][a->taps / 2 - 1][a->step - 1];
    return dense_fns[a->taps / 2 - 1][a->step - 1][edge];
}

static void line(const tenon__dwconv_line *l)
{
    const tenon__conv_axis *a = &l->axis;
    const tenon__epilogue *e = l->epilogue;
    const bool clip = e->kind == TENON__ACT_CLIP;
    const int64_t pixels = pixels_of(a);
    stretch s = {.l = l,
                 .low = vf_set1(clip ? e->alpha : -INFINITY),
                 .high = vf_set1(clip ? e->beta : INFINITY)};
    const bool three = pixels == PIXELS && a->taps == 3 && l->tap_to <= 3 && a->first >= -1 &&
                       a->first + (a->count - 1) * a->step + 2 <= a->in;
    for (s.lane = 0; three && s.lane < TENON__BLOCK; s.lane += VF)
        (a->step == 1 ? line_3_1 : line_3_2)(&s);
    for (s.o = 0; !three && s.o < a->count; s.o += pixels) {
        if (s.o + pixels > a->count) s.o = a->count - pixels;
        const int64_t first = a->first + s.o * a->step;
        const bool edge = first < 0 || first + (pixels - 1) * a->step + a->taps > a->in;
        const stretch_fn fn = stretch_of(a, pixels, edge);
        for (s.lane = 0; s.lane < TENON__BLOCK; s.lane += VF)
            fn(&s);
    }
    if (clip || e->kind == TENON__ACT_NONE) return;
    for (int64_t i = 0; i < a->count * TENON__BLOCK; i += VF)
        vf_store(l->y + i, vf_activate(e, vf_load(l->y + i)));
}

const tenon__dwconv_row ROW = {.name = NAME, .needs = NEEDS, .line = line};
