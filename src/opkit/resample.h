/* SPDX-License-Identifier: Apache-2.0 */
/* Resize and Upsample: resampling along any axes. Phase 0 writes, for each axis and output place,
 * the source places and their weights; phase 1 takes lines of the output in tiles. */
#ifndef TENON_OPKIT_RESAMPLE_H
#define TENON_OPKIT_RESAMPLE_H

#include "graph/op.h"
#include "kernels/resize/resize.h"

typedef enum tenon__resample_mode {
    TENON__RESAMPLE_NEAREST,
    TENON__RESAMPLE_LINEAR,
    TENON__RESAMPLE_CUBIC,
} tenon__resample_mode;

/* From a place of the output to a place of the input; ONNX's coordinate_transformation_mode. */
typedef enum tenon__resample_coords {
    TENON__COORDS_HALF_PIXEL,
    TENON__COORDS_SYMMETRIC,
    TENON__COORDS_PYTORCH,
    TENON__COORDS_ALIGN,
    TENON__COORDS_ASYMMETRIC,
    TENON__COORDS_CROP,
    TENON__COORDS_TF_NEAREST, /* tf_half_pixel_for_nn, opset 11 */
} tenon__resample_coords;

typedef enum tenon__resample_round {
    TENON__ROUND_PREFER_FLOOR,
    TENON__ROUND_PREFER_CEIL,
    TENON__ROUND_FLOOR,
    TENON__ROUND_CEIL,
    TENON__ROUND_SIMPLE, /* before opset 11: up where the axis shrinks, else down */
} tenon__resample_round;

typedef enum tenon__resample_policy {
    TENON__ASPECT_STRETCH,
    TENON__ASPECT_NOT_LARGER,
    TENON__ASPECT_NOT_SMALLER,
} tenon__resample_policy;

typedef struct tenon__resample_attrs {
    tenon__resample_mode mode;
    tenon__resample_coords coords;
    tenon__resample_round round;
    tenon__resample_policy policy;
    bool antialias, exclude_outside;
    float cubic_a, extrapolation;
    int axis_count; /* -1: all */
    int64_t axes[TENON_MAX_RANK];
    /* Inputs, -1 where the operator has none; without scales and sizes, `scales` below. */
    int roi_input, scales_input, sizes_input;
    int scale_count;
    float scales[TENON_MAX_RANK];
} tenon__resample_attrs;

typedef struct tenon__resample_axis {
    bool active;
    int64_t in, out;
    double scale, width; /* out before it became a whole number */
    double roi_start, roi_end;
    int taps, first;                        /* source places: floor(x) + first + k */
    size_t index_at, weight_at, outside_at; /* in work, bytes */
} tenon__resample_axis;

/* Neighbouring axes that are not resampled are one. */
typedef struct tenon__resample_params {
    int rank;      /* of axes[]; the last is the last active one */
    int64_t inner; /* elements behind it */
    tenon__resample_axis axes[TENON_MAX_RANK + 1];
    bool copy; /* nothing to do but copy */
    bool wide; /* computed in double */
    int64_t total_bytes;
    int64_t lines;                     /* of the output: all axes but the last */
    int64_t x_chunk, x_chunks;         /* places of the last axis at once */
    int64_t inner_chunk, inner_chunks; /* elements behind it at once */
    int64_t pieces, pieces_per_tile;
    uint32_t tiles;
    int slots;         /* cached source lines; 0: none is kept */
    int64_t line_most; /* elements of a piece */
    size_t elem_bytes;
    const tenon__resize_row *row;
    uint8_t value[16]; /* extrapolation */
} tenon__resample_params;

tenon_status tenon__resample_infer(tenon__infer *c);
tenon_status tenon__resample_bind(tenon__bind *c);
uint32_t tenon__resample_tiles(const void *params, uint32_t phase);
tenon_status tenon__resample_run(const tenon__run *r);
/* f32 along spatial axes only. */
int tenon__resample_blocked(const tenon__node *node, const void *attrs,
                            const tenon__view *const *in, uint32_t in_count, tenon__cpu_bits cpu);

#endif
