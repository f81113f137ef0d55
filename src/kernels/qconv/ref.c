/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes, channels last, in plain C. */
#include <math.h>
#include <string.h>

#include "kernels/qconv/qconv.h"

enum { BLOCK = 16 };

static uint8_t requantised(int32_t sum, float scale, int32_t low, int32_t zero)
{
    const float least = (float)(low - zero), most = (float)(low + 255 - zero);
    float v = (float)sum * scale;
    v = v > least ? v : least; /* NaN too */
    v = v < most ? v : most;
    return (uint8_t)((int32_t)rintf(v) + zero);
}

static void position(const tenon__qconv_depthwise *d, const int16_t *w, int64_t i, int64_t first,
                     int some)
{
    const uint8_t flip = d->x_signed ? 0x80 : 0;
    const int32_t low = d->out == TENON__QGEMM_I8 ? -128 : 0;
    uint32_t sum[BLOCK];
    int32_t total;
    memcpy(sum, d->base + first, (size_t)some * sizeof *sum);
    for (int64_t t = 0; t < d->taps; t++, w += BLOCK) {
        const uint8_t *x = d->at[t] + i * d->stride + first;
        for (int c = 0; c < some; c++)
            sum[c] += (uint32_t)((x[c] ^ flip) * w[c]);
    }
    for (int c = 0; c < some; c++) {
        memcpy(&total, &sum[c], sizeof total);
        d->y[i * d->channels + first + c] = requantised(total, d->scale[first + c], low, d->y_zero);
    }
}

static void depthwise(const tenon__qconv_depthwise *d)
{
    const int some = d->channels < BLOCK ? (int)d->channels : BLOCK;
    for (int64_t b = 0; b * BLOCK < d->channels; b++) {
        const int64_t first = tenon__qconv_block_first(d->channels, BLOCK, b);
        const int16_t *w = (const int16_t *)d->w + b * BLOCK * d->taps;
        for (int64_t i = 0; i < d->positions; i++)
            position(d, w, i, first, some);
    }
}

const tenon__qconv_row tenon__qconv_ref = {
    .name = "ref", .needs = 0, .taps = 1, .block = BLOCK, .depthwise = depthwise};
