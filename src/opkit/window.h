/* SPDX-License-Identifier: Apache-2.0 */
/* Windows that slide over the spatial axes of [N, C, D1, ..., Dn]: what convolutions and pools
 * share. The attributes kernel_shape, strides, dilations, pads, auto_pad and ceil_mode, and the
 * extents that follow from them, as ONNX defines them (Conv-22, MaxPool-22, ConvTranspose-22). */
#ifndef TENON_OPKIT_WINDOW_H
#define TENON_OPKIT_WINDOW_H

#include "graph/op.h"

#define TENON__MAX_SPATIAL (TENON_MAX_RANK - 2)

typedef enum tenon__auto_pad {
    TENON__PAD_EXPLICIT, /* NOTSET */
    TENON__PAD_SAME_UPPER,
    TENON__PAD_SAME_LOWER,
    TENON__PAD_VALID,
} tenon__auto_pad;

typedef struct tenon__window_attrs {
    tenon__auto_pad auto_pad;
    bool ceil_mode, has_kernel;
    int rank; /* spatial axes that the lists speak of; 0 where there is no list */
    int64_t kernel[TENON__MAX_SPATIAL], stride[TENON__MAX_SPATIAL], dilation[TENON__MAX_SPATIAL];
    int64_t before[TENON__MAX_SPATIAL], after[TENON__MAX_SPATIAL]; /* pads */
} tenon__window_attrs;

/* One axis. `before` and `after` are what the padding adds once auto_pad is resolved. */
typedef struct tenon__window_axis {
    int64_t in, out, kernel, stride, dilation, before, after;
} tenon__window_axis;

typedef struct tenon__window {
    int rank;
    tenon__window_axis axis[TENON__MAX_SPATIAL];
} tenon__window;

/* Strides and dilations default to 1, pads to 0. TENON_EFORMAT where lists differ in length or a
 * number is out of range (1 to 2^31 - 1; pads from 0). */
tenon_status tenon__window_read(const tenon__node *node, tenon__window_attrs *a, tenon_error *err);

/* The window over `rank` axes of extents `in` (unknown allowed: then `out` is unknown too).
 * `kernel` stands where the attribute is absent, and must agree with it otherwise; NULL for pools.
 * TENON_ESHAPE where the kernel is larger than the padded input. */
tenon_status tenon__window_fit(const tenon__window_attrs *a, int rank, const int64_t *in,
                               const int64_t *kernel, tenon__window *out, tenon_error *err);

/* The same for a transposed convolution, whose output extents follow from stride * (in - 1) +
 * kernel. `wanted` is output_shape's extents or NULL; `extra` is output_padding or NULL. */
tenon_status tenon__window_fit_transposed(const tenon__window_attrs *a, int rank, const int64_t *in,
                                          const int64_t *kernel, const int64_t *wanted,
                                          const int64_t *extra, tenon__window *out,
                                          tenon_error *err);

/* Taps [*from, *to) of the window at output position o that lie inside the input; empty gives *from
 * == *to. */
static inline void tenon__window_taps(const tenon__window_axis *x, int64_t o, int64_t *from,
                                      int64_t *to)
{
    int64_t first = o * x->stride - x->before, low = 0, high = x->kernel;
    if (first < 0) low = (-first + x->dilation - 1) / x->dilation;
    if (first + (high - 1) * x->dilation >= x->in)
        high = first >= x->in ? 0 : (x->in - 1 - first) / x->dilation + 1;
    *from = low < high ? low : 0;
    *to = low < high ? high : 0;
}

/* Checks that input 0 is [N, C, D1, ...] with `least` axes or more. TENON_ESHAPE otherwise. The
 * rank is known. */
tenon_status tenon__window_rank(const tenon__infer *c, int least);

#endif
