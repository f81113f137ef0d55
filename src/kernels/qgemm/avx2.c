/* SPDX-License-Identifier: Apache-2.0 */
/* The byte matrix product in AVX2: tiles of 6 x 16, two products a lane. */
#include "kernels/qgemm/vi_avx2.h"

#define MR           6
#define TILE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define WIDE         2
#define ROW          tenon__qgemm_avx2
#define NAME         "qgemm_avx2_6x16"
#define NEEDS        TENON__CPU_AVX2
#define MAC_NS       0.02
/* Pairs of 16 bits: a sum of two products fits 32 bits. */
#define ELEMENT    int16_t
#define K_UNIT     2
#define A_SHIFT_U8 0
#define A_SHIFT_I8 0
#define B_SHIFT_U8 0

static inline vi vi_dot(vi sum, vi a, vi b)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

#include "kernels/qgemm/qgemm_tmpl.h"
