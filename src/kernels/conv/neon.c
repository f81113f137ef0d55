/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution on aarch64: 12 x 8 panels. */
#include "kernels/epilogue_neon.h"
#include "kernels/vec_neon.h"

#define vf_activate  tenon__activate_x4
#define PLAIN_ROWS   12
#define vf_clip      tenon__clip_x4
#define FEW_SUMS     24
#define BLOCKED_ROWS 6
#include "kernels/conv/blocked_tmpl.h"
#include "kernels/conv/plain_tmpl.h"

#include "kernels/conv/few_tmpl.h"
#include "kernels/conv/lines_tmpl.h"

const tenon__conv_row tenon__conv_neon = {
    .name = "neon",
    .needs = TENON__CPU_NEON,
    .rows = PLAIN_ROWS,
    .cols = 2 * VF,
    .panel = panels,
    .few = fews,
    .lines = line_fns,
    BLOCKED,
    .activate = activate,
};
