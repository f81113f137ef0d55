/* SPDX-License-Identifier: Apache-2.0 */
/* The activations of epilogue.h over eight floats. For files built with AVX2 only. */
#ifndef TENON_KERNELS_EPILOGUE_AVX2_H
#define TENON_KERNELS_EPILOGUE_AVX2_H

#include "kernels/epilogue.h"
#include "kernels/vmath_avx2.h"

/* Of min and max the second operand wins where either is NaN: values stand second. */
static inline __m256 tenon__clip_x8(__m256 v, __m256 low, __m256 high)
{
    return _mm256_min_ps(high, _mm256_max_ps(low, v));
}

static inline __m256 tenon__leaky_x8(__m256 v, __m256 slope)
{
    __m256 below = _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_LT_OQ);
    return _mm256_blendv_ps(v, _mm256_mul_ps(v, slope), below);
}

static inline __m256 tenon__hardswish_x8(__m256 v, __m256 alpha, __m256 beta)
{
    __m256 gate = _mm256_add_ps(_mm256_mul_ps(v, alpha), beta);
    gate = tenon__clip_x8(gate, _mm256_setzero_ps(), _mm256_set1_ps(1.0f));
    return _mm256_mul_ps(v, gate);
}

static inline __m256 tenon__silu_x8(__m256 v)
{
    return _mm256_mul_ps(v, tenon__sigmoid_x8(v));
}

static inline __m256 tenon__gelu_x8(__m256 v)
{
    __m256 half = _mm256_mul_ps(v, _mm256_set1_ps(0.5f));
    __m256 e = tenon__erf_x8(_mm256_mul_ps(v, _mm256_set1_ps(TENON__SQRT_HALF)));
    return _mm256_fmadd_ps(half, e, half);
}

static inline __m256 tenon__gelu_tanh_x8(__m256 v)
{
    __m256 half = _mm256_mul_ps(v, _mm256_set1_ps(0.5f));
    __m256 cube = _mm256_mul_ps(_mm256_mul_ps(v, v), v);
    __m256 t = _mm256_fmadd_ps(_mm256_set1_ps(TENON__GELU_CUBIC), cube, v);
    t = tenon__tanh_x8(_mm256_mul_ps(t, _mm256_set1_ps(TENON__SQRT_2_OVER_PI)));
    return _mm256_fmadd_ps(half, t, half);
}

/* Any of them. The kind is the same over a whole tensor, so the branch is foretold. */
static inline __m256 tenon__activate_x8(const tenon__epilogue *e, __m256 v)
{
    switch (e->kind) {
    case TENON__ACT_NONE:
        return v;
    case TENON__ACT_CLIP:
        return tenon__clip_x8(v, _mm256_set1_ps(e->alpha), _mm256_set1_ps(e->beta));
    case TENON__ACT_LEAKY:
        return tenon__leaky_x8(v, _mm256_set1_ps(e->alpha));
    case TENON__ACT_SIGMOID:
        return tenon__sigmoid_x8(v);
    case TENON__ACT_TANH:
        return tenon__tanh_x8(v);
    case TENON__ACT_HARDSWISH:
        return tenon__hardswish_x8(v, _mm256_set1_ps(e->alpha), _mm256_set1_ps(e->beta));
    case TENON__ACT_SILU:
        return tenon__silu_x8(v);
    case TENON__ACT_GELU:
        return tenon__gelu_x8(v);
    case TENON__ACT_GELU_TANH:
        return tenon__gelu_tanh_x8(v);
    }
    return v;
}

#endif
