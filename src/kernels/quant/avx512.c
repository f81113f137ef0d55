/* SPDX-License-Identifier: Apache-2.0 */
/* Quantising with AVX-512: sixteen numbers at a time. */
#include "kernels/vec_avx512.h"

static inline vf load_u8(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(
        _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
}

static inline vf load_i8(const int8_t *p)
{
    return _mm512_cvtepi32_ps(
        _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
}

static inline void store_u8(uint8_t *p, vf v)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
}

static inline void store_i8(int8_t *p, vf v)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
}

static inline vf vf_round(vf a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* The second operand wins where one is NaN. */
static inline vf vf_above(vf v, vf limit)
{
    return _mm512_max_ps(v, limit);
}

static inline vf vf_below(vf v, vf limit)
{
    return _mm512_min_ps(v, limit);
}

#define ROW_NAME  tenon__quant_avx512
#define ROW_TEXT  "avx512"
#define ROW_NEEDS TENON__CPU_AVX512
#include "kernels/quant/quant_tmpl.h"
