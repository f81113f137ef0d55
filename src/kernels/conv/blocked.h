/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution over channels in blocks of 16 (TENON__C16), and over plain inputs of few channels
 * that give blocks. Taps in the padding are skipped, so that no padded copy is made.
 *
 * Output channels go by groups of neighbouring blocks, as many as the accumulators of a product
 * allow. Each output has one accumulator, which starts from the bias and adds over (tap, channel)
 * in ascending order, however positions are cut. */
#ifndef TENON_KERNELS_CONV_BLOCKED_H
#define TENON_KERNELS_CONV_BLOCKED_H

#include "kernels/conv/conv.h"

/* A product: neighbouring output positions by the blocks of a group. Taps are a rectangle. */
typedef struct tenon__conv_product {
    const float *x;    /* first position, first tap, first channel */
    int64_t step;      /* floats from one position to the next */
    int64_t rows, row; /* of taps: how many, floats from one to the next */
    int64_t cols, col; /* likewise within a row */
    int64_t channels;  /* no lane past the last is read */
    int64_t lanes;     /* channels that lie side by side ... */
    int64_t block;     /* ... floats from such a run to the next */
    const float *w;    /* of the first tap: [channels][blocks * 16], then the next tap of the row */
    int64_t w_row;     /* floats from one row of taps to the next */
    const float *from; /* sums to go on from, [position][blocks * 16]; NULL: the bias */
    float *to;         /* sums to be gone on from, likewise; NULL: they are final and go to y */
    const float *bias; /* blocks * 16 */
    float *y;          /* first block, first position */
    int64_t y_block;   /* floats from one block to the next */
    const float *residual; /* addressed like y, or NULL; added to final sums */
    float low, high;       /* bounds of final sums */
} tenon__conv_product;

/* How many groups `blocks` blocks make, and blocks of group g, which begins at g * row->blocks. */
static inline int64_t tenon__conv_groups(const tenon__conv_row *row, int64_t blocks)
{
    return blocks < row->blocks ? 1 : blocks / row->blocks;
}
static inline int tenon__conv_group_blocks(const tenon__conv_row *row, int64_t blocks, int64_t g)
{
    const bool last = g + 1 == tenon__conv_groups(row, blocks);
    return last ? (int)(blocks - g * row->blocks) : row->blocks;
}

/* Packs the 16 output channels of block `block` of [outputs, channels, taps] f32 weights (any
 * alignment) to where they belong in dst: group after group, each [tap][channel][blocks * 16].
 * Lanes past the last output are zero. `factor`: of each output channel, any alignment, or NULL.
 * dst takes blocks * 16 * channels * taps floats. */
void tenon__conv_pack_block(const tenon__conv_row *row, const void *w, const void *factor,
                            int64_t outputs, int64_t channels, int64_t taps, int64_t block,
                            float *dst);

/* Positions of one output line by one group. */
typedef struct tenon__conv_line {
    const tenon__conv_row *row;
    const float *x;           /* the batch's first channel */
    int64_t pixel;            /* floats from one input position to the next: 16, or 1 where plain */
    int64_t pitch;            /* floats from one input line to the next */
    int64_t block;            /* floats from one block (plain: channel) to the next */
    int64_t lanes, channels;  /* as in the product */
    int64_t tap_from, tap_to; /* rows of taps that lie inside */
    int64_t at,
        tap_delta; /* input line under tap row 0 (may lie outside), lines between tap rows */
    tenon__conv_axis axis; /* along the line */
    int64_t from, to;      /* output positions */
    int blocks;            /* of the group */
    const float *w;        /* the group's */
    const float *bias;     /* the group's; blocks * 16 */
    float *y;              /* the group's first block, position 0 of the line */
    int64_t y_block;
    const float *residual; /* addressed like y, or NULL */
    const tenon__epilogue *epilogue;
} tenon__conv_line;
void tenon__conv_line_run(const tenon__conv_line *l);

#endif
