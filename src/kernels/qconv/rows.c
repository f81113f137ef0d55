/* SPDX-License-Identifier: Apache-2.0 */
/* The table of convolutions of bytes. */
#include "kernels/qconv/qconv.h"

#define ROWS(family, stem) extern const tenon__qconv_row tenon__##family##_##stem;
#include "kernels_qconv.inc"
#undef ROWS

const tenon__qconv_row *const tenon__qconv_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_qconv.inc"
#undef ROWS
    NULL};

const tenon__qconv_row *tenon__qconv_find(tenon__cpu_bits cpu)
{
    const tenon__qconv_row *const *row = tenon__qconv_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}
