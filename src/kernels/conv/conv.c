/* SPDX-License-Identifier: Apache-2.0 */
/* The table of convolution kernels. */
#include "kernels/conv/conv.h"

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
