/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling with AVX-512. */
#include "kernels/vec_avx512.h"

static inline vf vf_even(const float *p)
{
    const __m512i at = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_permutex2var_ps(_mm512_loadu_ps(p), at, _mm512_loadu_ps(p + VF));
}

#define ROW   tenon__pool_avx512
#define NAME  "avx512"
#define NEEDS (TENON__CPU_AVX512 | TENON__CPU_AVX2)
#include "kernels/pool/pool_tmpl.h"
