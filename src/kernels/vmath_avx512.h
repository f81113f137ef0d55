/* SPDX-License-Identifier: Apache-2.0 */
/* exp, log, tanh, sigmoid and erf of sixteen floats; the contract is in vmath.h. For files built
 * with AVX-512 only. */
#ifndef TENON_KERNELS_VMATH_AVX512_H
#define TENON_KERNELS_VMATH_AVX512_H

#include <immintrin.h>

#include "kernels/vmath.h"

#define TENON__ROUND_NEAREST (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

/* exp(r) - 1 for |r| <= ln 2 / 2. */
static inline __m512 tenon__expm1_core_x16(__m512 r)
{
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(TENON__EXP_C4), r, _mm512_set1_ps(TENON__EXP_C3));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(TENON__EXP_C2));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(TENON__EXP_C1));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(TENON__EXP_C0));
    return _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), r);
}

/* x = *n * ln 2 + r; returns r. */
static inline __m512 tenon__exp_reduce_x16(__m512 x, __m512 *n)
{
    *n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(TENON__LOG2E)), TENON__ROUND_NEAREST);
    __m512 r = _mm512_fnmadd_ps(*n, _mm512_set1_ps(TENON__LN2_HI), x);
    return _mm512_fnmadd_ps(*n, _mm512_set1_ps(TENON__LN2_LO), r);
}

static inline __m512 tenon__exp_x16(__m512 x)
{
    /* The second operand wins where either is NaN. */
    x = _mm512_min_ps(_mm512_set1_ps(TENON__EXP_MAX), x);
    x = _mm512_max_ps(_mm512_set1_ps(TENON__EXP_MIN), x);
    __m512 n, r = tenon__exp_reduce_x16(x, &n);
    return _mm512_scalef_ps(_mm512_add_ps(tenon__expm1_core_x16(r), _mm512_set1_ps(1.0f)), n);
}

static inline __m512 tenon__log_x16(__m512 x)
{
    const __m512 one = _mm512_set1_ps(1.0f);
    /* Sign "zero": of the absolute value; what lies below 0 is mended at the end. 0 has exponent
     * -inf and mantissa 1. */
    __m512 e = _mm512_getexp_ps(x);
    __m512 m = _mm512_getmant_ps(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero);
    __mmask16 big = _mm512_cmp_ps_mask(m, _mm512_set1_ps(1.41421356f), _CMP_GE_OQ);
    m = _mm512_mask_mul_ps(m, big, m, _mm512_set1_ps(0.5f));
    e = _mm512_mask_add_ps(e, big, e, one);
    __m512 f = _mm512_sub_ps(m, one), s = _mm512_mul_ps(f, f);
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(TENON__LOG_C7), f, _mm512_set1_ps(TENON__LOG_C6));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(TENON__LOG_C5));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(TENON__LOG_C4));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(TENON__LOG_C3));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(TENON__LOG_C2));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(TENON__LOG_C1));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(TENON__LOG_C0));
    p = _mm512_mul_ps(p, _mm512_mul_ps(f, s));
    p = _mm512_fmadd_ps(e, _mm512_set1_ps(TENON__LN2_LO), p);
    p = _mm512_fnmadd_ps(_mm512_set1_ps(0.5f), s, p);
    p = _mm512_fmadd_ps(e, _mm512_set1_ps(TENON__LN2_HI), _mm512_add_ps(f, p));
    __mmask16 below = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ);
    return _mm512_mask_mov_ps(p, below, _mm512_castsi512_ps(_mm512_set1_epi32(0x7fc00000)));
}

static inline __m512 tenon__tanh_x16(__m512 x)
{
    const __m512 sign = _mm512_set1_ps(-0.0f), one = _mm512_set1_ps(1.0f);
    __m512 a = _mm512_andnot_ps(sign, x);
    a = _mm512_min_ps(_mm512_set1_ps(20.0f), _mm512_add_ps(a, a)); /* tanh(10) is 1 */
    __m512 n, r = tenon__exp_reduce_x16(a, &n);
    __m512 scale = _mm512_scalef_ps(one, n);
    __m512 m = _mm512_fmadd_ps(scale, tenon__expm1_core_x16(r), _mm512_sub_ps(scale, one));
    m = _mm512_div_ps(m, _mm512_add_ps(m, _mm512_set1_ps(2.0f)));
    return _mm512_or_ps(m, _mm512_and_ps(sign, x));
}

static inline __m512 tenon__sigmoid_x16(__m512 x)
{
    const __m512 one = _mm512_set1_ps(1.0f);
    __m512 e = tenon__exp_x16(_mm512_or_ps(x, _mm512_set1_ps(-0.0f)));
    __m512 top = _mm512_mask_mov_ps(one, _mm512_movepi32_mask(_mm512_castps_si512(x)), e);
    return _mm512_div_ps(top, _mm512_add_ps(one, e));
}

static inline __m512 tenon__erf_x16(__m512 x)
{
    const __m512 sign = _mm512_set1_ps(-0.0f);
    __m512 a = _mm512_andnot_ps(sign, x), s = _mm512_mul_ps(a, a);
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(TENON__ERF_P6), s, _mm512_set1_ps(TENON__ERF_P5));
    p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(TENON__ERF_P4));
    p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(TENON__ERF_P3));
    p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(TENON__ERF_P2));
    p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(TENON__ERF_P1));
    p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(TENON__ERF_P0));
    p = _mm512_mul_ps(p, a);
    __mmask16 large = _mm512_cmp_ps_mask(a, _mm512_set1_ps(TENON__ERF_SPLIT), _CMP_NLT_UQ);
    if (large) {
        __m512 b = _mm512_min_ps(_mm512_set1_ps(TENON__ERF_END), a);
        __m512 q = _mm512_fmadd_ps(_mm512_set1_ps(TENON__ERF_Q5), b, _mm512_set1_ps(TENON__ERF_Q4));
        q = _mm512_fmadd_ps(q, b, _mm512_set1_ps(TENON__ERF_Q3));
        q = _mm512_fmadd_ps(q, b, _mm512_set1_ps(TENON__ERF_Q2));
        q = _mm512_fmadd_ps(q, b, _mm512_set1_ps(TENON__ERF_Q1));
        q = _mm512_fmadd_ps(q, b, _mm512_set1_ps(TENON__ERF_Q0));
        q = tenon__exp_x16(_mm512_mul_ps(q, b));
        p = _mm512_mask_sub_ps(p, large, _mm512_set1_ps(1.0f), q);
    }
    return _mm512_or_ps(p, _mm512_and_ps(sign, x));
}

#endif
