/* SPDX-License-Identifier: Apache-2.0 */
/* Plain to blocked channels and back: what ToBlocked and FromBlocked share. */
#ifndef TENON_OPKIT_REORDER_H
#define TENON_OPKIT_REORDER_H

#include "graph/op.h"
#include "kernels/transpose/transpose.h"

typedef struct tenon__reorder_params {
    const tenon__transpose_row *row;
    int64_t blocks, channels, plane; /* of one batch; positions */
    int64_t stretches;               /* that a plane is cut into */
    int64_t units, per_tile;         /* a unit is one stretch of one block of one batch */
} tenon__reorder_params;

tenon_status tenon__reorder_infer(tenon__infer *c, tenon__layout from, tenon__layout to);
tenon_status tenon__reorder_bind(tenon__bind *c);
tenon_status tenon__reorder_to_blocked(const tenon__run *r);
tenon_status tenon__reorder_from_blocked(const tenon__run *r);

#endif
