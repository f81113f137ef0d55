/* SPDX-License-Identifier: Apache-2.0 */
/* What the normalizations share: epsilon, a tensor seen as rows, and parameters of any float dtype.
 */
#ifndef TENON_OPKIT_NORM_H
#define TENON_OPKIT_NORM_H

#include "graph/op.h"
#include "kernels/norm/norm.h"

typedef struct tenon__norm_attrs {
    float epsilon;
    int64_t axis;      /* LayerNormalization, RMSNormalization */
    int64_t groups;    /* GroupNormalization */
    tenon_dtype stash; /* of Mean and InvStdDev */
} tenon__norm_attrs;

/* `rows` rows of `n` elements; a tile takes per_tile of them. */
typedef struct tenon__norm_params {
    int64_t rows, n, per_tile;
    int axis;
    const tenon__norm_row *kernel;
} tenon__norm_params;

/* float16, bfloat16, float32, float64, or not known yet. */
bool tenon__norm_dtype_ok(tenon_dtype dtype);
/* Fails unless input i is absent or one of these. */
tenon_status tenon__norm_check_dtype(tenon__infer *c, uint32_t i);
/* Fails unless input i is absent or a vector of `count` (unknown below 0) elements. */
tenon_status tenon__norm_check_vector(tenon__infer *c, uint32_t i, const char *what, int64_t count);

/* epsilon, axis, num_groups, stash_type, where present. */
tenon_status tenon__norm_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                              tenon_error *err);
/* Rows of everything from axis on. */
tenon_status tenon__norm_bind_rows(tenon__bind *c, int64_t rows, int64_t n, double elem_ns);

/* Rows [*from, *to) of a tile. */
void tenon__norm_tile(const tenon__norm_params *p, uint32_t tile, int64_t *from, int64_t *to);

/* Element i of a float view, and back (rounded to its dtype). */
double tenon__norm_get(const tenon__view *v, int64_t i);
void tenon__norm_put(tenon__view *v, int64_t i, double value);

/* Mean and variance of elements [at, at + n), in double. */
void tenon__norm_moments(const tenon__view *x, int64_t at, int64_t n, double *mean,
                         double *variance);

/* The parameter `v`, broadcast against x, as n floats for the row of x that starts at `row`: in
 * place where it lies so, else in `room`. NULL for NULL. */
const float *tenon__norm_param_row(const tenon__view *v, const tenon__view *x, int axis,
                                   int64_t row, float *room);
/* One element of it. */
double tenon__norm_param_get(const tenon__view *v, const tenon__view *x, int axis, int64_t row,
                             int64_t i);
/* Whether `room` is needed for v. */
bool tenon__norm_param_needs_room(const tenon__view *v, const tenon__view *x, int axis);

#endif
