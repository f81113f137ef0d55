/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of 3 x 3 taps, all steps 1, by Winograd's F(4 x 4, 3 x 3) over channels in blocks of
 * 16 (TENON__C16): 36 products of matrices in place of 144 per 4 x 4 outputs. Sums are of other
 * terms than the direct form has: rows of accuracy class "standard", with errors of about 5e-6 of
 * the largest output.
 *
 * A patch is 6 x 6 inputs under 4 x 4 outputs. For some patches at a time: V[point][patch][channel]
 * from the input; for each group of output blocks (kernels/conv/blocked.h)
 * M[point][block][patch][16] = V * U; the outputs from M. */
#ifndef TENON_KERNELS_WINOGRAD_WINOGRAD_H
#define TENON_KERNELS_WINOGRAD_WINOGRAD_H

#include "kernels/conv/blocked.h"

#define TENON__WINOGRAD_POINTS 36
#define TENON__WINOGRAD_OUT    4 /* outputs of a patch along an axis */

/* One patch of one block of channels. */
typedef struct tenon__winograd_patch {
    const float *x; /* the block's plane */
    int64_t height, width;
    int64_t top, left; /* of the patch; may lie outside: zeros */
    float *v;          /* 16 floats for each point ... */
    int64_t point;     /* ... so far apart */
} tenon__winograd_patch;

/* The outputs of one patch in one block. */
typedef struct tenon__winograd_result {
    const float *m; /* 16 floats for each point ... */
    int64_t point;  /* ... so far apart */
    int rows, cols; /* of outputs that exist, 1 to 4 */
    float *y;
    int64_t pitch; /* floats from one output line to the next */
    const float *bias;
    const float *residual; /* addressed like y, or NULL */
    float low, high;
} tenon__winograd_result;

typedef struct tenon__winograd_row {
    const char *name;
    tenon__cpu_bits needs;
    void (*patch)(const tenon__winograd_patch *p);
    void (*result)(const tenon__winograd_result *r);
    /* Sixteen output channels of one input channel: w[9][16] to u[point][16], points `stride`
     * floats apart. */
    void (*weights)(const float *w, float *u, int64_t stride);
} tenon__winograd_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__winograd_row *const tenon__winograd_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__winograd_row *tenon__winograd_find(tenon__cpu_bits cpu);

/* Packs output block `block` of [outputs, channels, 3, 3] f32 weights (any alignment): group after
 * group [point][channel][blocks * 16]. `factor`: of each output channel, any alignment, or NULL.
 * dst takes blocks * 16 * channels * 36 floats. */
void tenon__winograd_pack_block(const tenon__winograd_row *row, const tenon__conv_row *conv,
                                const void *w, const void *factor, int64_t outputs,
                                int64_t channels, int64_t block, float *dst);

typedef struct tenon__winograd {
    const tenon__winograd_row *row;
    const tenon__conv_row *conv;
    int64_t channels, out_blocks;
    tenon__conv_axis h, w;        /* 3 taps, step 1, delta 1 */
    int64_t patches_h, patches_w; /* of one batch */
    const float *x;               /* blocked, all batches */
    const float *u;               /* packed */
    const float *bias;            /* out_blocks * 16 */
    float *y;
    const float *residual; /* addressed like y, or NULL */
    const tenon__epilogue *epilogue;
} tenon__winograd;

/* Patches to take at a time of `patches` in all: so many that V stays in a cache of the core. */
int64_t tenon__winograd_block(int64_t channels, int64_t patches);
size_t tenon__winograd_scratch(const tenon__conv_row *conv, int64_t channels, int64_t block);
/* Patches [from, to) (counted over all batches), at most `block` of them, by groups [group_from,
 * group_to). */
void tenon__winograd_run(const tenon__winograd *p, int64_t from, int64_t to, int64_t group_from,
                         int64_t group_to, void *scratch);

#endif
