/* SPDX-License-Identifier: Apache-2.0 */
/* exp, log, tanh, sigmoid and erf of eight floats; the contract is in vmath.h. For files built with
 * AVX2 and FMA only. */
#ifndef TENON_KERNELS_VMATH_AVX2_H
#define TENON_KERNELS_VMATH_AVX2_H

#include <immintrin.h>

#include "kernels/vmath.h"

/* exp(r) - 1 for |r| <= ln 2 / 2. */
static inline __m256 tenon__expm1_core_x8(__m256 r)
{
    __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(TENON__EXP_C4), r, _mm256_set1_ps(TENON__EXP_C3));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(TENON__EXP_C2));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(TENON__EXP_C1));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(TENON__EXP_C0));
    return _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r);
}

/* x = *n * ln 2 + r; returns r. */
static inline __m256 tenon__exp_reduce_x8(__m256 x, __m256 *n)
{
    *n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(TENON__LOG2E)),
                         _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(*n, _mm256_set1_ps(TENON__LN2_HI), x);
    return _mm256_fnmadd_ps(*n, _mm256_set1_ps(TENON__LN2_LO), r);
}

/* 2^n for an integer n in [-126, 127]. */
static inline __m256 tenon__pow2_x8(__m256i n)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}

static inline __m256 tenon__exp_x8(__m256 x)
{
    /* The second operand wins where either is NaN. */
    x = _mm256_min_ps(_mm256_set1_ps(TENON__EXP_MAX), x);
    x = _mm256_max_ps(_mm256_set1_ps(TENON__EXP_MIN), x);
    __m256 n, r = tenon__exp_reduce_x8(x, &n);
    /* n reaches from -151 to 128: in two halves, each of which is an ordinary exponent. */
    __m256i k = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(k, 1);
    __m256 e = _mm256_add_ps(tenon__expm1_core_x8(r), _mm256_set1_ps(1.0f));
    e = _mm256_mul_ps(e, tenon__pow2_x8(half));
    return _mm256_mul_ps(e, tenon__pow2_x8(_mm256_sub_epi32(k, half)));
}

static inline __m256 tenon__log_x8(__m256 x)
{
    const __m256 one = _mm256_set1_ps(1.0f), inf = _mm256_set1_ps(__builtin_inff());
    /* Denormals are scaled by 2^24 first. */
    __m256 tiny = _mm256_cmp_ps(x, _mm256_set1_ps(1.17549435e-38f), _CMP_LT_OQ);
    __m256 y = _mm256_blendv_ps(x, _mm256_mul_ps(x, _mm256_set1_ps(16777216.0f)), tiny);
    __m256 shift = _mm256_and_ps(tiny, _mm256_set1_ps(24.0f));
    /* Subtracting sqrt 1/2 as an integer puts the mantissa into [sqrt 1/2, sqrt 2). */
    __m256i bits = _mm256_castps_si256(y);
    __m256i k = _mm256_srai_epi32(_mm256_sub_epi32(bits, _mm256_set1_epi32(0x3f3504f3)), 23);
    __m256 m = _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(k, 23)));
    __m256 e = _mm256_sub_ps(_mm256_cvtepi32_ps(k), shift);
    __m256 f = _mm256_sub_ps(m, one), s = _mm256_mul_ps(f, f);
    __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(TENON__LOG_C7), f, _mm256_set1_ps(TENON__LOG_C6));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(TENON__LOG_C5));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(TENON__LOG_C4));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(TENON__LOG_C3));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(TENON__LOG_C2));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(TENON__LOG_C1));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(TENON__LOG_C0));
    p = _mm256_mul_ps(p, _mm256_mul_ps(f, s));
    p = _mm256_fmadd_ps(e, _mm256_set1_ps(TENON__LN2_LO), p);
    p = _mm256_fnmadd_ps(_mm256_set1_ps(0.5f), s, p);
    p = _mm256_fmadd_ps(e, _mm256_set1_ps(TENON__LN2_HI), _mm256_add_ps(f, p));
    __m256 zero = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_EQ_OQ);
    p = _mm256_blendv_ps(p, _mm256_set1_ps(-__builtin_inff()), zero);
    p = _mm256_blendv_ps(p, inf, _mm256_cmp_ps(x, inf, _CMP_EQ_OQ));
    /* Below zero, or NaN: all bits set is a NaN. */
    return _mm256_or_ps(p, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_NGE_UQ));
}

static inline __m256 tenon__tanh_x8(__m256 x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f), one = _mm256_set1_ps(1.0f);
    __m256 a = _mm256_andnot_ps(sign, x);
    a = _mm256_min_ps(_mm256_set1_ps(20.0f), _mm256_add_ps(a, a)); /* tanh(10) is 1 */
    __m256 n, r = tenon__exp_reduce_x8(a, &n);
    __m256 scale = tenon__pow2_x8(_mm256_cvtps_epi32(n));
    __m256 m = _mm256_fmadd_ps(scale, tenon__expm1_core_x8(r), _mm256_sub_ps(scale, one));
    m = _mm256_div_ps(m, _mm256_add_ps(m, _mm256_set1_ps(2.0f)));
    return _mm256_or_ps(m, _mm256_and_ps(sign, x));
}

static inline __m256 tenon__sigmoid_x8(__m256 x)
{
    const __m256 one = _mm256_set1_ps(1.0f);
    __m256 e = tenon__exp_x8(_mm256_or_ps(x, _mm256_set1_ps(-0.0f)));
    return _mm256_div_ps(_mm256_blendv_ps(one, e, x), _mm256_add_ps(one, e));
}

static inline __m256 tenon__erf_x8(__m256 x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 a = _mm256_andnot_ps(sign, x), s = _mm256_mul_ps(a, a);
    __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(TENON__ERF_P6), s, _mm256_set1_ps(TENON__ERF_P5));
    p = _mm256_fmadd_ps(p, s, _mm256_set1_ps(TENON__ERF_P4));
    p = _mm256_fmadd_ps(p, s, _mm256_set1_ps(TENON__ERF_P3));
    p = _mm256_fmadd_ps(p, s, _mm256_set1_ps(TENON__ERF_P2));
    p = _mm256_fmadd_ps(p, s, _mm256_set1_ps(TENON__ERF_P1));
    p = _mm256_fmadd_ps(p, s, _mm256_set1_ps(TENON__ERF_P0));
    p = _mm256_mul_ps(p, a);
    __m256 large = _mm256_cmp_ps(a, _mm256_set1_ps(TENON__ERF_SPLIT), _CMP_NLT_UQ);
    if (_mm256_movemask_ps(large)) {
        __m256 b = _mm256_min_ps(_mm256_set1_ps(TENON__ERF_END), a);
        __m256 q = _mm256_fmadd_ps(_mm256_set1_ps(TENON__ERF_Q5), b, _mm256_set1_ps(TENON__ERF_Q4));
        q = _mm256_fmadd_ps(q, b, _mm256_set1_ps(TENON__ERF_Q3));
        q = _mm256_fmadd_ps(q, b, _mm256_set1_ps(TENON__ERF_Q2));
        q = _mm256_fmadd_ps(q, b, _mm256_set1_ps(TENON__ERF_Q1));
        q = _mm256_fmadd_ps(q, b, _mm256_set1_ps(TENON__ERF_Q0));
        q = tenon__exp_x8(_mm256_mul_ps(q, b));
        p = _mm256_blendv_ps(p, _mm256_sub_ps(_mm256_set1_ps(1.0f), q), large);
    }
    return _mm256_or_ps(p, _mm256_and_ps(sign, x));
}

#endif
