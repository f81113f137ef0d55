/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes with AVX-512 VNNI: four taps a lane, in vectors of 32 bytes, of
 * which few are left over. */
#include <immintrin.h>
#include <stdint.h>

#include "kernels/unroll.h"

#define ROW     tenon__qconv_avx512_vnni
#define NAME    "qconv_avx512_vnni"
#define NEEDS   (TENON__CPU_AVX2 | TENON__CPU_AVX512 | TENON__CPU_AVX512_VNNI)
#define TAPS    4
#define ELEMENT int8_t
#define COLUMNS

TENON__INLINE void unpack_four(__m256i *out, const __m256i *x, __m256i last)
{
    const __m256i a = _mm256_unpacklo_epi8(x[0], x[1]), b = _mm256_unpackhi_epi8(x[0], x[1]),
                  c = _mm256_unpacklo_epi8(x[2], last), e = _mm256_unpackhi_epi8(x[2], last);
    out[0] = _mm256_unpacklo_epi16(a, c);
    out[1] = _mm256_unpackhi_epi16(a, c);
    out[2] = _mm256_unpacklo_epi16(b, e);
    out[3] = _mm256_unpackhi_epi16(b, e);
}

TENON__INLINE void unpack_column(__m256i *out, const __m256i *x)
{
    unpack_four(out, x, _mm256_setzero_si256());
}

TENON__INLINE void add_column(__m256i *acc, const __m256i *x, const int8_t *w)
{
    const __m256i *at = (const __m256i *)(const void *)w;
    TENON__UNROLL
    for (int v = 0; v < 4; v++)
        acc[v] = _mm256_dpbusd_epi32(acc[v], x[v], _mm256_loadu_si256(at + v));
}

TENON__INLINE void add_taps(__m256i *acc, const __m256i *x, const int8_t *w)
{
    __m256i four[4];
    unpack_four(four, x, x[3]);
    add_column(acc, four, w);
}

#include "kernels/qconv/depthwise_x86.h"
