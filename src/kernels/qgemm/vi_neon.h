/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of 32-bit sums by the names that qgemm_tmpl.h uses: four lanes. */
#ifndef TENON_KERNELS_QGEMM_VI_NEON_H
#define TENON_KERNELS_QGEMM_VI_NEON_H

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

static inline void vi_store_bytes(uint8_t *p, vi v)
{
    const int16x4_t half = vmovn_s32(v);
    const int8x8_t bytes = vmovn_s16(vcombine_s16(half, half));
    const int32_t word = vget_lane_s32(vreinterpret_s32_s8(bytes), 0);
    memcpy(p, &word, sizeof word);
}

/* NaN becomes `low`. */
static inline float32x4_t vf_clamp(float32x4_t v, float32x4_t low, float32x4_t high)
{
    return vminq_f32(vmaxnmq_f32(v, low), high);
}

#endif
