/* SPDX-License-Identifier: Apache-2.0 */
/* The table of recurrent cells. */
#include "kernels/rnn/rnn.h"

#define ROWS(family, stem) extern const tenon__rnn_row tenon__##family##_##stem;
#include "kernels_rnn.inc"
#undef ROWS

const tenon__rnn_row *const tenon__rnn_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_rnn.inc"
#undef ROWS
    NULL};

const tenon__rnn_row *tenon__rnn_find(tenon__cpu_bits cpu)
{
    const tenon__rnn_row *const *row = tenon__rnn_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}
