/* SPDX-License-Identifier: Apache-2.0 */
/* CumSum and CumProd: running sums and products along an axis. */
#ifndef TENON_OPKIT_CUMULATE_H
#define TENON_OPKIT_CUMULATE_H

#include "graph/op.h"

typedef struct tenon__cumulate_attrs {
    bool exclusive, reverse;
} tenon__cumulate_attrs;

typedef struct tenon__cumulate_params {
    int64_t outer, n, inner;
    int64_t blocks;   /* of neighbouring places, 64 each */
    int64_t per_tile; /* blocks, over all of outer */
} tenon__cumulate_params;

tenon_status tenon__cumulate_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                                  tenon_error *err);
/* Input 1 is the axis, a scalar. */
tenon_status tenon__cumulate_infer(tenon__infer *c);
tenon_status tenon__cumulate_bind(tenon__bind *c);
tenon_status tenon__cumulate_run(const tenon__run *r, bool product);

#endif
