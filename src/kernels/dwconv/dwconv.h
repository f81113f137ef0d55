/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution over channels in blocks of 16 (TENON__C16). Taps in the padding are
 * skipped. Each output has one accumulator, which starts from the bias and adds over the taps in
 * ascending order. */
#ifndef TENON_KERNELS_DWCONV_DWCONV_H
#define TENON_KERNELS_DWCONV_DWCONV_H

#include "kernels/conv/conv.h"

/* One output line of one block of channels. */
typedef struct tenon__dwconv_line {
    const float *x;           /* the block's plane */
    int64_t pitch;            /* floats from one input line to the next */
    int64_t tap_from, tap_to; /* rows of taps that lie inside */
    int64_t at,
        tap_delta; /* input line under tap row 0 (may lie outside), lines between tap rows */
    tenon__conv_axis axis; /* along the line */
    const float *w;        /* [tap][16] */
    const float *bias;     /* 16 */
    float *y;              /* axis.count positions of 16 */
    const float *residual; /* addressed like y, or NULL */
    const tenon__epilogue *epilogue;
} tenon__dwconv_line;

typedef struct tenon__dwconv_row {
    const char *name;
    tenon__cpu_bits needs;
    void (*line)(const tenon__dwconv_line *l);
} tenon__dwconv_row;

/* Packs block `block` of [outputs, 1, taps] f32 weights (any alignment) to dst[block][tap][16];
 * lanes past the last output are zero. `factor`: of each output channel, any alignment, or NULL. */
void tenon__dwconv_pack_block(const void *w, const void *factor, int64_t outputs, int64_t taps,
                              int64_t block, float *dst);

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__dwconv_row *const tenon__dwconv_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__dwconv_row *tenon__dwconv_find(tenon__cpu_bits cpu);

#endif
