/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution in f32.
 *
 * Two forms. The plain one takes [N, C, D1, ..., Dn] with any number of axes, groups, strides,
 * dilations and pads: it gathers the input under a block of output positions into panels and
 * multiplies. Rows are output channels, columns are output positions, k runs over (channel, tap) in
 * ascending order with one accumulator per output. Few positions (few.c) and one or two outputs
 * (lines.c) go without panels of input, in the same order. The blocked one (blocked.h) takes and
 * gives channels in blocks of 16. */
#ifndef TENON_KERNELS_CONV_CONV_H
#define TENON_KERNELS_CONV_CONV_H

#include <stdbool.h>

#include "cpu/cpu.h"
#include "kernels/epilogue.h"
#include "tensor/view.h"

#define TENON__CONV_AXES (TENON_MAX_RANK - 2)

/* One axis of the grid of output positions. Output position o under tap t reads input position
 * first + o * step + t * delta, or zero where that lies outside [0, in). */
typedef struct tenon__conv_axis {
    int64_t in, count, taps;
    int64_t step, first, delta;
} tenon__conv_axis;

typedef struct tenon__conv_grid {
    int rank; /* at least 1 */
    tenon__conv_axis axis[TENON__CONV_AXES];
    int64_t positions, taps, plane; /* products of count, taps, in */
} tenon__conv_grid;

/* Fills the products and joins axes that need not be apart (all of them for a 1 x 1 kernel). */
void tenon__conv_grid_finish(tenon__conv_grid *grid);

/* One panel product: y[r][c] (+)= sum over k of w[k][r] * b[k][c]. */
typedef struct tenon__conv_panel {
    int64_t k, cols; /* cols <= the row's `cols`; the others are computed and dropped */
    const float *w;  /* dense: `rows` floats for each k */
    const float *b;  /* the row's `cols` floats for each k, all of which can be read */
    int64_t b_row;   /* floats from one k to the next */
    float *y;
    const float *residual; /* addressed like y, or NULL */
    const float *bias;     /* of the first row, or NULL */
    int64_t stride;        /* floats from one row of y to the next */
    bool first, last;      /* of the blocks of k: start from the bias; add the residual */
    float low, high;       /* bounds of what is stored; of the last block, infinite before */
} tenon__conv_panel;

/* Products of all k and few columns: y[r][c] = sum over k of w[k][r] * a[k][c]. */
#define TENON__CONV_FEW 8
typedef struct tenon__conv_few {
    int64_t k, outputs;
    const float *w; /* packed panels of the row's `rows` outputs, the last one shorter */
    const float *a; /* one float for each column, for each k */
    float *y;
    const float *residual; /* addressed like y, or NULL */
    const float *bias;     /* of the first output, or NULL */
    int64_t stride;        /* floats from one row of y to the next */
    float low, high;       /* bounds of what is stored */
} tenon__conv_few;

/* All taps along one line of the input, for one output or two: y[r][i] += sum over t of w[t][r] *
 * x[i * step + t * delta]. The line lies in `phases` = step parts, `phase` floats apart: those
 * whose place leaves the remainder 0, 1, ... when divided by the step. */
#define TENON__CONV_LINE_OUTPUTS 2
typedef struct tenon__conv_taps {
    int64_t count, taps;
    int64_t phases, phase;
    int64_t phase_delta, shift_delta; /* delta % step, delta / step */
    const float *x;
    const float *w; /* dense: a float for each output, for each tap */
    float *y;
    int64_t stride; /* floats from one row of y to the next */
} tenon__conv_taps;

#define TENON__CONV_MAX_ROWS 12
#define TENON__CONV_MAX_COLS 32

/* Bounds that a clip sets, else none. */
void tenon__conv_bounds(const tenon__epilogue *e, float *low, float *high);
/* Whether more than bounds is left of the activation once sums are stored. */
static inline bool tenon__conv_tail(const tenon__epilogue *e)
{
    return e->kind != TENON__ACT_NONE && e->kind != TENON__ACT_CLIP;
}

#define TENON__CONV_MAX_PIXELS 14
#define TENON__CONV_MAX_BLOCKS 3

