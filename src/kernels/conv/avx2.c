/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution with AVX2 and FMA: 6 x 16 panels. */
#include "kernels/epilogue_avx2.h"
#include "kernels/vec_avx2.h"

#define vf_activate  tenon__activate_x8
#define PLAIN_ROWS   6
#define vf_clip      tenon__clip_x8
#define FEW_SUMS     12
#define BLOCKED_ROWS 6
#include "kernels/conv/blocked_tmpl.h"
#include "kernels/conv/plain_tmpl.h"

#include "kernels/conv/few_tmpl.h"
#include "kernels/conv/lines_tmpl.h"

const tenon__conv_row tenon__conv_avx2 = {
    .name = "avx2",
    .needs = TENON__CPU_AVX2,
    .rows = PLAIN_ROWS,
    .cols = 2 * VF,
    .panel = panels,
    .few = fews,
    .lines = line_fns,
    BLOCKED,
    .activate = activate,
};
