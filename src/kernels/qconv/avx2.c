/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes with AVX2: two taps a lane, widened to 16 bits, whose products no
 * sum saturates. */
#include <immintrin.h>
#include <stdint.h>

#include "kernels/unroll.h"

#define ROW     tenon__qconv_avx2
#define NAME    "qconv_avx2"
#define NEEDS   TENON__CPU_AVX2
#define TAPS    2
#define ELEMENT int16_t

TENON__INLINE __m256i plus(__m256i sum, __m256i x, const __m256i *w)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(x, _mm256_loadu_si256(w)));
}

TENON__INLINE void add_taps(__m256i *acc, const __m256i *x, const int16_t *w)
{
    const __m256i *at = (const __m256i *)(const void *)w, none = _mm256_setzero_si256();
    const __m256i a = _mm256_unpacklo_epi8(x[0], none), b = _mm256_unpackhi_epi8(x[0], none),
                  c = _mm256_unpacklo_epi8(x[1], none), e = _mm256_unpackhi_epi8(x[1], none);
    acc[0] = plus(acc[0], _mm256_unpacklo_epi16(a, c), at);
    acc[1] = plus(acc[1], _mm256_unpackhi_epi16(a, c), at + 1);
    acc[2] = plus(acc[2], _mm256_unpacklo_epi16(b, e), at + 2);
    acc[3] = plus(acc[3], _mm256_unpackhi_epi16(b, e), at + 3);
}

#include "kernels/qconv/depthwise_x86.h"
