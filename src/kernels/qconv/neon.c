/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes with NEON: 16 channels, widened to 16 bits. */
#include <arm_neon.h>
#include <string.h>

#include "kernels/qconv/qconv.h"
#include "kernels/unroll.h"

enum { BLOCK = 16, SUMS = 4 };

static inline int16x8_t requantised(const int32x4_t *sum, const float *scale, float32x4_t most,
                                    int16x8_t zero)
{
    const float32x4_t least = vdupq_n_f32(-0x1p24f);
    int16x4_t half[2];
    TENON__UNROLL
    for (int v = 0; v < 2; v++) {
        const float32x4_t f = vmulq_f32(vcvtq_f32_s32(sum[v]), vld1q_f32(scale + 4 * v));
        half[v] = vqmovn_s32(vcvtnq_s32_f32(vminq_f32(vmaxnmq_f32(f, least), most)));
    }
    return vqaddq_s16(vcombine_s16(half[0], half[1]), zero);
}

/* Channels [first, first + some) of all positions. */
TENON__INLINE void block_run(const tenon__qconv_depthwise *d, const int16_t *packed, int64_t first,
                             int some)
{
    const bool is_signed = d->out == TENON__QGEMM_I8;
    const float32x4_t most = vdupq_n_f32((float)((is_signed ? 127 : 255) - d->y_zero));
    const int16x8_t zero = vdupq_n_s16((int16_t)d->y_zero);
    const uint8x16_t flip = vdupq_n_u8(d->x_signed ? 0x80 : 0);
    const uint8_t *const *at = d->at;
    const int64_t taps = d->taps, stride = d->stride, channels = d->channels;
    const float *scale = d->scale + first;
    uint8_t *y = d->y + first, edge[BLOCK] = {0};
    int32x4_t base[SUMS];
    for (int v = 0; v < SUMS; v++)
        base[v] = vld1q_s32(d->base + first + 4 * v);
    for (int64_t i = d->positions, x_at = first; i > 0; i--, x_at += stride, y += channels) {
        int32x4_t sum[SUMS] = {base[0], base[1], base[2], base[3]};
        const int16_t *w = packed;
        for (int64_t t = 0; t < taps; t++, w += BLOCK) {
            const uint8_t *x = at[t] + x_at;
            if (some < BLOCK) x = memcpy(edge, x, (size_t)some);
            const uint8x16_t bytes = veorq_u8(vld1q_u8(x), flip);
            const int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes))),
                            high = vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(bytes)));
            const int16x8_t a = vld1q_s16(w), b = vld1q_s16(w + 8);
            sum[0] = vmlal_s16(sum[0], vget_low_s16(low), vget_low_s16(a));
            sum[1] = vmlal_s16(sum[1], vget_high_s16(low), vget_high_s16(a));
            sum[2] = vmlal_s16(sum[2], vget_low_s16(high), vget_low_s16(b));
            sum[3] = vmlal_s16(sum[3], vget_high_s16(high), vget_high_s16(b));
        }
        const int16x8_t low = requantised(sum, scale, most, zero),
                        high = requantised(sum + 2, scale + 8, most, zero);
        const uint8x16_t bytes =
            is_signed ? vreinterpretq_u8_s8(vcombine_s8(vqmovn_s16(low), vqmovn_s16(high)))
                      : vcombine_u8(vqmovun_s16(low), vqmovun_s16(high));
        if (some == BLOCK) {
            vst1q_u8(y, bytes);
        } else {
            vst1q_u8(edge, bytes);
            memcpy(y, edge, (size_t)some);
        }
    }
}

static void depthwise(const tenon__qconv_depthwise *d)
{
    const int16_t *w = d->w;
    for (int64_t b = 0; b * BLOCK < d->channels; b++, w += d->taps * BLOCK) {
        const int64_t first = tenon__qconv_block_first(d->channels, BLOCK, b);
        if (d->channels < BLOCK)
            block_run(d, w, first, (int)d->channels);
        else
            block_run(d, w, first, BLOCK);
    }
}

const tenon__qconv_row tenon__qconv_neon = {.name = "qconv_neon",
                                            .needs = TENON__CPU_NEON,
                                            .taps = 1,
                                            .block = BLOCK,
                                            .depthwise = depthwise};
