/* SPDX-License-Identifier: Apache-2.0 */
/* What operators along one axis (Softmax, LogSoftmax, Hardmax) share: the attribute, and lines of
 * `n` elements cut into tiles. */
#ifndef TENON_OPKIT_AXIS_H
#define TENON_OPKIT_AXIS_H

#include "graph/op.h"

typedef struct tenon__axis_attrs {
    int64_t axis;
    bool flat; /* before opset 13: all axes from `axis` on are one */
} tenon__axis_attrs;

/* A tensor as [outer, n, inner]. A piece is a line where inner is 1, else `lanes` or fewer
 * neighbouring columns. */
typedef struct tenon__axis_params {
    int64_t outer, n, inner, lanes, columns, per_tile;
    const void *kernel; /* the operator's own */
} tenon__axis_params;

/* Default axis: 1 before opset 13, when everything from there on is taken as one; -1 later. */
tenon_status tenon__axis_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                              tenon_error *err);
/* Output 0 like input 0, whose dtype must be one of the floats. */
tenon_status tenon__axis_infer(tenon__infer *c);
/* Fills `p` and sets c->tiles, where an element costs `elem_ns`. */
void tenon__axis_bind(tenon__bind *c, tenon__axis_params *p, double elem_ns);

typedef struct tenon__axis_piece {
    int64_t at, lanes; /* of the first element; neighbours */
} tenon__axis_piece;
/* Piece i of all. */
tenon__axis_piece tenon__axis_piece_get(const tenon__axis_params *p, int64_t i);
/* Pieces [*from, *to) of a tile. */
void tenon__axis_pieces(const tenon__axis_params *p, uint32_t tile, int64_t *from, int64_t *to);

#endif
