/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution with AVX-512: 12 x 32 panels. */
#include "kernels/epilogue_avx512.h"
#include "kernels/vec_avx512.h"

#define vf_activate  tenon__activate_x16
#define PLAIN_ROWS   12
#define vf_clip      tenon__clip_x16
#define FEW_SUMS     16
#define BLOCKED_ROWS 14
#include "kernels/conv/blocked_tmpl.h"
#include "kernels/conv/plain_tmpl.h"

#include "kernels/conv/few_tmpl.h"
#include "kernels/conv/lines_tmpl.h"

const tenon__conv_row tenon__conv_avx512 = {
    .name = "avx512",
    .needs = TENON__CPU_AVX512 | TENON__CPU_AVX2,
    .rows = PLAIN_ROWS,
    .cols = 2 * VF,
    .panel = panels,
    .few = fews,
    .lines = line_fns,
    BLOCKED,
    .activate = activate,
};
