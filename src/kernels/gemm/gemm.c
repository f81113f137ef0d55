/* SPDX-License-Identifier: Apache-2.0 */
/* The table of f32 matrix products. */
#include "kernels/gemm/gemm.h"

#define ROWS(family, stem) extern const tenon__gemm_row tenon__##family##_##stem;
#include "kernels_gemm.inc"
#undef ROWS

static const tenon__gemm_row *const rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_gemm.inc"
#undef ROWS
    NULL};

const tenon__gemm_row *tenon__gemm_row_at(size_t index)
{
    return index < sizeof rows / sizeof *rows ? rows[index] : NULL;
}

const tenon__gemm_row *tenon__gemm_choose(tenon__cpu_bits cpu)
{
    const tenon__gemm_row *const *r = rows;
    while (((*r)->needs & cpu) != (*r)->needs)
        r++; /* the plain row needs nothing */
    return *r;
}

bool tenon__gemm_copies(const tenon__gemm_row *row, const tenon__gemm *g)
{
    enum { SETS = 64, LINE = 16 /* floats */, WAYS = 4 /* of 8: B and C want some */ };
    uint8_t used[SETS] = {0};
    if (!g->scratch || !row->scratch_bytes) return false;
    if (g->a_col != 1) return g->m > row->mr;
    for (int64_t i = 0; i < row->mr && i < g->m; i++) {
        const int64_t set = i * g->a_row / LINE % SETS;
        used[set] = (uint8_t)(used[set] + 1);
        if (used[set] > WAYS) return true;
    }
    return false;
}

bool tenon__gemm_packed_bytes(const tenon__gemm_row *row, int64_t k, int64_t n, size_t *out)
{
    int64_t floats;
    size_t bytes;
    if (k < 0 || n < 0) return false;
    if (!tenon__mul_i64(tenon__gemm_panels(row, n), row->nr, &floats)) return false;
    if (!tenon__mul_i64(floats, k, &floats)) return false;
    if (!tenon__mul((size_t)floats, sizeof(float), &bytes)) return false;
    *out = bytes;
    return true;
}
