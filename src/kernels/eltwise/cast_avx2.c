/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions with AVX2 and F16C. */
#include "kernels/vec_avx2.h"

static inline __m128i load8(const void *p)
{
    return _mm_loadl_epi64((const __m128i *)p);
}

static inline __m128i load16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

static inline vf half_load(const uint16_t *p)
{
    return _mm256_cvtph_ps(load16(p));
}

static inline void half_store(uint16_t *p, vf v)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

static inline vf brain_load(const uint16_t *p)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load16(p)), 16));
}

static inline void brain_store(uint16_t *p, vf v)
{
    __m256i u = _mm256_castps_si256(v),
            odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
    __m256i near = _mm256_add_epi32(u, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    near = _mm256_blendv_epi8(near, _mm256_or_si256(u, _mm256_set1_epi32(0x400000)), nan);
    near = _mm256_srli_epi32(near, 16);
    /* The two halves' words, side by side. */
    near = _mm256_permute4x64_epi64(_mm256_packus_epi32(near, near), 0x08);
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_castsi256_si128(near));
}

static inline vf byte_load(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load8(p)));
}

static inline vf signed_load(const int8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(load8(p)));
}

static inline vf whole_load(const int32_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

static inline int whole_store(int32_t *p, vf v)
{
    __m256i y = _mm256_cvttps_epi32(v);
    if (_mm256_movemask_epi8(_mm256_cmpeq_epi32(y, _mm256_set1_epi32(INT32_MIN)))) return 0;
    _mm256_storeu_si256((__m256i *)(void *)p, y);
    return 1;
}

#define ROWS_NAME  tenon__eltwise_cast_avx2
#define ROWS_TEXT  "avx2"
#define ROWS_NEEDS TENON__CPU_AVX2
#include "kernels/eltwise/cast_tmpl.h"
