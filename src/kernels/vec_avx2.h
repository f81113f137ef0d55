/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of floats by the names that the kernel templates use (see vec_avx512.h): eight lanes. For
 * files built with AVX2 and FMA only. */
#ifndef TENON_KERNELS_VEC_AVX2_H
#define TENON_KERNELS_VEC_AVX2_H

#include <stdint.h>

#include "kernels/vmath_avx2.h"

typedef __m256 vf;
enum { VF = 8 };

static inline vf vf_set1(float x)
{
    return _mm256_set1_ps(x);
}

static inline vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline __m256i vf_mask(int64_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* The first n lanes, 0 < n <= VF; the others hold `fill`. */
static inline vf vf_load_n(const float *p, int64_t n, float fill)
{
    if (n == VF) return _mm256_loadu_ps(p);
    __m256i mask = vf_mask(n);
    return _mm256_blendv_ps(_mm256_set1_ps(fill), _mm256_maskload_ps(p, mask),
                            _mm256_castsi256_ps(mask));
}

/* The first n lanes, 0 < n <= VF; the others hold 0. */
static inline vf vf_load_head(const float *p, int64_t n)
{
    return n == VF ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, vf_mask(n));
}

static inline void vf_store(float *p, vf v)
{
    _mm256_storeu_ps(p, v);
}

/* The first n lanes, 0 < n <= VF. */
static inline void vf_store_n(float *p, vf v, int64_t n)
{
    if (n == VF)
        _mm256_storeu_ps(p, v);
    else
        _mm256_maskstore_ps(p, vf_mask(n), v);
}

/* v, its lanes from n on zero. */
static inline vf vf_head(vf v, int64_t n)
{
    return _mm256_and_ps(v, _mm256_castsi256_ps(vf_mask(n)));
}

static inline vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}

/* a * b + c, rounded once. */
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline vf vf_abs(vf a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}

static inline vf vf_sqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}

/* Either operand where one of them is NaN. */
static inline vf vf_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}

static inline vf vf_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}

/* NaN where one of them is NaN. */
static inline vf vf_max_nan(vf a, vf b)
{
    return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

static inline vf vf_min_nan(vf a, vf b)
{
    return _mm256_blendv_ps(_mm256_min_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

/* Across the lanes, by halves. */
static inline float vf_sum(vf v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* The largest lane; where one is NaN, that or any other. */
static inline float vf_top(vf v)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

/* VF vectors as the rows of a matrix: it is turned round. */
static inline void vf_turn(vf *v)
{
    __m256 a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        b[i] = _mm256_unpacklo_ps(v[i], v[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(v[i], v[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
        a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xee);
        a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_permute2f128_ps(a[i], a[4 + i], 0x20);
        v[4 + i] = _mm256_permute2f128_ps(a[i], a[4 + i], 0x31);
    }
}

static inline vf vf_exp(vf x)
{
    return tenon__exp_x8(x);
}

static inline vf vf_log(vf x)
{
    return tenon__log_x8(x);
}

static inline vf vf_tanh(vf x)
{
    return tenon__tanh_x8(x);
}

static inline vf vf_sigmoid(vf x)
{
    return tenon__sigmoid_x8(x);
}

#endif
