/* SPDX-License-Identifier: Apache-2.0 */
/* The activations of epilogue.h over sixteen floats. For files built with AVX-512 only. */
#ifndef TENON_KERNELS_EPILOGUE_AVX512_H
#define TENON_KERNELS_EPILOGUE_AVX512_H

#include "kernels/epilogue.h"
#include "kernels/vmath_avx512.h"

/* Of min and max the second operand wins where either is NaN: values stand second. */
static inline __m512 tenon__clip_x16(__m512 v, __m512 low, __m512 high)
{
    return _mm512_min_ps(high, _mm512_max_ps(low, v));
}

static inline __m512 tenon__leaky_x16(__m512 v, __m512 slope)
{
    __mmask16 below = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ);
    return _mm512_mask_mul_ps(v, below, v, slope);
}

static inline __m512 tenon__hardswish_x16(__m512 v, __m512 alpha, __m512 beta)
{
    __m512 gate = _mm512_add_ps(_mm512_mul_ps(v, alpha), beta);
    gate = tenon__clip_x16(gate, _mm512_setzero_ps(), _mm512_set1_ps(1.0f));
    return _mm512_mul_ps(v, gate);
}

static inline __m512 tenon__silu_x16(__m512 v)
{
    return _mm512_mul_ps(v, tenon__sigmoid_x16(v));
}

static inline __m512 tenon__gelu_x16(__m512 v)
{
    __m512 half = _mm512_mul_ps(v, _mm512_set1_ps(0.5f));
    __m512 e = tenon__erf_x16(_mm512_mul_ps(v, _mm512_set1_ps(TENON__SQRT_HALF)));
    return _mm512_fmadd_ps(half, e, half);
}

static inline __m512 tenon__gelu_tanh_x16(__m512 v)
{
    __m512 half = _mm512_mul_ps(v, _mm512_set1_ps(0.5f));
    __m512 cube = _mm512_mul_ps(_mm512_mul_ps(v, v), v);
    __m512 t = _mm512_fmadd_ps(_mm512_set1_ps(TENON__GELU_CUBIC), cube, v);
    t = tenon__tanh_x16(_mm512_mul_ps(t, _mm512_set1_ps(TENON__SQRT_2_OVER_PI)));
    return _mm512_fmadd_ps(half, t, half);
}

/* Any of them. The kind is the same over a whole tensor, so the branch is foretold. */
static inline __m512 tenon__activate_x16(const tenon__epilogue *e, __m512 v)
{
    switch (e->kind) {
    case TENON__ACT_NONE:
        return v;
    case TENON__ACT_CLIP:
        return tenon__clip_x16(v, _mm512_set1_ps(e->alpha), _mm512_set1_ps(e->beta));
    case TENON__ACT_LEAKY:
        return tenon__leaky_x16(v, _mm512_set1_ps(e->alpha));
    case TENON__ACT_SIGMOID:
        return tenon__sigmoid_x16(v);
    case TENON__ACT_TANH:
        return tenon__tanh_x16(v);
    case TENON__ACT_HARDSWISH:
        return tenon__hardswish_x16(v, _mm512_set1_ps(e->alpha), _mm512_set1_ps(e->beta));
    case TENON__ACT_SILU:
        return tenon__silu_x16(v);
    case TENON__ACT_GELU:
        return tenon__gelu_x16(v);
    case TENON__ACT_GELU_TANH:
        return tenon__gelu_tanh_x16(v);
    }
    return v;
}

#endif
