/* SPDX-License-Identifier: Apache-2.0 */
/* Pools over bytes with channels last: [N, D1, ..., C] with one or two spatial axes. */
#ifndef TENON_OPKIT_POOL_LAST_H
#define TENON_OPKIT_POOL_LAST_H

#include "kernels/quant/quant.h"
#include "opkit/window.h"

typedef struct tenon__pool_last {
    tenon__quant_row row;
    tenon__window_axis h, w;
    int64_t channels, lines, per_tile; /* of the output; lines of all batches */
    int64_t taps;                      /* of a window that lies inside */
} tenon__pool_last;

/* Output 0 like input 0, of the window's extents. */
tenon_status tenon__pool_last_infer(tenon__infer *c, const tenon__window_attrs *a);
/* Tiles, and room in scratch for addresses and `more` bytes. */
tenon_status tenon__pool_last_bind(tenon__bind *c, const tenon__window_attrs *a, size_t more,
                                   tenon__pool_last *p);
/* Where those bytes are. */
void *tenon__pool_last_scratch(const tenon__run *r, const tenon__pool_last *p);

/* One position of the output: the addresses of what its window covers, and where it goes. */
typedef void (*tenon__pool_last_fn)(void *ctx, const uint8_t *const *at, int64_t taps, uint8_t *y);
void tenon__pool_last_run(const tenon__run *r, const tenon__pool_last *p, tenon__pool_last_fn fn,
                          void *ctx);

#endif
