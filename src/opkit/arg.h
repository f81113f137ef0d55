/* SPDX-License-Identifier: Apache-2.0 */
/* ArgMax and ArgMin: the place of the largest or smallest element along an axis. */
#ifndef TENON_OPKIT_ARG_H
#define TENON_OPKIT_ARG_H

#include "graph/op.h"

typedef struct tenon__arg_attrs {
    int64_t axis;
    bool keepdims, last;
} tenon__arg_attrs;

typedef struct tenon__arg_params {
    int64_t outer, n, inner, blocks,
        per_tile; /* tiles are blocks of neighbours, over all of outer */
} tenon__arg_params;

tenon_status tenon__arg_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                             tenon_error *err);
tenon_status tenon__arg_infer(tenon__infer *c);
tenon_status tenon__arg_bind(tenon__bind *c);
/* Of equal elements the first wins, or the last where select_last_index is set; a NaN beats all. */
tenon_status tenon__arg_run(const tenon__run *r, bool largest);

#endif
