/* SPDX-License-Identifier: Apache-2.0 */
/* Blocked convolution with AVX-512: 14 positions by two blocks. */
#include "kernels/epilogue_avx512.h"
#include "kernels/vec_avx512.h"

#define vf_activate tenon__activate_x16
#define ROW         tenon__blocked_avx512
#define NAME        "blocked_avx512_14x32"
#define NEEDS       (TENON__CPU_AVX512 | TENON__CPU_AVX2)
#define PIXELS      14
#define BLOCKS      2
#include "kernels/blocked/blocked_tmpl.h"
