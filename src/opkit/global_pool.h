/* SPDX-License-Identifier: Apache-2.0 */
/* What the global pools share: one number from each [n, c] plane of [N, C, D1, ...]. */
#ifndef TENON_OPKIT_GLOBAL_POOL_H
#define TENON_OPKIT_GLOBAL_POOL_H

#include "kernels/pool/pool.h"
#include "opkit/window.h"

/* Lives in the operators' params. */
typedef struct tenon__global_pool {
    const tenon__pool_row *row;
    int64_t planes, plane, per_tile; /* planes: or blocks of 16 of them */
    bool blocked;
} tenon__global_pool;

/* Floating-point input of rank 2 or more; the output's spatial extents are 1, its layout that of
 * the input. */
tenon_status tenon__global_pool_infer(tenon__infer *c);
/* `ns` is the time of one element. */
tenon_status tenon__global_pool_bind(tenon__bind *c, double ns, tenon__global_pool *p);
void tenon__global_pool_planes(const tenon__global_pool *p, uint32_t tile, int64_t *from,
                               int64_t *to);
int tenon__global_pool_blocked(const tenon__view *const *in);

#endif
