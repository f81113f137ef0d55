/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of floats by the names that the kernel templates use (see vec_avx512.h): four lanes. For
 * aarch64. */
#ifndef TENON_KERNELS_VEC_NEON_H
#define TENON_KERNELS_VEC_NEON_H

#include <stdint.h>
#include <string.h>

#include "kernels/vmath_neon.h"

typedef float32x4_t vf;
enum { VF = 4 };

static inline vf vf_set1(float x)
{
    return vdupq_n_f32(x);
}

static inline vf vf_load(const float *p)
{
    return vld1q_f32(p);
}

/* The first n lanes, 0 < n <= VF; the others hold `fill`. */
static inline vf vf_load_n(const float *p, int64_t n, float fill)
{
    if (n == VF) return vld1q_f32(p);
    float lanes[VF] = {fill, fill, fill, fill};
    memcpy(lanes, p, (size_t)n * sizeof *lanes);
    return vld1q_f32(lanes);
}

/* The first n lanes, 0 < n <= VF; the others hold 0. */
static inline vf vf_load_head(const float *p, int64_t n)
{
    return vf_load_n(p, n, 0.0f);
}

static inline void vf_store(float *p, vf v)
{
    vst1q_f32(p, v);
}

/* The first n lanes, 0 < n <= VF. */
static inline void vf_store_n(float *p, vf v, int64_t n)
{
    float lanes[VF];
    if (n == VF) {
        vst1q_f32(p, v);
        return;
    }
    vst1q_f32(lanes, v);
    memcpy(p, lanes, (size_t)n * sizeof *lanes);
}

/* v, its lanes from n on zero. */
static inline vf vf_head(vf v, int64_t n)
{
    float lanes[VF];
    vst1q_f32(lanes, v);
    for (int64_t i = n; i < VF; i++)
        lanes[i] = 0.0f;
    return vld1q_f32(lanes);
}

static inline vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}

/* a * b + c, rounded once. */
static inline vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}

static inline vf vf_abs(vf a)
{
    return vabsq_f32(a);
}

static inline vf vf_sqrt(vf a)
{
    return vsqrtq_f32(a);
}

/* NaN where one of them is NaN: so is the instruction. */
static inline vf vf_max(vf a, vf b)
{
    return vmaxq_f32(a, b);
}

static inline vf vf_min(vf a, vf b)
{
    return vminq_f32(a, b);
}

static inline vf vf_max_nan(vf a, vf b)
{
    return vmaxq_f32(a, b);
}

static inline vf vf_min_nan(vf a, vf b)
{
    return vminq_f32(a, b);
}

/* Across the lanes, by halves. */
static inline float vf_sum(vf v)
{
    float32x2_t s = vadd_f32(vget_low_f32(v), vget_high_f32(v));
    return vget_lane_f32(vpadd_f32(s, s), 0);
}

/* The largest lane; NaN where one is. */
static inline float vf_top(vf v)
{
    return vmaxvq_f32(v);
}

/* VF vectors as the rows of a matrix: it is turned round. */
static inline void vf_turn(vf *v)
{
    float32x4x2_t a = vtrnq_f32(v[0], v[1]), b = vtrnq_f32(v[2], v[3]);
    v[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
    v[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
    v[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
    v[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}

static inline vf vf_exp(vf x)
{
    return tenon__exp_x4(x);
}

static inline vf vf_log(vf x)
{
    return tenon__log_x4(x);
}

static inline vf vf_tanh(vf x)
{
    return tenon__tanh_x4(x);
}

static inline vf vf_sigmoid(vf x)
{
    return tenon__sigmoid_x4(x);
}

#endif