struct tenon__conv_product;
typedef void (*tenon__conv_product_fn)(const struct tenon__conv_product *p);

typedef struct tenon__conv_row {
    const char *name;
    tenon__cpu_bits needs;
    int rows, cols;                                   /* of a panel product */
    void (*const *panel)(const tenon__conv_panel *p); /* [n - 1] has n rows */
    void (*const *few)(const tenon__conv_few *p);     /* [n - 1] has n columns */
    void (*const *lines)(const tenon__conv_taps *p);  /* [n - 1] has n outputs */
    /* Blocked products, see blocked.h: blocks of a group (a last group may have one more); the most
     * positions by n blocks, most[n - 1]; product[n - 1][m - 1] is for n blocks and m positions. */
    int blocks;
    int most[TENON__CONV_MAX_BLOCKS];
    const tenon__conv_product_fn *product[TENON__CONV_MAX_BLOCKS];
    /* The activation of n floats in place. */
    void (*activate)(const tenon__epilogue *e, float *y, int64_t n);
} tenon__conv_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__conv_row *const tenon__conv_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__conv_row *tenon__conv_find(tenon__cpu_bits cpu);

/* ---- the plain form ----------------------------------------------------------------------------
 */

/* Packed weights of one group: for each panel of `row->rows` output channels (the last may have
 * fewer) [channels * taps][rows], that is outputs * channels * taps floats. */
typedef struct tenon__conv_weights {
    const void *data;        /* f32, any alignment */
    int64_t output, channel; /* elements from one output channel, one input channel to the next */
    int rank;                /* taps, in order: element offset first + sum of t[i] * tap[i] */
    int64_t first, count[TENON__CONV_AXES], tap[TENON__CONV_AXES];
} tenon__conv_weights;
/* Packs output channels [from, to) of `outputs`, from being a multiple of row->rows. `dst` is the
 * group's. */
void tenon__conv_pack(const tenon__conv_row *row, const tenon__conv_weights *w, int64_t channels,
                      int64_t from, int64_t to, float *dst);

/* One block of the output of one group in one batch. */
typedef struct tenon__conv_block {
    const tenon__conv_row *row;
    const tenon__conv_grid *grid;
    int64_t channels;         /* of the group */
    const float *x;           /* the group's first channel */
    const float *w;           /* the group's packed weights */
    int64_t from, to;         /* positions */
    int64_t out_from, out_to; /* output channels of the group; out_from a multiple of row->rows */
    float *y;                 /* at (out_from, from) */
    const float *residual;    /* at (out_from, from), or NULL */
    const float *bias;        /* of out_from, or NULL */
    int64_t stride;           /* floats from one output channel to the next */
    const tenon__epilogue *epilogue;
    void *scratch; /* tenon__conv_scratch bytes */
} tenon__conv_block;
size_t tenon__conv_scratch(const tenon__conv_row *row, int64_t k);
void tenon__conv_run(const tenon__conv_block *b);
/* Whether a convolution of one or two outputs in each group goes line by line; then all its blocks
 * do, with scratch of this size. */
bool tenon__conv_is_lines(const tenon__conv_grid *grid, int64_t outputs);
size_t tenon__conv_lines_scratch(const tenon__conv_grid *grid);
void tenon__conv_lines_run(const tenon__conv_block *b);
/* Whether so few positions go by lanes of output channels (the sums are the same), and how. */
bool tenon__conv_is_few(int64_t k, int64_t positions);
size_t tenon__conv_few_scratch(int64_t k);
void tenon__conv_few_run(const tenon__conv_block *b);

/* Gathers k in [k0, k1) (k = channel * taps + tap) under `cols` positions from `from` on into
 * panel[k - k0][width]; columns past `cols` are zero. */
void tenon__conv_gather(const tenon__conv_grid *grid, const float *x, int64_t k0, int64_t k1,
                        int64_t from, int64_t cols, int64_t width, float *panel);
/* The same for bytes, `fill` in the padding; columns past `cols` are left alone. */
void tenon__conv_gather_bytes(const tenon__conv_grid *grid, const void *x, uint8_t fill, int64_t k0,
                              int64_t k1, int64_t from, int64_t cols, int64_t width,
                              uint8_t *panel);

#endif
