/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of 32-bit sums by the names that qgemm_tmpl.h uses: four lanes. */
#ifndef TENON_KERNELS_QGEMM_VI_NEON_H
#define TENON_KERNELS_QGEMM_VI_NEON_H

#include <stdbool.h>
#include <string.h>

#include "kernels/epilogue_neon.h"
#include "kernels/vec_neon.h"

#define vf_activate tenon__activate_x4

typedef int32x4_t vi;

static inline vi vi_zero(void)
{
    return vdupq_n_s32(0);
}

static inline vi vi_load(const int32_t *p)
{
    return vld1q_s32(p);
}

static inline void vi_store(int32_t *p, vi v)
{
    vst1q_s32(p, v);
}

static inline vi vi_set1(int32_t x)
{
    return vdupq_n_s32(x);
}

static inline vi vi_add(vi a, vi b)
{
    return vaddq_s32(a, b);
}

static inline vi vi_sub(vi a, vi b)
{
    return vsubq_s32(a, b);
}

static inline vi vi_mul(vi a, vi b)
{
    return vmulq_s32(a, b);
}

static inline float32x4_t vi_to_vf(vi v)
{
    return vcvtq_f32_s32(v);
}

static inline vi vf_to_vi(float32x4_t v)
{
    return vcvtnq_s32_f32(v);
}

/* Rounded; what is above `most` becomes that, what is far below and NaN far below. */
static inline vi vf_to_vi_below(float32x4_t v, float32x4_t most)
{
    return vcvtnq_s32_f32(vminq_f32(vmaxnmq_f32(v, vdupq_n_f32(-0x1p24f)), most));
}

static inline void vi_store_row(uint8_t *p, vi v, vi w, int32_t zero, bool is_signed)
{
    const int16x8_t sum =
        vqaddq_s16(vcombine_s16(vqmovn_s32(v), vqmovn_s32(w)), vdupq_n_s16((int16_t)zero));
    vst1_u8(p, is_signed ? vreinterpret_u8_s8(vqmovn_s16(sum)) : vqmovun_s16(sum));
}

/* Two vectors of each of two rows as bytes, `zero` added, saturated. */
static inline void vi_store_rows(uint8_t *a, uint8_t *b, vi a0, vi a1, vi b0, vi b1, int32_t zero,
                                 bool is_signed)
{
    vi_store_row(a, a0, a1, zero, is_signed);
    vi_store_row(b, b0, b1, zero, is_signed);
}

#endif
