/* SPDX-License-Identifier: Apache-2.0 */
/* Resampling with AVX-512: permutes or gathers across a row, the plain loops for the rest. */
#include <immintrin.h>

#include "kernels/resize/resize_tmpl.h"

TENON__RESIZE_WHOLE

/* The places [base, last] of a source, where these are fewer than 32: permuting is faster than
 * gathering. */
typedef struct window {
    __m512i low, high;
} window;

static inline window window_load(const void *src, int32_t base, int32_t last)
{
    const int32_t *p = (const int32_t *)src + base;
    const uint32_t mask = UINT32_MAX >> (31 - (last - base));
    return (window){_mm512_maskz_loadu_epi32((__mmask16)mask, p),
                    _mm512_maskz_loadu_epi32((__mmask16)(mask >> 16), p + 16)};
}

static inline __m512i window_pick(const window *w, __m512i index)
{
    return _mm512_permutex2var_epi32(w->low, index, w->high);
}

/* Whether all of them lie in [0, most]. */
static inline bool all_within(__m512i index, int32_t most)
{
    return _mm512_cmpgt_epu32_mask(index, _mm512_set1_epi32(most)) == 0;
}

static void across_two(float *dst, const float *src, const int32_t *index, const float *weight,
                       int64_t n)
{
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    int64_t x = 0;
    for (; x + 16 <= n; x += 16) {
        const int32_t base = index[2 * x], last = index[2 * x + 31];
        const __m512i i0 = _mm512_loadu_si512(index + 2 * x),
                      i1 = _mm512_loadu_si512(index + 2 * x + 16);
        const __m512 w0 = _mm512_loadu_ps(weight + 2 * x),
                     w1 = _mm512_loadu_ps(weight + 2 * x + 16);
        const __m512i left = _mm512_permutex2var_epi32(i0, even, i1),
                      right = _mm512_permutex2var_epi32(i0, odd, i1);
        const __m512i l = _mm512_sub_epi32(left, _mm512_set1_epi32(base));
        const __m512i r = _mm512_sub_epi32(right, _mm512_set1_epi32(base));
        __m512 a, b;
        if (last >= base && last - base < 32 && all_within(l, last - base) &&
            all_within(r, last - base)) {
            const window w = window_load(src, base, last);
            a = _mm512_castsi512_ps(window_pick(&w, l));
            b = _mm512_castsi512_ps(window_pick(&w, r));
        } else {
            a = _mm512_i32gather_ps(left, src, 4);
            b = _mm512_i32gather_ps(right, src, 4);
        }
        a = _mm512_mul_ps(_mm512_permutex2var_ps(w0, even, w1), a);
        b = _mm512_mul_ps(_mm512_permutex2var_ps(w0, odd, w1), b);
        _mm512_storeu_ps(dst + x, _mm512_add_ps(a, b));
    }
    plain_across_taps(dst + x, src, index + 2 * x, weight + 2 * x, 2, n - x);
}

static void across(float *dst, const float *src, const int32_t *index, const float *weight,
                   int taps, int64_t n)
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
        const int32_t base = index[x], last = index[x + 15];
        const __m512i at = _mm512_loadu_si512(index + x),
                      i = _mm512_sub_epi32(at, _mm512_set1_epi32(base));
        __m512i v;
        if (last >= base && last - base < 32 && all_within(i, last - base)) {
            const window w = window_load(src, base, last);
            v = window_pick(&w, i);
        } else {
            v = _mm512_i32gather_epi32(at, src, 4);
        }
        _mm512_storeu_si512((uint8_t *)dst + 4 * x, v);
    }
    plain_pick4((uint8_t *)dst + 4 * x, src, index + x, n - x);
}

extern const tenon__resize_row tenon__resize_avx512;
const tenon__resize_row tenon__resize_avx512 = {
    "avx512", TENON__CPU_AVX512, across, across_u8, across_wide, mix, store_u8, pick4};
