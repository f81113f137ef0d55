/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling with AVX2. */
#include "kernels/vec_avx2.h"

static inline vf vf_even(const float *p)
{
    const __m256 v = _mm256_shuffle_ps(_mm256_loadu_ps(p), _mm256_loadu_ps(p + VF), 0x88);
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(v), 0xD8));
}

#define ROW   tenon__pool_avx2
#define NAME  "avx2"
#define NEEDS TENON__CPU_AVX2
#include "kernels/pool/pool_tmpl.h"
