/* SPDX-License-Identifier: Apache-2.0 */
/* The table of blocked convolution kernels. */
#include "kernels/blocked/blocked.h"

#define ROWS(family, stem) extern const tenon__blocked_row tenon__##family##_##stem;
#include "kernels_blocked.inc"
#undef ROWS

const tenon__blocked_row *const tenon__blocked_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_blocked.inc"
#undef ROWS
    NULL};

const tenon__blocked_row *tenon__blocked_find(tenon__cpu_bits cpu)
{
    const tenon__blocked_row *const *row = tenon__blocked_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}
