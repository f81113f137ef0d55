/* SPDX-License-Identifier: Apache-2.0 */
/* What MaxPool, AveragePool and LpPool share: their shapes, and the walk over output lines. */
#ifndef TENON_OPKIT_POOL_H
#define TENON_OPKIT_POOL_H

#include "kernels/pool/pool.h"
#include "opkit/window.h"

/* Lives in the operators' params. */
typedef struct tenon__pool_params {
    tenon__window window;
    int64_t batch, channels, blocks; /* blocks of 16 channels */
    int64_t plane_in, plane_out;
    int64_t lines, lines_per_tile; /* output lines of all planes, or of all blocks */
    int64_t line;                  /* output positions of one: the last axis */
    bool blocked;
    bool whole; /* one window, over all of the plane */
} tenon__pool_params;

/* infer: output 0 (and 1, of `indices` dtype, unless TENON_NONE), of the window's extents; the
 * layout of the input is kept. */
tenon_status tenon__pool_infer(tenon__infer *c, const tenon__window_attrs *a, tenon_dtype indices);
/* bind: fills *p, sets tiles. `ns` is the time of one tap at one position. */
tenon_status tenon__pool_bind(tenon__bind *c, const tenon__window_attrs *a, double ns,
                              tenon__pool_params *p);
/* Lines [*from, *to) of a tile. */
void tenon__pool_lines(const tenon__pool_params *p, uint32_t tile, int64_t *from, int64_t *to);

/* Calls `visit` for every tap of line `line` (plain layout) that reads inside the input, in
 * ascending order: output positions [from, from + count) of the line read the elements of the plane
 * at `at`, `at` + stride, ... */
typedef struct tenon__pool_tap {
    int64_t from, count, at, stride;
} tenon__pool_tap;
void tenon__pool_walk(const tenon__pool_params *p, int64_t line,
                      void (*visit)(void *ctx, const tenon__pool_tap *tap), void *ctx);

/* One over how many elements the window at each position of the line covers: inside the input, or
 * inside the padded input where `padded`. Zero where it covers none. */
void tenon__pool_shares(const tenon__pool_params *p, int64_t line, bool padded, double *share);

/* Whether a pool runs blocked: one output, f32, one or two spatial axes. */
int tenon__pool_blocked(const tenon__node *node, const tenon__view *const *in);
/* Runs a tile of a blocked pool. An average needs room for p->line doubles and floats in scratch.
 */
void tenon__pool_run_blocked(const tenon__run *r, const tenon__pool_params *p,
                             const tenon__pool_row *row, tenon__pool_kind kind, bool padded);

/* The attribute p of the LpPools, a whole number; a float in the first version. */
tenon_status tenon__pool_read_power(const tenon__node *node, int64_t *power, tenon_error *err);

#endif
