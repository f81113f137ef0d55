/* SPDX-License-Identifier: Apache-2.0 */
/* Winograd transforms with AVX-512. */
#include "kernels/epilogue_avx512.h"
#include "kernels/vec_avx512.h"

#define vf_clip tenon__clip_x16
#define ROW     tenon__winograd_avx512
#define NAME    "avx512"
#define NEEDS   (TENON__CPU_AVX512 | TENON__CPU_AVX2)
#include "kernels/winograd/winograd_tmpl.h"
