/* SPDX-License-Identifier: Apache-2.0 */
/* What ConvInteger and QLinearConv share: a convolution of bytes, cut into tiles. */
#ifndef TENON_OPKIT_QCONVOLVE_H
#define TENON_OPKIT_QCONVOLVE_H

#include "kernels/qconv/qconv.h"
#include "opkit/convolve.h"

typedef struct tenon__qconvolve_prepared {
    const tenon__qgemm_row *gemm;
    const tenon__transpose_row *transpose;
    bool packed; /* the weights are constant */
    int64_t pack_panels;
} tenon__qconvolve_prepared;

typedef struct tenon__qconvolve_params {
    tenon__convolve_shape shape;
    tenon__conv_grid grid;
    tenon__convolve_cut cut;
    bool planes;      /* groups of one channel and one output */
    int64_t per_tile; /* of them; or 1 */
    size_t panel_bytes, scales_bytes;
    int64_t pack_panels;
    uint32_t pack_tiles;
} tenon__qconvolve_params;

/* Where the inputs of the operator are: X, W, their zero points (may be absent). */
typedef struct tenon__qconvolve_inputs {
    uint32_t x, w, x_zero, w_zero;
} tenon__qconvolve_inputs;

/* Types and shapes of these four inputs, and of the output. */
tenon_status tenon__qconvolve_infer(tenon__infer *c, const tenon__convolve_attrs *a,
                                    const tenon__qconvolve_inputs *in, uint32_t bias,
                                    tenon_dtype out);
tenon_status tenon__qconvolve_prepare(tenon__prepare *c, const tenon__convolve_attrs *a,
                                      const tenon__qconvolve_inputs *in);
tenon_status tenon__qconvolve_bind(tenon__bind *c, const tenon__convolve_attrs *a,
                                   const tenon__qconvolve_inputs *in);
uint32_t tenon__qconvolve_tiles(const void *params, uint32_t phase);

/* The tail of a sum: NULL for int32 results. Arrays are by output channel; steps are 0 or 1. */
typedef struct tenon__qconvolve_tail {
    float x_scale, y_scale;
    const float *w_scale;
    int w_scale_step;
    int32_t y_zero;
    const int32_t *bias; /* or NULL */
} tenon__qconvolve_tail;
static inline float tenon__qconvolve_scale(const tenon__qconvolve_tail *t, int64_t output)
{
    return t->x_scale * t->w_scale[output * t->w_scale_step] / t->y_scale;
}
void tenon__qconvolve_run(const tenon__run *r, const tenon__qconvolve_inputs *in,
                          const tenon__qconvolve_tail *tail);

/* A scale or zero point of one element, or of one for each of `outputs`. */
tenon_status tenon__qconvolve_check_scale(const tenon__infer *c, uint32_t i, const char *what,
                                          int64_t outputs);
/* Element k of a byte tensor that may be absent (0) or hold one element for all. */
int32_t tenon__qconvolve_zero(const tenon__run *r, uint32_t i, int64_t k);

#endif
