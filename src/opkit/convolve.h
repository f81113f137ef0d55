/* SPDX-License-Identifier: Apache-2.0 */
/* What the convolutions share: attributes, shapes, and the fused tail. */
#ifndef TENON_OPKIT_CONVOLVE_H
#define TENON_OPKIT_CONVOLVE_H

#include "kernels/conv/conv.h"
#include "opkit/window.h"

typedef struct tenon__convolve_attrs {
    tenon__window_attrs window;
    int64_t group;
} tenon__convolve_attrs;

/* group (1), and what tenon__window_read reads. */
tenon_status tenon__convolve_read(const tenon__node *node, tenon__convolve_attrs *a,
                                  tenon_error *err);

/* Extents of X [N, C, D1, ...] and W [M, C / group, k1, ...]. Unknown ones are negative. */
typedef struct tenon__convolve_shape {
    int64_t batch, group, channels, outputs; /* of one group */
    tenon__window window;
} tenon__convolve_shape;

/* From views of X and W of known rank, checked against each other. */
tenon_status tenon__convolve_fit(const tenon__convolve_attrs *a, const tenon__view *x,
                                 const tenon__view *w, tenon__convolve_shape *s, tenon_error *err);
/* infer: sets output 0 as [N, M, D1, ...]. X and W are inputs `x` and `w`; where a rank is unknown,
 * only the dtype is set. `bias` is the input of M elements (checked) or any absent one. *s is
 * filled where *known. */
tenon_status tenon__convolve_infer(tenon__infer *c, const tenon__convolve_attrs *a, uint32_t x,
                                   uint32_t w, uint32_t bias, tenon_dtype dtype,
                                   tenon__convolve_shape *s, bool *known);

/* The gathering that computes the convolution, every axis of it. */
void tenon__convolve_grid(const tenon__convolve_shape *s, tenon__conv_grid *grid);

/* The fused tail of a node: attribute "activation" in Relu, Clip, LeakyRelu, Sigmoid, Tanh,
 * HardSwish, Silu, Gelu, GeluTanh with activation_alpha and activation_beta (Clip: low, high;
 * LeakyRelu: slope; HardSwish: slope 1/6, offset 1/2). Passes set them. */
tenon_status tenon__convolve_activation(const tenon__node *node, tenon__epilogue *e,
                                        tenon_error *err);

/* Channels of a group times taps: what a sum runs over. */
int64_t tenon__convolve_k(const tenon__convolve_shape *s);
/* Packs the weights [M, C / group, k1, ...] of all groups for the plain form: tiles of `per_tile`
 * panels. dst takes as many floats as there are weights, group by group. `factor`, where not NULL,
 * holds a number for each output channel to multiply its weights by, of any alignment. */
uint32_t tenon__convolve_pack_tiles(const tenon__conv_row *row, const tenon__convolve_shape *s,
                                    int64_t *per_tile);
void tenon__convolve_pack(const tenon__conv_row *row, const tenon__convolve_shape *s,
                          const void *data, const void *factor, int64_t per_tile, uint32_t tile,
                          float *dst);

/* How a step over [batch, group] planes is cut: blocks of positions, blocks of output channels. */
typedef struct tenon__convolve_cut {
    int64_t positions, outputs; /* of one block */
    int64_t position_blocks, output_blocks;
    uint32_t tiles; /* one for each block, unless joined */
    int64_t blocks, per_tile;
} tenon__convolve_cut;
/* Blocks of whole panels (`cols` positions, `rows` outputs) of 20 to 120 us. TENON_ELIMIT where
 * there would be too many. `ns` is the time of one multiply-add. */
tenon_status tenon__convolve_cut_set(tenon__convolve_cut *cut, int64_t planes, int64_t positions,
                                     int64_t outputs, int64_t k, int rows, int cols, double ns,
                                     tenon_error *err);
/* Blocks that are much shorter, `ns` each, go several to a tile: [*from, *to). */
void tenon__convolve_cut_join(tenon__convolve_cut *cut, double ns);
void tenon__convolve_cut_blocks(const tenon__convolve_cut *cut, uint32_t tile, int64_t *from,
                                int64_t *to);
/* Block `tile` of it, where none are joined. */
typedef struct tenon__convolve_tile {
    int64_t plane, from, to, out_from, out_to;
} tenon__convolve_tile;
tenon__convolve_tile tenon__convolve_cut_at(const tenon__convolve_cut *cut, int64_t positions,
                                            int64_t outputs, uint32_t tile);

#endif
