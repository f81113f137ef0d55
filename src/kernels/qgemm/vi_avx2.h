/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of 32-bit sums by the names that qgemm_tmpl.h uses: eight lanes. */
#ifndef TENON_KERNELS_QGEMM_VI_AVX2_H
#define TENON_KERNELS_QGEMM_VI_AVX2_H

#include <stdbool.h>
#include <string.h>

#include "kernels/epilogue_avx2.h"
#include "kernels/vec_avx2.h"

#define vf_activate tenon__activate_x8

typedef __m256i vi;

static inline vi vi_zero(void)
{
    return _mm256_setzero_si256();
}

static inline vi vi_load(const int32_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline vi vi_load_groups(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline void vi_store(int32_t *p, vi v)
{
    _mm256_storeu_si256((__m256i *)(void *)p, v);
}

static inline vi vi_set1(int32_t x)
{
    return _mm256_set1_epi32(x);
}

static inline vi vi_add(vi a, vi b)
{
    return _mm256_add_epi32(a, b);
}

static inline vi vi_sub(vi a, vi b)
{
    return _mm256_sub_epi32(a, b);
}

static inline vi vi_mul(vi a, vi b)
{
    return _mm256_mullo_epi32(a, b);
}

static inline vi vi_group(const uint8_t *p)
{
    int32_t group;
    memcpy(&group, p, sizeof group);
    return _mm256_set1_epi32(group);
}

static inline __m256 vi_to_vf(vi v)
{
    return _mm256_cvtepi32_ps(v);
}

static inline vi vf_to_vi(__m256 v)
{
    return _mm256_cvtps_epi32(v);
}

/* Rounded; what is above `most` becomes that, what is far below and NaN the least integer. */
static inline vi vf_to_vi_below(__m256 v, __m256 most)
{
    return _mm256_cvtps_epi32(_mm256_min_ps(most, v));
}

/* Two vectors of each of two rows as bytes, `zero` added, saturated. */
static inline void vi_store_rows(uint8_t *a, uint8_t *b, vi a0, vi a1, vi b0, vi b1, int32_t zero,
                                 bool is_signed)
{
    const __m256i z = _mm256_set1_epi16((short)zero);
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i x = _mm256_adds_epi16(_mm256_packs_epi32(a0, a1), z),
                  y = _mm256_adds_epi16(_mm256_packs_epi32(b0, b1), z);
    const __m256i bytes = _mm256_permutevar8x32_epi32(
        is_signed ? _mm256_packs_epi16(x, y) : _mm256_packus_epi16(x, y), order);
    _mm_storeu_si128((__m128i *)(void *)a, _mm256_castsi256_si128(bytes));
    _mm_storeu_si128((__m128i *)(void *)b, _mm256_extracti128_si256(bytes, 1));
}

#endif
