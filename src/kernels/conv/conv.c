/* SPDX-License-Identifier: Apache-2.0 */
/* The table of convolution kernels. */
#include "kernels/conv/conv.h"

#include <math.h>

#define ROWS(family, stem) extern const tenon__conv_row tenon__##family##_##stem;
#include "kernels_conv.inc"
#undef ROWS

const tenon__conv_row *const tenon__conv_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_conv.inc"
#undef ROWS
    NULL};

const tenon__conv_row *tenon__conv_find(tenon__cpu_bits cpu)
{
    const tenon__conv_row *const *row = tenon__conv_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}

void tenon__conv_bounds(const tenon__epilogue *e, float *low, float *high)
{
    const bool clip = e->kind == TENON__ACT_CLIP;
    *low = clip ? e->alpha : -INFINITY;
    *high = clip ? e->beta : INFINITY;
}
