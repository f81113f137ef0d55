/* SPDX-License-Identifier: Apache-2.0 */
/* The table of normalizing kernels. */
#include "kernels/norm/norm.h"

#define ROWS(family, stem) extern const tenon__norm_row tenon__##family##_##stem;
#include "kernels_norm.inc"
#undef ROWS

const tenon__norm_row *const tenon__norm_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_norm.inc"
#undef ROWS
    NULL};

const tenon__norm_row *tenon__norm_find(tenon__cpu_bits cpu)
{
    const tenon__norm_row *const *row = tenon__norm_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}
