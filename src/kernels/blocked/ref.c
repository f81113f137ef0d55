/* SPDX-License-Identifier: Apache-2.0 */
/* Blocked convolution in plain C: what the other rows must agree with. */
#include "kernels/blocked/blocked.h"

static void finish(const tenon__epilogue *e, const float *acc, const float *residual, float *y)
{
    for (int lane = 0; lane < TENON__BLOCK; lane++)
        y[lane] = tenon__activate(e, residual ? acc[lane] + residual[lane] : acc[lane]);
}

static void strip(const tenon__blocked_strip *s)
{
    float acc[TENON__BLOCK];
    for (int lane = 0; lane < TENON__BLOCK; lane++)
        acc[lane] = s->bias ? s->bias[lane] : 0;
    const float *w = s->w;
    for (int64_t t = 0; t < s->tap_count; t++)
        for (int64_t c = 0; c < s->channels; c++, w += TENON__BLOCK) {
            float x = s->x[s->taps[t] + c / s->per_block * s->block_step + c % s->per_block];
            for (int lane = 0; lane < TENON__BLOCK; lane++)
                acc[lane] += x * w[lane];
        }
    finish(s->epilogue, acc, s->residual, s->y);
}

static void depthwise(const tenon__depthwise_strip *s)
{
    for (int64_t p = 0; p < s->count; p++) {
        float acc[TENON__BLOCK];
        for (int lane = 0; lane < TENON__BLOCK; lane++)
            acc[lane] = s->bias ? s->bias[lane] : 0;
        for (int64_t t = 0; t < s->tap_count; t++)
            for (int lane = 0; lane < TENON__BLOCK; lane++)
                acc[lane] +=
                    s->x[p * s->pixel_step + s->taps[t] + lane] * s->w[t * TENON__BLOCK + lane];
        finish(s->epilogue, acc, s->residual ? s->residual + p * TENON__BLOCK : NULL,
               s->y + p * TENON__BLOCK);
    }
}

static void (*const strips[1][TENON__BLOCKED_PIXELS])(const tenon__blocked_strip *) = {{strip}};

const tenon__blocked_row tenon__blocked_ref = {
    .name = "ref",
    .needs = 0,
    .pixels = 1,
    .blocks = 1,
    .strip = strips,
    .depthwise = depthwise,
};
