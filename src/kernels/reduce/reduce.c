/* SPDX-License-Identifier: Apache-2.0 */
/* The table of reducing kernels. */
#include "kernels/reduce/reduce.h"

#define ROWS(family, stem) extern const tenon__reduce_row tenon__##family##_##stem;
#include "kernels_reduce.inc"
#undef ROWS

const tenon__reduce_row *const tenon__reduce_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_reduce.inc"
#undef ROWS
    NULL};

const tenon__reduce_row *tenon__reduce_find(tenon__cpu_bits cpu)
{
    const tenon__reduce_row *const *row = tenon__reduce_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}
