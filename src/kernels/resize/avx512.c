/* SPDX-License-Identifier: Apache-2.0 */
/* Resampling with AVX-512: gathers across a row, the plain loops for the rest. */
#include <immintrin.h>

#include "kernels/resize/resize_tmpl.h"

TENON__RESIZE_WHOLE

static void across_two(float *dst, const float *src, const int32_t *index, const float *weight, int64_t n)
{
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    int64_t x = 0;
    for (; x + 16 <= n; x += 16) {
        const __m512i i0 = _mm512_loadu_si512(index + 2 * x), i1 = _mm512_loadu_si512(index + 2 * x + 16);
        const __m512 w0 = _mm512_loadu_ps(weight + 2 * x), w1 = _mm512_loadu_ps(weight + 2 * x + 16);
        const __m512 a = _mm512_i32gather_ps(_mm512_permutex2var_epi32(i0, even, i1), src, 4);
        const __m512 b = _mm512_i32gather_ps(_mm512_permutex2var_epi32(i0, odd, i1), src, 4);
        const __m512 left = _mm512_mul_ps(_mm512_permutex2var_ps(w0, even, w1), a);
        const __m512 right = _mm512_mul_ps(_mm512_permutex2var_ps(w0, odd, w1), b);
        _mm512_storeu_ps(dst + x, _mm512_add_ps(left, right));
    }
    plain_across_taps(dst + x, src, index + 2 * x, weight + 2 * x, 2, n - x);
}

static void across(float *dst, const float *src, const int32_t *index, const float *weight, int taps,
                   int64_t n)
{
    if (taps == 2)
        across_two(dst, src, index, weight, n);
    else
        plain_across(dst, src, index, weight, taps, n);
}

static void pick4(void *dst, const void *src, const int32_t *index, int64_t n)
{
    int64_t x = 0;
    for (; x + 16 <= n; x += 16) {
        const __m512i v = _mm512_i32gather_epi32(_mm512_loadu_si512(index + x), src, 4);
        _mm512_storeu_si512((uint8_t *)dst + 4 * x, v);
    }
    plain_pick4((uint8_t *)dst + 4 * x, src, index + x, n - x);
}

extern const tenon__resize_row tenon__resize_avx512;
const tenon__resize_row tenon__resize_avx512 = {"avx512",    TENON__CPU_AVX512, across,   across_u8,
                                                across_wide, mix,               store_u8, pick4};
