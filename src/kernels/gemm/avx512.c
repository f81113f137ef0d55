/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix product in AVX-512: tiles of 12 x 32. */
#include "kernels/epilogue_avx512.h"
#include "kernels/vec_avx512.h"

#define MR           12
#define TILE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#define WIDE         4
#define WIDE_PACKED  0
#define ROW          tenon__gemm_avx512
#define NAME         "gemm_avx512_12x32"
#define NEEDS        (TENON__CPU_AVX2 | TENON__CPU_AVX512)
#define vf_clip      tenon__clip_x16
#define vf_activate  tenon__activate_x16

static inline __m512 vf_widen(const uint16_t *half)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)half));
}

/* 16 rows of 16 floats, `step` apart, become columns. */
static inline void vf_transpose(const float *in, int64_t step, float *out, int64_t out_step)
{
    __m512 a[16], b[16];
    for (int i = 0; i < 16; i++)
        a[i] = _mm512_loadu_ps(in + i * step);
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        a[i] = _mm512_shuffle_ps(b[i], b[i + 2], 0x44);
        a[i + 1] = _mm512_shuffle_ps(b[i], b[i + 2], 0xee);
        a[i + 2] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        a[i + 3] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0xee);
    }
    /* a[4 g + c]: in each quarter q, column 4 q + c of rows 4 g to 4 g + 3. */
    for (int i = 0; i < 4; i++) {
        b[i] = _mm512_shuffle_f32x4(a[i], a[4 + i], 0x88);
        b[4 + i] = _mm512_shuffle_f32x4(a[i], a[4 + i], 0xdd);
        b[8 + i] = _mm512_shuffle_f32x4(a[8 + i], a[12 + i], 0x88);
        b[12 + i] = _mm512_shuffle_f32x4(a[8 + i], a[12 + i], 0xdd);
    }
    for (int i = 0; i < 4; i++) {
        _mm512_storeu_ps(out + i * out_step, _mm512_shuffle_f32x4(b[i], b[8 + i], 0x88));
        _mm512_storeu_ps(out + (8 + i) * out_step, _mm512_shuffle_f32x4(b[i], b[8 + i], 0xdd));
        _mm512_storeu_ps(out + (4 + i) * out_step, _mm512_shuffle_f32x4(b[4 + i], b[12 + i], 0x88));
        _mm512_storeu_ps(out + (12 + i) * out_step,
                         _mm512_shuffle_f32x4(b[4 + i], b[12 + i], 0xdd));
    }
}

#include "kernels/gemm/gemm_tmpl.h"
