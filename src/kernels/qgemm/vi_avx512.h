/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of 32-bit sums by the names that qgemm_tmpl.h uses: sixteen lanes. */
#ifndef TENON_KERNELS_QGEMM_VI_AVX512_H
#define TENON_KERNELS_QGEMM_VI_AVX512_H

#include <stdbool.h>
#include <string.h>

#include "kernels/epilogue_avx512.h"
#include "kernels/vec_avx512.h"

#define vf_activate tenon__activate_x16

typedef __m512i vi;

static inline vi vi_zero(void)
{
    return _mm512_setzero_si512();
}

static inline vi vi_load(const int32_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline vi vi_load_groups(const uint8_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline void vi_store(int32_t *p, vi v)
{
    _mm512_storeu_si512(p, v);
}

static inline vi vi_set1(int32_t x)
{
    return _mm512_set1_epi32(x);
}

static inline vi vi_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}

static inline vi vi_sub(vi a, vi b)
{
    return _mm512_sub_epi32(a, b);
}

static inline vi vi_mul(vi a, vi b)
{
    return _mm512_mullo_epi32(a, b);
}

static inline vi vi_group(const uint8_t *p)
{
    int32_t group;
    memcpy(&group, p, sizeof group);
    return _mm512_set1_epi32(group);
}

static inline __m512 vi_to_vf(vi v)
{
    return _mm512_cvtepi32_ps(v);
}

static inline vi vf_to_vi(__m512 v)
{
    return _mm512_cvtps_epi32(v);
}

/* Rounded; what is above `most` becomes that, what is far below and NaN the least integer. */
static inline vi vf_to_vi_below(__m512 v, __m512 most)
{
    return _mm512_cvtps_epi32(_mm512_min_ps(most, v));
}

/* Two vectors of each of two rows as bytes, `zero` added, saturated. */
static inline void vi_store_rows(uint8_t *a, uint8_t *b, vi a0, vi a1, vi b0, vi b1, int32_t zero,
                                 bool is_signed)
{
    const __m512i z = _mm512_set1_epi16((short)zero);
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i x = _mm512_adds_epi16(_mm512_packs_epi32(a0, a1), z),
                  y = _mm512_adds_epi16(_mm512_packs_epi32(b0, b1), z);
    const __m512i bytes = _mm512_permutexvar_epi32(order, is_signed ? _mm512_packs_epi16(x, y)
                                                                    : _mm512_packus_epi16(x, y));
    _mm256_storeu_si256((__m256i *)(void *)a, _mm512_castsi512_si256(bytes));
    _mm256_storeu_si256((__m256i *)(void *)b, _mm512_extracti64x4_epi64(bytes, 1));
}

#endif
