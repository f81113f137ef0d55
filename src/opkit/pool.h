/* SPDX-License-Identifier: Apache-2.0 */
/* What the pooling operators share. X is [N, C, D1, ..., Dn], plain or (two spatial axes, f32) in blocks of channels. */
#ifndef TENON_OPKIT_POOL_H
#define TENON_OPKIT_POOL_H

#include "kernels/pool/pool.h"
#include "opkit/window.h"

typedef struct tenon__pool_attrs {
    tenon__window_attrs window;
    tenon__pool_kind kind; /* LP1 and LP2 for p 1 and 2 */
    double p;              /* of LpPool */
    bool include_pad, column_major;
} tenon__pool_attrs;

typedef struct tenon__pool_params {
    const tenon__pool_row *row;
    tenon__window window;
    int64_t planes, lines; /* lines of one plane: all output axes but the last */
    int64_t in_plane, per_tile;
    bool blocked;
} tenon__pool_params;

tenon_status tenon__pool_infer(tenon__infer *c);
tenon_status tenon__pool_bind(tenon__bind *c);
tenon_status tenon__pool_run(const tenon__run *r);
int tenon__pool_blocked(const tenon__node *node, const void *attrs, const tenon__view *const *in, uint32_t in_count,
                        tenon__cpu_bits cpu);

/* Global pools: attrs as above, the window being the whole plane. */
tenon_status tenon__global_pool_infer(tenon__infer *c);
tenon_status tenon__global_pool_bind(tenon__bind *c);
tenon_status tenon__global_pool_run(const tenon__run *r);

#endif
