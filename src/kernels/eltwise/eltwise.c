/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of element-wise kernels. */
#include "kernels/eltwise/eltwise.h"

#define ROWS(family, stem) extern const tenon__eltwise_rows tenon__##family##_##stem;
#include "kernels_eltwise.inc"
#undef ROWS

const tenon__eltwise_rows *const tenon__eltwise_tables[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_eltwise.inc"
#undef ROWS
    NULL};

/* A dtype of the same size, which has the row of a formula that only moves elements. */
static tenon_dtype carrier(tenon_dtype dtype)
{
    switch (tenon_dtype_bits(dtype)) {
    case 8:
        return TENON_U8;
    case 16:
        return TENON_U16;
    case 32:
        return TENON_U32;
    case 64:
        return TENON_U64;
    case 128:
        return TENON_STRING;
    default:
        return TENON_NONE;
    }
}

const tenon__eltwise_row *tenon__eltwise_find(tenon__cpu_bits cpu, tenon__formula formula,
                                              tenon_dtype dtype, const char **table)
{
    if (formula == TENON__F_WHERE) dtype = carrier(dtype);
    for (const tenon__eltwise_rows *const *t = tenon__eltwise_tables; *t; t++) {
        if (((*t)->needs & ~cpu) != 0) continue;
        for (size_t i = 0; i < (*t)->count; i++) {
            const tenon__eltwise_row *row = &(*t)->rows[i];
            if (row->formula != formula || row->dtype != dtype) continue;
            if (table) *table = (*t)->name;
            return row;
        }
    }
    return NULL;
}

uint32_t tenon__eltwise_dtypes(tenon__formula formula)
{
    uint32_t dtypes = 0;
    for (const tenon__eltwise_rows *const *t = tenon__eltwise_tables; *t; t++)
        for (size_t i = 0; i < (*t)->count; i++)
            if ((*t)->needs == 0 && (*t)->rows[i].formula == formula)
                dtypes |= 1u << (*t)->rows[i].dtype;
    if (formula != TENON__F_WHERE) return dtypes;
    for (unsigned d = 1; d < TENON_DTYPE_COUNT; d++)
        if (carrier((tenon_dtype)d) != TENON_NONE) dtypes |= 1u << d;
    return dtypes;
}

const char *tenon__formula_text(tenon__formula formula)
{
    static const char *const names[] = {
#define TENON_X(name, operands, text) #name,
        TENON__FORMULA_MAP(TENON_X)
#undef TENON_X
    };
    return (unsigned)formula < TENON__FORMULA_COUNT ? names[formula] : "none";
}

int tenon__formula_operands(tenon__formula formula)
{
    static const uint8_t operands[] = {
#define TENON_X(name, count, text) count,
        TENON__FORMULA_MAP(TENON_X)
#undef TENON_X
    };
    return (unsigned)formula < TENON__FORMULA_COUNT ? operands[formula] : 0;
}

bool tenon__formula_tests(tenon__formula formula)
{
    return formula == TENON__F_EQUAL || formula == TENON__F_LESS ||
           formula == TENON__F_LESS_EQUAL || formula == TENON__F_IS_NAN ||
           formula == TENON__F_IS_INF;
}
