/* SPDX-License-Identifier: Apache-2.0 */
/* Blocked convolution over the vectors of vec_*.h. The including file defines vf_activate, ROW,
 * NAME, NEEDS, PIXELS and BLOCKS (the most that fit the registers: PIXELS * BLOCKS * BV
 * accumulators). */
#include "kernels/blocked/blocked.h"
#include "kernels/unroll.h"

#define BV (TENON__BLOCK / VF) /* vectors of a block */

/* The activations that matter for speed stand in the strip, each known when it is compiled; the
 * others are applied by a loop over what was stored, so that their code is there once. */
TENON__INLINE vf finish_clip(const tenon__epilogue *e, vf v)
{
    const tenon__epilogue clip = {.kind = TENON__ACT_CLIP, .alpha = e->alpha, .beta = e->beta};
    return e->kind == TENON__ACT_CLIP ? vf_activate(&clip, v) : v;
}

static bool is_other(const tenon__epilogue *e)
{
    return e->kind != TENON__ACT_NONE && e->kind != TENON__ACT_CLIP;
}

static __attribute__((noinline)) void finish_others(const tenon__epilogue *e, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += VF)
        vf_store(y + i, vf_activate(e, vf_load(y + i)));
}

TENON__INLINE void strip(const tenon__blocked_strip *s, const int blocks, const int pixels)
{
    enum { WIDTH = TENON__BLOCK };
    const int n = blocks * BV;
    vf acc[PIXELS][BLOCKS * BV];
    TENON__UNROLL
    for (int v = 0; v < n; v++) {
        const vf start = s->bias ? vf_load(s->bias + v * VF) : vf_set1(0.0f);
        TENON__UNROLL
        for (int p = 0; p < pixels; p++)
            acc[p][v] = start;
    }
    const float *w = s->w;
    const int64_t step = s->pixel_step;
    for (int64_t t = 0; t < s->tap_count; t++) {
        const float *block = s->x + s->taps[t];
        for (int64_t left = s->channels; left > 0; left -= s->per_block, block += s->block_step) {
            const int64_t some = left < s->per_block ? left : s->per_block;
            for (const float *x = block, *end = block + some; x < end; x++, w += blocks * WIDTH) {
                vf b[BLOCKS * BV];
                TENON__UNROLL
                for (int v = 0; v < n; v++)
                    b[v] = vf_load(w + v * VF);
                TENON__UNROLL
                for (int p = 0; p < pixels; p++) {
                    const vf a = vf_set1(x[p * step]);
                    TENON__UNROLL
                    for (int v = 0; v < n; v++)
                        acc[p][v] = vf_fma(a, b[v], acc[p][v]);
                }
            }
        }
    }
    TENON__UNROLL
    for (int p = 0; p < pixels; p++) {
        TENON__UNROLL
        for (int v = 0; v < n; v++) {
            const int64_t at = v / BV * s->y_block + p * WIDTH + v % BV * VF;
            const vf sum = s->residual ? vf_add(acc[p][v], vf_load(s->residual + at)) : acc[p][v];
            vf_store(s->y + at, finish_clip(s->epilogue, sum));
        }
    }
    for (int b = 0; b < blocks && is_other(s->epilogue); b++)
        finish_others(s->epilogue, s->y + b * s->y_block, (int64_t)pixels * WIDTH);
}

/* clang-format off */
#define STRIP(blocks, pixels)                                                                      \
    static void strip_##blocks##_##pixels(const tenon__blocked_strip *s)                           \
    {                                                                                              \
        strip(s, blocks, pixels);                                                                  \
    }
#define STRIPS_6(b) STRIP(b, 1) STRIP(b, 2) STRIP(b, 3) STRIP(b, 4) STRIP(b, 5) STRIP(b, 6)
#define STRIPS_14(b)                                                                               \
    STRIPS_6(b)                                                                                    \
    STRIP(b, 7) STRIP(b, 8) STRIP(b, 9) STRIP(b, 10) STRIP(b, 11) STRIP(b, 12) STRIP(b, 13)        \
        STRIP(b, 14)
#define NAMES_6(b)                                                                                 \
    strip_##b##_1, strip_##b##_2, strip_##b##_3, strip_##b##_4, strip_##b##_5, strip_##b##_6
#define NAMES_14(b)                                                                                \
    NAMES_6(b), strip_##b##_7, strip_##b##_8, strip_##b##_9, strip_##b##_10, strip_##b##_11,       \
        strip_##b##_12, strip_##b##_13, strip_##b##_14
/* clang-format on */

#if PIXELS == 14
STRIPS_14(1)
STRIPS_14(2)
static void (*const strips[2][TENON__BLOCKED_PIXELS])(const tenon__blocked_strip *) = {
    {NAMES_14(1)}, {NAMES_14(2)}};
#else
STRIPS_6(1)
static void (*const strips[1][TENON__BLOCKED_PIXELS])(const tenon__blocked_strip *) = {
    {NAMES_6(1)}};
#endif

#define DW_PIXELS 6

TENON__INLINE void depthwise_some(const tenon__depthwise_strip *s, int64_t at, const int pixels)
{
    vf acc[DW_PIXELS][BV];
    TENON__UNROLL
    for (int v = 0; v < BV; v++) {
        const vf start = s->bias ? vf_load(s->bias + v * VF) : vf_set1(0.0f);
        TENON__UNROLL
        for (int p = 0; p < pixels; p++)
            acc[p][v] = start;
    }
    const float *x = s->x + at * s->pixel_step;
    for (int64_t t = 0; t < s->tap_count; t++) {
        const float *from = x + s->taps[t];
        TENON__UNROLL
        for (int v = 0; v < BV; v++) {
            const vf w = vf_load(s->w + t * TENON__BLOCK + v * VF);
            TENON__UNROLL
            for (int p = 0; p < pixels; p++)
                acc[p][v] = vf_fma(vf_load(from + p * s->pixel_step + v * VF), w, acc[p][v]);
        }
    }
    TENON__UNROLL
    for (int p = 0; p < pixels; p++) {
        TENON__UNROLL
        for (int v = 0; v < BV; v++) {
            const int64_t to = (at + p) * TENON__BLOCK + v * VF;
            const vf sum = s->residual ? vf_add(acc[p][v], vf_load(s->residual + to)) : acc[p][v];
            vf_store(s->y + to, finish_clip(s->epilogue, sum));
        }
    }
}

static void depthwise(const tenon__depthwise_strip *s)
{
    int64_t p = 0;
    for (; p + DW_PIXELS <= s->count; p += DW_PIXELS)
        depthwise_some(s, p, DW_PIXELS);
    for (; p + 2 <= s->count; p += 2)
        depthwise_some(s, p, 2);
    if (p < s->count) depthwise_some(s, p, 1);
    if (is_other(s->epilogue)) finish_others(s->epilogue, s->y, s->count * TENON__BLOCK);
}

const tenon__blocked_row ROW = {
    .name = NAME,
    .needs = NEEDS,
    .pixels = PIXELS,
    .blocks = BLOCKS,
    .strip = strips,
    .depthwise = depthwise,
};
