/* SPDX-License-Identifier: Apache-2.0 */
/* The table of resampling kernels. */
#include "kernels/resize/resize.h"

#include <stddef.h>

#define ROWS(family, stem) extern const tenon__resize_row tenon__##family##_##stem;
#include "kernels_resize.inc"
#undef ROWS

const tenon__resize_row *const tenon__resize_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_resize.inc"
#undef ROWS
    NULL};

const tenon__resize_row *tenon__resize_find(tenon__cpu_bits cpu)
{
    const tenon__resize_row *const *row = tenon__resize_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}
