/* SPDX-License-Identifier: Apache-2.0 */
/* What QuantizeLinear and DequantizeLinear share: whose scale and zero point an element has. */
#ifndef TENON_OPKIT_QUANTIZE_H
#define TENON_OPKIT_QUANTIZE_H

#include "graph/op.h"
#include "kernels/quant/quant.h"

typedef struct tenon__quantize_attrs {
    int64_t axis, block_size;
    tenon_dtype output;    /* TENON_NONE: as the inputs say */
    tenon_dtype precision; /* of the division; TENON_NONE: that of the scale */
    bool saturate;
} tenon__quantize_attrs;

/* Elements are [outer, length, inner] around the axis. */
typedef struct tenon__quantize_params {
    tenon__quant_row row;
    enum { TENON__PER_TENSOR, TENON__PER_AXIS, TENON__PER_BLOCK } kind;
    int64_t total, per_tile;
    int64_t length, inner;
    int64_t block, blocks; /* elements of a block along the axis, blocks along it */
} tenon__quantize_params;

tenon_status tenon__quantize_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                                  tenon_error *err);
/* The scale is a scalar, one value for each place on the axis, or one for each block; the zero
 * point, if there, has the same shape. */
tenon_status tenon__quantize_shapes(tenon__infer *c);
tenon_status tenon__quantize_bind(tenon__bind *c);

/* A stretch of elements from `position` on that have one scale, or the scales from `scale` on: step
 * 0 or 1. */
typedef struct tenon__quantize_stretch {
    int64_t count, scale;
    int step;
} tenon__quantize_stretch;
tenon__quantize_stretch tenon__quantize_next(const tenon__quantize_params *p, int64_t position,
                                             int64_t end);

/* At most so many elements are converted at a time. */
#define TENON__QUANTIZE_PIECE 256
/* Scales and zero points of a stretch, at most TENON__QUANTIZE_PIECE of them, as the kernels want
 * them. `zero` may be absent: zeros. */
typedef struct tenon__quantize_scales {
    float scale[TENON__QUANTIZE_PIECE];
    int32_t zero[TENON__QUANTIZE_PIECE];
    float real_zero[TENON__QUANTIZE_PIECE]; /* of f8 and f4 */
} tenon__quantize_scales;
tenon_status tenon__quantize_load(const tenon__view *scale, const tenon__view *zero, int64_t at,
                                  int64_t count, tenon__quantize_scales *out, tenon_error *err);

/* The place of a dtype in a row's arrays, or -1. */
int tenon__quant_type_of(tenon_dtype dtype);
/* f8 and f4. */
bool tenon__is_small_float(tenon_dtype dtype);
/* Least and largest of an integer dtype of 32 bits and fewer. */
void tenon__integer_range(tenon_dtype dtype, int32_t *low, int32_t *high);

#endif
