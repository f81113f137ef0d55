/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix product in NEON: tiles of 12 x 8. */
#include "kernels/epilogue_neon.h"
#include "kernels/vec_neon.h"

#define MR           12
#define TILE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#define WIDE         4
#define WIDE_PACKED  1
#define ROW          tenon__gemm_neon
#define NAME         "gemm_neon_12x8"
#define NEEDS        TENON__CPU_NEON
#define vf_clip      tenon__clip_x4
#define vf_activate  tenon__activate_x4

static inline float32x4_t vf_widen(const uint16_t *half)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(half)));
}

/* 4 rows of 4 floats, `step` apart, become columns. */
static inline void vf_transpose(const float *in, int64_t step, float *out, int64_t out_step)
{
    float32x4_t a = vld1q_f32(in), b = vld1q_f32(in + step);
    float32x4_t c = vld1q_f32(in + 2 * step), d = vld1q_f32(in + 3 * step);
    const float32x4x2_t ab = vtrnq_f32(a, b), cd = vtrnq_f32(c, d);
    vst1q_f32(out, vcombine_f32(vget_low_f32(ab.val[0]), vget_low_f32(cd.val[0])));
    vst1q_f32(out + out_step, vcombine_f32(vget_low_f32(ab.val[1]), vget_low_f32(cd.val[1])));
    vst1q_f32(out + 2 * out_step, vcombine_f32(vget_high_f32(ab.val[0]), vget_high_f32(cd.val[0])));
    vst1q_f32(out + 3 * out_step, vcombine_f32(vget_high_f32(ab.val[1]), vget_high_f32(cd.val[1])));
}

#include "kernels/gemm/gemm_tmpl.h"
