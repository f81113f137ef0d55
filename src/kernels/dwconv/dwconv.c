/* SPDX-License-Identifier: Apache-2.0 */
/* The table of depthwise convolutions; packing. */
#include "kernels/dwconv/dwconv.h"

#include <string.h>

#define ROWS(family, stem) extern const tenon__dwconv_row tenon__##family##_##stem;
#include "kernels_dwconv.inc"
#undef ROWS

const tenon__dwconv_row *const tenon__dwconv_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_dwconv.inc"
#undef ROWS
    NULL};

const tenon__dwconv_row *tenon__dwconv_find(tenon__cpu_bits cpu)
{
    const tenon__dwconv_row *const *row = tenon__dwconv_rows;
    while ((row[0]->needs & ~cpu) != 0 && row[1])
        row++;
    return row[0];
}

void tenon__dwconv_pack_block(const void *w, const void *factor, int64_t outputs, int64_t taps,
                              int64_t block, float *dst)
{
    float *to = dst + block * taps * TENON__BLOCK;
    for (int64_t lane = 0; lane < TENON__BLOCK; lane++) {
        const int64_t m = block * TENON__BLOCK + lane;
        float f = 1, x = 0;
        if (m < outputs && factor)
            memcpy(&f, (const uint8_t *)factor + m * (int64_t)sizeof f, sizeof f);
        for (int64_t t = 0; t < taps; t++) {
            if (m < outputs)
                memcpy(&x, (const uint8_t *)w + (m * taps + t) * (int64_t)sizeof x, sizeof x);
            to[t * TENON__BLOCK + lane] = x * f;
        }
    }
}
