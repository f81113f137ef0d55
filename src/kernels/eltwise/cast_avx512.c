/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions with AVX-512. */
#include "kernels/vec_avx512.h"

static inline __m128i load16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

static inline __m256i load32(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

static inline vf half_load(const uint16_t *p)
{
    return _mm512_cvtph_ps(load32(p));
}

static inline void half_store(uint16_t *p, vf v)
{
    _mm256_storeu_si256((__m256i *)(void *)p,
                        _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

static inline vf brain_load(const uint16_t *p)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load32(p)), 16));
}

static inline void brain_store(uint16_t *p, vf v)
{
    __m512i u = _mm512_castps_si512(v),
            odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    __m512i near = _mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    near = _mm512_mask_or_epi32(near, nan, u, _mm512_set1_epi32(0x400000));
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(near, 16)));
}

static inline vf byte_load(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(load16(p)));
}

static inline vf signed_load(const int8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(load16(p)));
}

static inline vf whole_load(const int32_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_loadu_si512(p));
}

static inline int whole_store(int32_t *p, vf v)
{
    __m512i y = _mm512_cvttps_epi32(v);
    if (_mm512_cmpeq_epi32_mask(y, _mm512_set1_epi32(INT32_MIN))) return 0;
    _mm512_storeu_si512(p, y);
    return 1;
}

#define ROWS_NAME  tenon__eltwise_cast_avx512
#define ROWS_TEXT  "avx512"
#define ROWS_NEEDS TENON__CPU_AVX512
#include "kernels/eltwise/cast_tmpl.h"
