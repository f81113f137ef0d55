/* SPDX-License-Identifier: Apache-2.0 */
/* The table of softmax kernels. */
#include "kernels/softmax/softmax.h"

#define ROWS(family, stem) extern const tenon__softmax_row tenon__##family##_##stem;
#include "kernels_softmax.inc"
#undef ROWS

const tenon__softmax_row *const tenon__softmax_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_softmax.inc"
#undef ROWS
    NULL};

const tenon__softmax_row *tenon__softmax_find(tenon__cpu_bits cpu)
{
    const tenon__softmax_row *const *row = tenon__softmax_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}
