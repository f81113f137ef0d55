/* SPDX-License-Identifier: Apache-2.0 */
/* Winograd convolution of some patches: transform, multiply, transform back. */
#include "kernels/winograd/winograd.h"

#include <math.h>
#include <string.h>

#define POINTS  TENON__WINOGRAD_POINTS
#define V_BYTES (512 << 10) /* about half of a core's second cache */
#define LEAST   16          /* patches, that weights from memory are worth their way */
#define MOST    56

void tenon__winograd_pack_block(const tenon__winograd_row *row, const tenon__conv_row *conv,
                                const void *w, const void *factor, int64_t outputs,
                                int64_t channels, int64_t block, float *dst)
{
    const int64_t blocks = (outputs + TENON__BLOCK - 1) / TENON__BLOCK;
    int64_t g = block / conv->blocks;
    if (g == tenon__conv_groups(conv, blocks)) g--; /* the last group's odd block */
    const int64_t width = tenon__conv_group_blocks(conv, blocks, g) * TENON__BLOCK;
    float *to = dst + g * conv->blocks * TENON__BLOCK * channels * POINTS +
                (block - g * conv->blocks) * TENON__BLOCK;
    float taps[9 * TENON__BLOCK];
    for (int64_t c = 0; c < channels; c++) {
        for (int64_t lane = 0; lane < TENON__BLOCK; lane++) {
            const int64_t m = block * TENON__BLOCK + lane;
            float f = 1, x[9] = {0};
            if (m < outputs)
                memcpy(x, (const uint8_t *)w + (m * channels + c) * (int64_t)sizeof x, sizeof x);
            if (m < outputs && factor)
                memcpy(&f, (const uint8_t *)factor + m * (int64_t)sizeof f, sizeof f);
            for (int t = 0; t < 9; t++)
                taps[t * TENON__BLOCK + lane] = x[t] * f;
        }
        row->weights(taps, to + c * width, channels * width);
    }
}

/* Floats of a patch's channels in V; not a power of two apart, so that patches lie in different
 * sets. */
static int64_t v_row(int64_t channels)
{
    return (channels + TENON__BLOCK - 1) / TENON__BLOCK * TENON__BLOCK + TENON__BLOCK;
}

int64_t tenon__winograd_block(int64_t channels, int64_t patches)
{
    int64_t most = V_BYTES / (POINTS * v_row(channels) * (int64_t)sizeof(float));
    most = most < LEAST ? LEAST : most > MOST ? MOST : most;
    const int64_t blocks = (patches + most - 1) / most;
    return blocks ? (patches + blocks - 1) / blocks : 0;
}

size_t tenon__winograd_scratch(const tenon__conv_row *conv, int64_t channels, int64_t block)
{
    const int64_t width = (conv->blocks + 1) * TENON__BLOCK;
    return (size_t)(POINTS * block * (v_row(channels) + width)) * sizeof(float);
}

static void transform(const tenon__winograd *p, int64_t from, int64_t to, float *v)
{
    const int64_t each = p->patches_h * p->patches_w, row = v_row(p->channels);
    const int64_t blocks = (p->channels + TENON__BLOCK - 1) / TENON__BLOCK;
    const int64_t plane = p->h.in * p->w.in * TENON__BLOCK;
    for (int64_t i = from; i < to; i++) {
        const int64_t n = i / each, at = i % each;
        tenon__winograd_patch t = {
            .x = p->x + n * blocks * plane,
            .height = p->h.in,
            .width = p->w.in,
            .top = p->h.first + at / p->patches_w * TENON__WINOGRAD_OUT,
            .left = p->w.first + at % p->patches_w * TENON__WINOGRAD_OUT,
            .v = v + (i - from) * row,
            .point = (to - from) * row,
        };
        for (int64_t b = 0; b < blocks; b++, t.x += plane, t.v += TENON__BLOCK)
            p->row->patch(&t);
    }
}

/* M of one group. */
static void multiply(const tenon__winograd *p, int64_t group, int64_t count, const float *v,
                     float *m)
{
    static const float zeros[TENON__CONV_MAX_BLOCKS * TENON__BLOCK];
    const int blocks = tenon__conv_group_blocks(p->conv, p->out_blocks, group);
    const int64_t width = blocks * TENON__BLOCK, row = v_row(p->channels);
    const int64_t most = p->conv->most[blocks - 1], chunks = (count + most - 1) / most;
    const float *u = p->u + group * p->conv->blocks * TENON__BLOCK * p->channels * POINTS;
    tenon__conv_product q = {
        .step = row,
        .rows = 1,
        .cols = 1,
        .channels = p->channels,
        .lanes = p->channels,
        .bias = zeros,
        .y_block = count * TENON__BLOCK,
        .low = -INFINITY,
        .high = INFINITY,
    };
    for (int64_t i = 0; i < POINTS; i++) {
        q.w = u + i * p->channels * width;
        for (int64_t c = 0; c < chunks; c++) {
            const int64_t at = count * c / chunks, end = count * (c + 1) / chunks;
            q.x = v + (i * count + at) * row;
            q.y = m + i * count * width + at * TENON__BLOCK;
            p->conv->product[blocks - 1][end - at - 1](&q);
        }
    }
}

static void finish(const tenon__winograd *p, int64_t group, int64_t from, int64_t to,
                   const float *m)
{
    const int blocks = tenon__conv_group_blocks(p->conv, p->out_blocks, group);
    const int64_t each = p->patches_h * p->patches_w, count = to - from;
    const int64_t first = group * p->conv->blocks, pitch = p->w.count * TENON__BLOCK;
    const tenon__epilogue *e = p->epilogue;
    const bool later = tenon__conv_tail(e);
    tenon__winograd_result r = {.point = count * blocks * TENON__BLOCK, .pitch = pitch};
    tenon__conv_bounds(e, &r.low, &r.high);
    for (int64_t i = from; i < to; i++) {
        const int64_t n = i / each, top = i % each / p->patches_w * TENON__WINOGRAD_OUT,
                      left = i % each % p->patches_w * TENON__WINOGRAD_OUT;
        const int64_t rows = p->h.count - top, cols = p->w.count - left;
        r.rows = (int)(rows < TENON__WINOGRAD_OUT ? rows : TENON__WINOGRAD_OUT);
        r.cols = (int)(cols < TENON__WINOGRAD_OUT ? cols : TENON__WINOGRAD_OUT);
        for (int b = 0; b < blocks; b++) {
            const int64_t at =
                ((n * p->out_blocks + first + b) * p->h.count + top) * pitch + left * TENON__BLOCK;
            r.m = m + (b * count + i - from) * TENON__BLOCK;
            r.y = p->y + at;
            r.residual = p->residual ? p->residual + at : NULL;
            r.bias = p->bias + (first + b) * TENON__BLOCK;
            p->row->result(&r);
            for (int line = 0; later && line < r.rows; line++)
                p->conv->activate(e, r.y + line * pitch, r.cols * TENON__BLOCK);
        }
    }
}

void tenon__winograd_run(const tenon__winograd *p, int64_t from, int64_t to, int64_t group_from,
                         int64_t group_to, void *scratch)
{
    float *v = scratch, *m = v + POINTS * (to - from) * v_row(p->channels);
    transform(p, from, to, v);
    for (int64_t g = group_from; g < group_to; g++) {
        multiply(p, g, to - from, v, m);
        finish(p, g, from, to, m);
    }
}
