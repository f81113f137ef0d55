/* SPDX-License-Identifier: Apache-2.0 */
/* exp, log, tanh, sigmoid and erf of four floats; the contract is in vmath.h. For aarch64. */
#ifndef TENON_KERNELS_VMATH_NEON_H
#define TENON_KERNELS_VMATH_NEON_H

#include <arm_neon.h>

#include "kernels/vmath.h"

/* a * b + c with constants at either end. */
static inline float32x4_t tenon__fma_const_x4(float32x4_t a, float32x4_t b, float c)
{
    return vfmaq_f32(vdupq_n_f32(c), a, b);
}

/* exp(r) - 1 for |r| <= ln 2 / 2. */
static inline float32x4_t tenon__expm1_core_x4(float32x4_t r)
{
    float32x4_t p = tenon__fma_const_x4(vdupq_n_f32(TENON__EXP_C4), r, TENON__EXP_C3);
    p = tenon__fma_const_x4(p, r, TENON__EXP_C2);
    p = tenon__fma_const_x4(p, r, TENON__EXP_C1);
    p = tenon__fma_const_x4(p, r, TENON__EXP_C0);
    return vfmaq_f32(r, p, vmulq_f32(r, r));
}

/* x = *n * ln 2 + r; returns r. */
static inline float32x4_t tenon__exp_reduce_x4(float32x4_t x, float32x4_t *n)
{
    *n = vrndnq_f32(vmulq_n_f32(x, TENON__LOG2E));
    float32x4_t r = vfmsq_f32(x, *n, vdupq_n_f32(TENON__LN2_HI));
    return vfmsq_f32(r, *n, vdupq_n_f32(TENON__LN2_LO));
}

/* 2^n for an integer n in [-126, 127]. */
static inline float32x4_t tenon__pow2_x4(int32x4_t n)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}

static inline float32x4_t tenon__exp_x4(float32x4_t x)
{
    x = vmaxq_f32(vminq_f32(x, vdupq_n_f32(TENON__EXP_MAX)),
                  vdupq_n_f32(TENON__EXP_MIN)); /* NaN stays */
    float32x4_t n, r = tenon__exp_reduce_x4(x, &n);
    /* n reaches from -151 to 128: in two halves, each of which is an ordinary exponent. */
    int32x4_t k = vcvtq_s32_f32(n), half = vshrq_n_s32(k, 1);
    float32x4_t e = vaddq_f32(tenon__expm1_core_x4(r), vdupq_n_f32(1.0f));
    e = vmulq_f32(e, tenon__pow2_x4(half));
    return vmulq_f32(e, tenon__pow2_x4(vsubq_s32(k, half)));
}

static inline float32x4_t tenon__log_x4(float32x4_t x)
{
    const float32x4_t one = vdupq_n_f32(1.0f), zero = vdupq_n_f32(0.0f),
                      inf = vdupq_n_f32(__builtin_inff());
    /* Denormals are scaled by 2^24 first. */
    uint32x4_t tiny = vcltq_f32(x, vdupq_n_f32(1.17549435e-38f));
    float32x4_t y = vbslq_f32(tiny, vmulq_n_f32(x, 16777216.0f), x);
    float32x4_t shift = vbslq_f32(tiny, vdupq_n_f32(24.0f), zero);
    /* Subtracting sqrt 1/2 as an integer puts the mantissa into [sqrt 1/2, sqrt 2). */
    int32x4_t bits = vreinterpretq_s32_f32(y);
    int32x4_t k = vshrq_n_s32(vsubq_s32(bits, vdupq_n_s32(0x3f3504f3)), 23);
    float32x4_t m = vreinterpretq_f32_s32(vsubq_s32(bits, vshlq_n_s32(k, 23)));
    float32x4_t e = vsubq_f32(vcvtq_f32_s32(k), shift);
    float32x4_t f = vsubq_f32(m, one), s = vmulq_f32(f, f);
    float32x4_t p = tenon__fma_const_x4(vdupq_n_f32(TENON__LOG_C7), f, TENON__LOG_C6);
    p = tenon__fma_const_x4(p, f, TENON__LOG_C5);
    p = tenon__fma_const_x4(p, f, TENON__LOG_C4);
    p = tenon__fma_const_x4(p, f, TENON__LOG_C3);
    p = tenon__fma_const_x4(p, f, TENON__LOG_C2);
    p = tenon__fma_const_x4(p, f, TENON__LOG_C1);
    p = tenon__fma_const_x4(p, f, TENON__LOG_C0);
    p = vmulq_f32(p, vmulq_f32(f, s));
    p = vfmaq_f32(p, e, vdupq_n_f32(TENON__LN2_LO));
    p = vfmsq_f32(p, vdupq_n_f32(0.5f), s);
    p = vfmaq_f32(vaddq_f32(f, p), e, vdupq_n_f32(TENON__LN2_HI));
    p = vbslq_f32(vceqq_f32(x, zero), vdupq_n_f32(-__builtin_inff()), p);
    p = vbslq_f32(vceqq_f32(x, inf), inf, p);
    return vbslq_f32(vcgeq_f32(x, zero), p, vdupq_n_f32(__builtin_nanf("")));
}

