/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix product in AVX2 with fused multiply-adds: tiles of 6 x 16. */
#include "kernels/epilogue_avx2.h"
#include "kernels/vec_avx2.h"

#define MR           6
#define TILE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define WIDE         4
#define WIDE_PACKED  1
#define ROW          tenon__gemm_avx2
#define NAME         "gemm_avx2_6x16"
#define NEEDS        TENON__CPU_AVX2
#define vf_clip      tenon__clip_x8
#define vf_activate  tenon__activate_x8

static inline __m256 vf_widen(const uint16_t *half)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)half));
}

/* 8 rows of 8 floats, `step` apart, become columns. */
static inline void vf_transpose(const float *in, int64_t step, float *out, int64_t out_step)
{
    __m256 a[8], b[8];
    for (int i = 0; i < 8; i++)
        a[i] = _mm256_loadu_ps(in + i * step);
    for (int i = 0; i < 8; i += 2) {
        b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
        a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xee);
        a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps(out + i * out_step, _mm256_permute2f128_ps(a[i], a[4 + i], 0x20));
        _mm256_storeu_ps(out + (4 + i) * out_step, _mm256_permute2f128_ps(a[i], a[4 + i], 0x31));
    }
}

#include "kernels/gemm/gemm_tmpl.h"
