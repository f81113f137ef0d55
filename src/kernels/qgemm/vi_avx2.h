/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of 32-bit sums by the names that qgemm_tmpl.h uses: eight lanes. */
#ifndef TENON_KERNELS_QGEMM_VI_AVX2_H
#define TENON_KERNELS_QGEMM_VI_AVX2_H

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

static inline void vi_store_bytes(uint8_t *p, vi v)
{
    const __m256i low =
        _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12,
                         -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i bytes = _mm256_shuffle_epi8(v, low);
    const __m128i both =
        _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    _mm_storel_epi64((__m128i *)(void *)p, both);
}

/* NaN becomes `low`. */
static inline __m256 vf_clamp(__m256 v, __m256 low, __m256 high)
{
    return _mm256_min_ps(_mm256_max_ps(v, low), high);
}

#endif
