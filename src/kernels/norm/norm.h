/* SPDX-License-Identifier: Apache-2.0 */
/* What normalizations are made of, on contiguous f32: sums, deviations, affine maps; and the local
 * response across channels. */
#ifndef TENON_KERNELS_NORM_NORM_H
#define TENON_KERNELS_NORM_NORM_H

#include "cpu/cpu.h"

/* y = x / (bias + scale * (sum of x^2 over channels c - below .. c + above))^beta. */
typedef struct tenon__lrn {
    int64_t below, above; /* neighbours on either side, where they exist */
    float scale, bias, beta;
} tenon__lrn;

typedef struct tenon__norm_row {
    const char *name;
    tenon__cpu_bits needs;
    /* The order of both sums is a function of n alone. */
    float (*sum)(const float *x, int64_t n);
    float (*sum_square)(const float *x, int64_t n, float around); /* of x - around */
    /* y[i] = (x[i] - shift) * factor * scale[i] + bias[i]; scale and bias may be NULL, y may be x.
     */
    void (*affine)(const float *x, float *y, int64_t n, float shift, float factor,
                   const float *scale, const float *bias);
    /* y[i] = (x[i] - shift) * a + b; y may be x. */
    void (*linear)(const float *x, float *y, int64_t n, float shift, float a, float b);
    /* `lanes` neighbouring places of `channels` channels that lie `stride` apart. */
    void (*lrn)(const float *x, float *y, int64_t channels, int64_t stride, int64_t lanes,
                const tenon__lrn *p);
} tenon__norm_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__norm_row *const tenon__norm_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__norm_row *tenon__norm_find(tenon__cpu_bits cpu);

#endif
