/* SPDX-License-Identifier: Apache-2.0 */
/* Resampling with AVX2: permutes or gathers across a row, the plain loops for the rest. */
#include <immintrin.h>

#include "kernels/resize/resize_tmpl.h"

TENON__RESIZE_WHOLE

/* Even and odd members of 16 numbers that lie in pairs, in order. */
static inline __m256i even_i(__m256i a, __m256i b)
{
    const __m256 v = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88);
    return _mm256_permute4x64_epi64(_mm256_castps_si256(v), 0xD8);
}

static inline __m256i odd_i(__m256i a, __m256i b)
{
    const __m256 v = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0xDD);
    return _mm256_permute4x64_epi64(_mm256_castps_si256(v), 0xD8);
}

static inline __m256i load8(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

/* The places [base, last] of a source, where these are at most 8: permuting is faster than
 * gathering. */
static inline __m256i window_load(const void *src, int32_t base, int32_t last)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(last - base + 1), lane);
    return _mm256_maskload_epi32((const int *)src + base, mask);
}

/* Whether all of them lie in [0, most]. */
static inline bool all_within(__m256i index, int32_t most)
{
    const __m256i limit = _mm256_set1_epi32(most);
    const __m256i same = _mm256_cmpeq_epi32(_mm256_min_epu32(index, limit), index);
    return _mm256_movemask_epi8(same) == -1;
}

static void across_two(float *dst, const float *src, const int32_t *index, const float *weight,
                       int64_t n)
{
    int64_t x = 0;
    for (; x + 8 <= n; x += 8) {
        const int32_t base = index[2 * x], last = index[2 * x + 15];
        const __m256i i0 = load8(index + 2 * x), i1 = load8(index + 2 * x + 8);
        const __m256i w0 = load8(weight + 2 * x), w1 = load8(weight + 2 * x + 8);
        const __m256i left = even_i(i0, i1), right = odd_i(i0, i1);
        const __m256i l = _mm256_sub_epi32(left, _mm256_set1_epi32(base));
        const __m256i r = _mm256_sub_epi32(right, _mm256_set1_epi32(base));
        __m256 a, b;
        if (last >= base && last - base < 8 && all_within(l, last - base) &&
            all_within(r, last - base)) {
            const __m256 w = _mm256_castsi256_ps(window_load(src, base, last));
            a = _mm256_permutevar8x32_ps(w, l);
            b = _mm256_permutevar8x32_ps(w, r);
        } else {
            a = _mm256_i32gather_ps(src, left, 4);
            b = _mm256_i32gather_ps(src, right, 4);
        }
        a = _mm256_mul_ps(_mm256_castsi256_ps(even_i(w0, w1)), a);
        b = _mm256_mul_ps(_mm256_castsi256_ps(odd_i(w0, w1)), b);
        _mm256_storeu_ps(dst + x, _mm256_add_ps(a, b));
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
    for (; x + 8 <= n; x += 8) {
        const int32_t base = index[x], last = index[x + 7];
        const __m256i at = load8(index + x), i = _mm256_sub_epi32(at, _mm256_set1_epi32(base));
        __m256i v;
        if (last >= base && last - base < 8 && all_within(i, last - base))
            v = _mm256_permutevar8x32_epi32(window_load(src, base, last), i);
        else
            v = _mm256_i32gather_epi32((const int *)src, at, 4);
        _mm256_storeu_si256((__m256i *)(void *)((uint8_t *)dst + 4 * x), v);
    }
    plain_pick4((uint8_t *)dst + 4 * x, src, index + x, n - x);
}

extern const tenon__resize_row tenon__resize_avx2;
const tenon__resize_row tenon__resize_avx2 = {
    "avx2", TENON__CPU_AVX2, across, across_u8, across_wide, mix, store_u8, pick4};
