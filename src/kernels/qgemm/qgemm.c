/* SPDX-License-Identifier: Apache-2.0 */
/* The table of byte matrix products, and the sizes of their operands. */
#include "kernels/qgemm/qgemm.h"

#define ROWS(family, stem) extern const tenon__qgemm_row tenon__##family##_##stem;
#include "kernels_qgemm.inc"
#undef ROWS

static const tenon__qgemm_row *const rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_qgemm.inc"
#undef ROWS
    NULL};

const tenon__qgemm_row *tenon__qgemm_row_at(size_t index)
{
    return index < sizeof rows / sizeof *rows ? rows[index] : NULL;
}

const tenon__qgemm_row *tenon__qgemm_choose(tenon__cpu_bits cpu)
{
    const tenon__qgemm_row *const *r = rows;
    while (((*r)->needs & cpu) != (*r)->needs)
        r++; /* the plain row needs nothing */
    return *r;
}

/* k in whole units, in bytes. */
static bool row_bytes(const tenon__qgemm_row *row, int64_t k, size_t *out)
{
    size_t bytes;
    if (k < 0 || k > INT64_MAX - row->k_unit) return false;
    const int64_t units = k / row->k_unit + (k % row->k_unit != 0);
    if (!tenon__mul((size_t)units, (size_t)(row->k_unit * row->element_bytes), &bytes))
        return false;
    *out = bytes;
    return true;
}

bool tenon__qgemm_panel_bytes(const tenon__qgemm_row *row, int64_t k, size_t *out)
{
    size_t bytes;
    if (!row_bytes(row, k, &bytes) || !tenon__add(bytes, sizeof(int32_t), &bytes)) return false;
    return tenon__mul(bytes, (size_t)row->nr, out);
}

bool tenon__qgemm_scratch_bytes(const tenon__qgemm_row *row, int64_t k, size_t *out)
{
    size_t bytes;
    /* Rows of A begin on lines of the cache, an odd number of lines apart; behind them their sums.
     */
    if (!row_bytes(row, k, &bytes) || !tenon__add(bytes, 128 + sizeof(int32_t), &bytes))
        return false;
    return tenon__mul(bytes, TENON__QGEMM_BLOCK, out);
}
