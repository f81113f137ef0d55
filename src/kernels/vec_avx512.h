/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of floats by the names that the kernel templates (F_tmpl.h) use: sixteen lanes.
 * vec_avx2.h and vec_neon.h give the same names. For files built with AVX-512 only. */
#ifndef TENON_KERNELS_VEC_AVX512_H
#define TENON_KERNELS_VEC_AVX512_H

#include <stdint.h>

#include "kernels/vmath_avx512.h"

typedef __m512 vf;
enum { VF = 16 };

static inline vf vf_set1(float x)
{
    return _mm512_set1_ps(x);
}

static inline vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

/* The first n lanes, 0 < n <= VF; the others hold `fill`. */
static inline vf vf_load_n(const float *p, int64_t n, float fill)
{
    return _mm512_mask_loadu_ps(_mm512_set1_ps(fill), (__mmask16)(0xffffu >> (VF - n)), p);
}

/* The first n lanes, 0 < n <= VF; the others hold 0. */
static inline vf vf_load_head(const float *p, int64_t n)
{
    return _mm512_maskz_loadu_ps((__mmask16)(0xffffu >> (VF - n)), p);
}

static inline void vf_store(float *p, vf v)
{
    _mm512_storeu_ps(p, v);
}

/* The first n lanes, 0 < n <= VF. */
static inline void vf_store_n(float *p, vf v, int64_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)(0xffffu >> (VF - n)), v);
}

/* v, its lanes from n on zero. */
static inline vf vf_head(vf v, int64_t n)
{
    return _mm512_maskz_mov_ps((__mmask16)(0xffffu >> (VF - n)), v);
}

static inline vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

/* a * b + c, rounded once. */
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vf vf_abs(vf a)
{
    return _mm512_abs_ps(a);
}

static inline vf vf_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}

/* Either operand where one of them is NaN. */
static inline vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}

static inline vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

/* NaN where one of them is NaN. */
static inline vf vf_max_nan(vf a, vf b)
{
    return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}

static inline vf vf_min_nan(vf a, vf b)
{
    return _mm512_mask_mov_ps(_mm512_min_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}

/* Across the lanes, by halves. */
static inline float vf_sum(vf v)
{
    return _mm512_reduce_add_ps(v);
}

/* The largest lane; where one is NaN, that or any other. */
static inline float vf_top(vf v)
{
    return _mm512_reduce_max_ps(v);
}

/* VF vectors as the rows of a matrix: it is turned round. */
static inline void vf_turn(vf *v)
{
    __m512 a[16], b[16];
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_ps(v[i], v[i + 1]);
        b[i + 1] = _mm512_unpackhi_ps(v[i], v[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        a[i] = _mm512_shuffle_ps(b[i], b[i + 2], 0x44);
        a[i + 1] = _mm512_shuffle_ps(b[i], b[i + 2], 0xee);
        a[i + 2] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        a[i + 3] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0xee);
    }
    /* a[4 g + c]: in each quarter q, column 4 q + c of rows 4 g to 4 g + 3. */
    for (int i = 0; i < 4; i++) {
        b[i] = _mm512_shuffle_f32x4(a[i], a[4 + i], 0x88);
        b[4 + i] = _mm512_shuffle_f32x4(a[i], a[4 + i], 0xdd);
        b[8 + i] = _mm512_shuffle_f32x4(a[8 + i], a[12 + i], 0x88);
        b[12 + i] = _mm512_shuffle_f32x4(a[8 + i], a[12 + i], 0xdd);
    }
    for (int i = 0; i < 4; i++) {
        v[i] = _mm512_shuffle_f32x4(b[i], b[8 + i], 0x88);
        v[8 + i] = _mm512_shuffle_f32x4(b[i], b[8 + i], 0xdd);
        v[4 + i] = _mm512_shuffle_f32x4(b[4 + i], b[12 + i], 0x88);
        v[12 + i] = _mm512_shuffle_f32x4(b[4 + i], b[12 + i], 0xdd);
    }
}

static inline vf vf_exp(vf x)
{
    return tenon__exp_x16(x);
}

static inline vf vf_log(vf x)
{
    return tenon__log_x16(x);
}

static inline vf vf_tanh(vf x)
{
    return tenon__tanh_x16(x);
}

static inline vf vf_sigmoid(vf x)
{
    return tenon__sigmoid_x16(x);
}

#endif
