/* SPDX-License-Identifier: Apache-2.0 */
/* Blocked convolution with AVX2: 6 positions by one block. */
#include "kernels/epilogue_avx2.h"
#include "kernels/vec_avx2.h"

#define vf_activate tenon__activate_x8
#define ROW         tenon__blocked_avx2
#define NAME        "blocked_avx2_6x16"
#define NEEDS       TENON__CPU_AVX2
#define PIXELS      6
#define BLOCKS      1
#include "kernels/blocked/blocked_tmpl.h"
