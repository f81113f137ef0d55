/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor and the pieces that lie side by side in it along an axis: Concat and Split. */
#ifndef TENON_OPKIT_PIECES_H
#define TENON_OPKIT_PIECES_H

#include "graph/op.h"

/* Lives in an operator's params. */
typedef struct tenon__pieces {
    int axis;
    int64_t outer, row_bytes;
    int64_t chunks, chunk_bytes; /* of a long row */
    int64_t rows_per_tile;       /* of short ones */
} tenon__pieces;

/* Returns the number of tiles. */
uint32_t tenon__pieces_init(tenon__pieces *p, const tenon__view *whole, int axis, uint32_t count);
/* One tile: `pieces` into `whole` (join), or the other way. */
void tenon__pieces_run(const tenon__pieces *p, const tenon__view *whole,
                       const tenon__view *const *pieces, uint32_t count, bool join, uint32_t tile);

#endif
