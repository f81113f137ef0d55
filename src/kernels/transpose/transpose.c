/* SPDX-License-Identifier: Apache-2.0 */
/* The table of transposing kernels. */
#include "kernels/transpose/transpose.h"

#include <stddef.h>

#define ROWS(family, stem) extern const tenon__transpose_row tenon__##family##_##stem;
#include "kernels_transpose.inc"
#undef ROWS

const tenon__transpose_row *const tenon__transpose_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_transpose.inc"
#undef ROWS
    NULL};

const tenon__transpose_row *tenon__transpose_find(tenon__cpu_bits cpu)
{
    const tenon__transpose_row *const *row = tenon__transpose_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}
