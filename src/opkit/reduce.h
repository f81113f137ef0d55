/* SPDX-License-Identifier: Apache-2.0 */
/* What the operators Reduce* share: attributes, shapes, and the loops over kept and reduced axes.
 */
#ifndef TENON_OPKIT_REDUCE_H
#define TENON_OPKIT_REDUCE_H

#include "graph/op.h"
#include "kernels/reduce/reduce.h"

/* Axes come as an attribute (old opsets) or as input 1. None at all means every axis, or no axis
 * where noop_with_empty_axes is set: then each element is a reduction of its own. */
typedef struct tenon__reduce_attrs {
    const int64_t *axes;
    int axis_count; /* 0 where absent */
    bool keepdims, noop;
} tenon__reduce_attrs;

typedef struct tenon__reduce_loop {
    int rank;
    int64_t dims[TENON_MAX_RANK], strides[TENON_MAX_RANK];
} tenon__reduce_loop;

/* Lives in an operator's params. Strides are in elements. */
typedef struct tenon__reduce_params {
    tenon__reduce_loop kept, reduced; /* what the kernel's own loop leaves */
    bool columns;                     /* the innermost axis is kept: `inner` neighbours at once */
    int64_t inner;                    /* columns of a line; 1 where rows are reduced */
    int64_t run, run_stride;          /* what one kernel call folds */
    int64_t outputs, folded, per_tile;
    const tenon__reduce_row *row; /* of f32 */
} tenon__reduce_params;

/* What becomes of a folded value. */
typedef enum tenon__reduce_finish {
    TENON__FINISH_NONE,
    TENON__FINISH_MEAN,
    TENON__FINISH_SQRT,
    TENON__FINISH_LOG,
} tenon__reduce_finish;

tenon_status tenon__reduce_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                                tenon_error *err);
/* `small`: i8, u8 and bool are allowed too (max and min). */
tenon_status tenon__reduce_infer(tenon__infer *c, bool small);
tenon_status tenon__reduce_bind(tenon__bind *c);
/* SUM_EXP takes the maximum off first and adds it again behind FINISH_LOG. */
tenon_status tenon__reduce_run(const tenon__run *r, tenon__reduction reduction,
                               tenon__reduce_finish finish);

#endif
