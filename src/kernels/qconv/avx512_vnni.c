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

TENON__INLINE void add_taps(__m256i *acc, const __m256i *x, const int8_t *w)
{
    const __m256i *at = (const __m256i *)(const void *)w;
    const __m256i a = _mm256_unpacklo_epi8(x[0], x[1]), b = _mm256_unpackhi_epi8(x[0], x[1]),
                  c = _mm256_unpacklo_epi8(x[2], x[3]), e = _mm256_unpackhi_epi8(x[2], x[3]);
    acc[0] = _mm256_dpbusd_epi32(acc[0], _mm256_unpacklo_epi16(a, c), _mm256_loadu_si256(at));
    acc[1] = _mm256_dpbusd_epi32(acc[1], _mm256_unpackhi_epi16(a, c), _mm256_loadu_si256(at + 1));
    acc[2] = _mm256_dpbusd_epi32(acc[2], _mm256_unpacklo_epi16(b, e), _mm256_loadu_si256(at + 2));
    acc[3] = _mm256_dpbusd_epi32(acc[3], _mm256_unpackhi_epi16(b, e), _mm256_loadu_si256(at + 3));
}

#include "kernels/qconv/depthwise_x86.h"
