/* SPDX-License-Identifier: Apache-2.0 */
/* The table of Winograd transforms. */
#include "kernels/winograd/winograd.h"

#define ROWS(family, stem) extern const tenon__winograd_row tenon__##family##_##stem;
#include "kernels_winograd.inc"
#undef ROWS

const tenon__winograd_row *const tenon__winograd_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_winograd.inc"
#undef ROWS
    NULL};

const tenon__winograd_row *tenon__winograd_find(tenon__cpu_bits cpu)
{
    const tenon__winograd_row *const *row = tenon__winograd_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}
