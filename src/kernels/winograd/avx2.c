/* SPDX-License-Identifier: Apache-2.0 */
/* Winograd transforms with AVX2 and FMA. */
#include "kernels/epilogue_avx2.h"
#include "kernels/vec_avx2.h"

#define vf_clip tenon__clip_x8
#define ROW     tenon__winograd_avx2
#define NAME    "avx2"
#define NEEDS   TENON__CPU_AVX2
#include "kernels/winograd/winograd_tmpl.h"
