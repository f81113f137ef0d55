/* SPDX-License-Identifier: Apache-2.0 */
/* Quantising with AVX2: eight numbers at a time. */
#include "kernels/vec_avx2.h"

static inline vf load_u8(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}

static inline vf load_i8(const int8_t *p)
{
    return _mm256_cvtepi32_ps(
        _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}

/* Eight words of two bytes. */
static inline __m128i words(vf v)
{
    __m256i y = _mm256_cvtps_epi32(v);
    return _mm_packs_epi32(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
}

static inline void store_u8(uint8_t *p, vf v)
{
    __m128i w = words(v);
    _mm_storel_epi64((__m128i *)(void *)p, _mm_packus_epi16(w, w));
}

static inline void store_i8(int8_t *p, vf v)
{
    __m128i w = words(v);
    _mm_storel_epi64((__m128i *)(void *)p, _mm_packs_epi16(w, w));
}

static inline vf vf_round(vf a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* The second operand wins where one is NaN. */
static inline vf vf_above(vf v, vf limit)
{
    return _mm256_max_ps(v, limit);
}

static inline vf vf_below(vf v, vf limit)
{
    return _mm256_min_ps(v, limit);
}

#define ROW_NAME  tenon__quant_avx2
#define ROW_TEXT  "avx2"
#define ROW_NEEDS TENON__CPU_AVX2
#include "kernels/quant/quant_tmpl.h"
