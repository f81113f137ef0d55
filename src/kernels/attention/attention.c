/* SPDX-License-Identifier: Apache-2.0 */
/* The table of kernels for attention scores. */
#include "kernels/attention/attention.h"

#define ROWS(family, stem) extern const tenon__attention_row tenon__##family##_##stem;
#include "kernels_attention.inc"
#undef ROWS

const tenon__attention_row *const tenon__attention_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_attention.inc"
#undef ROWS
    NULL};

const tenon__attention_row *tenon__attention_find(tenon__cpu_bits cpu)
{
    const tenon__attention_row *const *row = tenon__attention_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}
