/* SPDX-License-Identifier: Apache-2.0 */
/* The byte matrix product in AVX-512 with VNNI: tiles of 12 x 32, four products a lane. */
#include "kernels/qgemm/vi_avx512.h"

#define MR           12
#define TILE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#define WIDE         1
#define ROW          tenon__qgemm_avx512_vnni
#define NAME         "qgemm_avx512_vnni_12x32"
#define NEEDS        (TENON__CPU_AVX2 | TENON__CPU_AVX512 | TENON__CPU_AVX512_VNNI)
#define MAC_NS       0.0045
/* vpdpbusd takes unsigned bytes of A and signed ones of B. */
#define ELEMENT    int8_t
#define K_UNIT     4
#define A_SHIFT_U8 0
#define A_SHIFT_I8 128
#define B_SHIFT_U8 (-128)

static inline vi vi_dot(vi sum, vi a, vi b)
{
    return _mm512_dpbusd_epi32(sum, a, b);
}

#include "kernels/qgemm/qgemm_tmpl.h"
