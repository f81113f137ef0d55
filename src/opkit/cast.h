/* SPDX-License-Identifier: Apache-2.0 */
/* What Cast and CastLike share: elements of one dtype as another. */
#ifndef TENON_OPKIT_CAST_H
#define TENON_OPKIT_CAST_H

#include "graph/op.h"
#include "kernels/eltwise/eltwise.h"

/* Which power of two a number becomes as float8e8m0. */
typedef enum tenon__round_mode {
    TENON__ROUND_UP,
    TENON__ROUND_DOWN,
    TENON__ROUND_NEAREST
} tenon__round_mode;

typedef struct tenon__cast_attrs {
    tenon_dtype to; /* TENON_NONE: that of the second input */
    bool saturate;
    tenon__round_mode round;
} tenon__cast_attrs;

typedef struct tenon__cast_params {
    tenon__eltwise_fn fn; /* NULL: the general way */
    int64_t count, per_tile;
} tenon__cast_params;

/* The attributes saturate and round_mode. */
tenon_status tenon__cast_read(const tenon__node *node, tenon__cast_attrs *attrs, tenon_error *err);
tenon_status tenon__cast_infer(tenon__infer *c);
tenon_status tenon__cast_bind(tenon__bind *c);
tenon_status tenon__cast_run(const tenon__run *r);
int tenon__cast_blocked(const tenon__node *node, const void *attrs, const tenon__view *const *in,
                        uint32_t in_count, tenon__cpu_bits cpu);

#endif
