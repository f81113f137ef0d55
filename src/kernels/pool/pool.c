/* SPDX-License-Identifier: Apache-2.0 */
/* The table of pooling kernels. */
#include "kernels/pool/pool.h"

#include <stddef.h>

#define ROWS(family, stem) extern const tenon__pool_row tenon__##family##_##stem;
#include "kernels_pool.inc"
#undef ROWS

const tenon__pool_row *const tenon__pool_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_pool.inc"
#undef ROWS
    NULL};

const tenon__pool_row *tenon__pool_find(tenon__cpu_bits cpu)
{
    const tenon__pool_row *const *row = tenon__pool_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}
