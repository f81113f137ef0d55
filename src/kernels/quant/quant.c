/* SPDX-License-Identifier: Apache-2.0 */
/* The table of quantising kernels. */
#include "kernels/quant/quant.h"

#define ROWS(family, stem) extern const tenon__quant_row tenon__##family##_##stem;
#include "kernels_quant.inc"
#undef ROWS

const tenon__quant_row *const tenon__quant_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_quant.inc"
#undef ROWS
    NULL};

#define TAKE(function)                                                                             \
    if (!out->function) out->function = row->function

void tenon__quant_find(tenon__cpu_bits cpu, tenon__quant_row *out)
{
    *out = (tenon__quant_row){0};
    for (const tenon__quant_row *const *at = tenon__quant_rows; *at; at++) {
        const tenon__quant_row *row = *at;
        if ((row->needs & ~cpu) != 0) continue;
        if (row->quantize[TENON__QUANT_U8]) TAKE(name);
        TAKE(range);
        TAKE(look_up);
        TAKE(max_taps);
        TAKE(sum_taps);
        for (int i = 0; i < TENON__QUANT_TYPES; i++) {
            TAKE(quantize[i]);
            TAKE(dequantize[i]);
        }
        for (int i = 0; i < 2; i++) {
            TAKE(add[i]);
            TAKE(mul[i]);
        }
    }
}
