/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution in f32 over channels in blocks of 16: direct and depthwise. The input is padded
 * already, so that every tap of every position lies inside. Each output has one accumulator, which
 * starts from the bias and adds over (tap, channel) in ascending order: bits do not depend on how
 * positions are cut. */
#ifndef TENON_KERNELS_BLOCKED_BLOCKED_H
#define TENON_KERNELS_BLOCKED_BLOCKED_H

#include "cpu/cpu.h"
#include "kernels/epilogue.h"
#include "tensor/view.h"

/* Up to `pixels` neighbouring positions of up to `blocks` neighbouring blocks of output channels.
 */
typedef struct tenon__blocked_strip {
    const float *x;      /* first channel, tap offset 0, first position */
    int64_t pixel_step;  /* floats from one position to the next */
    int64_t block_step;  /* floats from one block of input channels to the next */
    int64_t channels;    /* in all: no lane past the last is read */
    int per_block;       /* 16, or 1 where the input is plain */
    const int64_t *taps; /* offsets in floats */
    int64_t tap_count;
    const float *w;        /* [tap_count][channels][blocks * 16] */
    float *y;              /* first block, first position */
    int64_t y_block;       /* floats from one block to the next */
    const float *bias;     /* blocks * 16, or NULL */
    const float *residual; /* addressed like y, or NULL */
    const tenon__epilogue *epilogue;
} tenon__blocked_strip;

/* One line of one block of a depthwise convolution. */
typedef struct tenon__depthwise_strip {
    const float *x;
    int64_t pixel_step, count;
    const int64_t *taps;
    int64_t tap_count;
    const float *w; /* [tap_count][16] */
    float *y;
    const float *bias, *residual;
    const tenon__epilogue *epilogue;
} tenon__depthwise_strip;

#define TENON__BLOCKED_PIXELS 14 /* at most, of any row */
#define TENON__BLOCKED_BLOCKS 2

typedef struct tenon__blocked_row {
    const char *name;
    tenon__cpu_bits needs;
    int pixels, blocks; /* at most, of a strip */
    void (*const (*strip)[TENON__BLOCKED_PIXELS])(
        const tenon__blocked_strip *s); /* [blocks - 1][pixels - 1] */
    void (*depthwise)(const tenon__depthwise_strip *s);
} tenon__blocked_row;

extern const tenon__blocked_row *const tenon__blocked_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__blocked_row *tenon__blocked_find(tenon__cpu_bits cpu);

#endif
