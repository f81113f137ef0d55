/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of bytes with AVX-512 VBMI: the 256 entries lie in four registers. */
#include <immintrin.h>

#include "kernels/quant/quant.h"

static void look_up(const uint8_t *x, uint8_t *y, int64_t n, const uint8_t *table)
{
    const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64);
    const __m512i t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
    for (int64_t i = 0; i < n; i += 64) {
        __mmask64 here = n - i < 64 ? (UINT64_C(1) << (n - i)) - 1 : UINT64_MAX;
        __m512i v = _mm512_maskz_loadu_epi8(here, x + i);
        __m512i low = _mm512_permutex2var_epi8(t0, v, t1),
                high = _mm512_permutex2var_epi8(t2, v, t3);
        const __m512i found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(v), low, high);
        if (n - i >= 64) /* stores under a mask are slow on some */
            _mm512_storeu_si512(y + i, found);
        else
            _mm512_mask_storeu_epi8(y + i, here, found);
    }
}

const tenon__quant_row tenon__quant_avx512_vbmi = {
    .name = "avx512 vbmi",
    .needs = TENON__CPU_AVX512 | TENON__CPU_AVX512_VBMI,
    .look_up = look_up,
};
