/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of 32-bit sums by the names that qgemm_tmpl.h uses: sixteen lanes. */
#ifndef TENON_KERNELS_QGEMM_VI_AVX512_H
#define TENON_KERNELS_QGEMM_VI_AVX512_H

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

static inline void vi_store_bytes(uint8_t *p, vi v)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(v));
}

/* NaN becomes `low`. */
static inline __m512 vf_clamp(__m512 v, __m512 low, __m512 high)
{
    return _mm512_min_ps(_mm512_max_ps(v, low), high);
}

#endif