static inline float32x4_t tenon__with_sign_x4(float32x4_t magnitude, float32x4_t sign)
{
    return vbslq_f32(vdupq_n_u32(0x80000000u), sign, magnitude);
}

static inline float32x4_t tenon__tanh_x4(float32x4_t x)
{
    const float32x4_t one = vdupq_n_f32(1.0f);
    float32x4_t a = vabsq_f32(x);
    a = vminq_f32(vdupq_n_f32(20.0f), vaddq_f32(a, a)); /* tanh(10) is 1 */
    float32x4_t n, r = tenon__exp_reduce_x4(a, &n);
    float32x4_t scale = tenon__pow2_x4(vcvtq_s32_f32(n));
    float32x4_t m = vfmaq_f32(vsubq_f32(scale, one), scale, tenon__expm1_core_x4(r));
    m = vdivq_f32(m, vaddq_f32(m, vdupq_n_f32(2.0f)));
    return tenon__with_sign_x4(m, x);
}

static inline float32x4_t tenon__sigmoid_x4(float32x4_t x)
{
    const float32x4_t one = vdupq_n_f32(1.0f);
    float32x4_t e = tenon__exp_x4(vnegq_f32(vabsq_f32(x)));
    float32x4_t top = vbslq_f32(vcltq_f32(x, vdupq_n_f32(0.0f)), e, one);
    return vdivq_f32(top, vaddq_f32(one, e));
}

static inline float32x4_t tenon__erf_x4(float32x4_t x)
{
    float32x4_t a = vabsq_f32(x), s = vmulq_f32(a, a);
    float32x4_t p = tenon__fma_const_x4(vdupq_n_f32(TENON__ERF_P6), s, TENON__ERF_P5);
    p = tenon__fma_const_x4(p, s, TENON__ERF_P4);
    p = tenon__fma_const_x4(p, s, TENON__ERF_P3);
    p = tenon__fma_const_x4(p, s, TENON__ERF_P2);
    p = tenon__fma_const_x4(p, s, TENON__ERF_P1);
    p = tenon__fma_const_x4(p, s, TENON__ERF_P0);
    p = vmulq_f32(p, a);
    float32x4_t b = vminq_f32(vdupq_n_f32(TENON__ERF_END), a);
    float32x4_t q = tenon__fma_const_x4(vdupq_n_f32(TENON__ERF_Q5), b, TENON__ERF_Q4);
    q = tenon__fma_const_x4(q, b, TENON__ERF_Q3);
    q = tenon__fma_const_x4(q, b, TENON__ERF_Q2);
    q = tenon__fma_const_x4(q, b, TENON__ERF_Q1);
    q = tenon__fma_const_x4(q, b, TENON__ERF_Q0);
    q = tenon__exp_x4(vmulq_f32(q, b));
    uint32x4_t small = vcltq_f32(a, vdupq_n_f32(TENON__ERF_SPLIT));
    p = vbslq_f32(small, p, vsubq_f32(vdupq_n_f32(1.0f), q));
    return tenon__with_sign_x4(p, x);
}

#endif
