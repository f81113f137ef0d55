/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of normalizations in plain C, summed in double. */
#include "kernels/norm/norm.h"

#include <math.h>
#include <stddef.h>

static float sum(const float *x, int64_t n)
{
    double s = 0;
    for (int64_t i = 0; i < n; i++)
        s += x[i];
    return (float)s;
}

static float sum_square(const float *x, int64_t n, float around)
{
    double s = 0;
    for (int64_t i = 0; i < n; i++)
        s += ((double)x[i] - around) * ((double)x[i] - around);
    return (float)s;
}

static void affine(const float *x, float *y, int64_t n, float shift, float factor,
                   const float *scale, const float *bias)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = (x[i] - shift) * factor * (scale ? scale[i] : 1.0f) + (bias ? bias[i] : 0.0f);
}

static void linear(const float *x, float *y, int64_t n, float shift, float a, float b)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = (x[i] - shift) * a + b;
}

static void lrn(const float *x, float *y, int64_t channels, int64_t stride, int64_t lanes,
                const tenon__lrn *p)
{
    for (int64_t j = 0; j < lanes; j++)
        for (int64_t c = 0; c < channels; c++) {
            int64_t from = c < p->below ? 0 : c - p->below;
            int64_t to = channels - c <= p->above ? channels : c + p->above + 1;
            double s = 0;
            for (int64_t k = from; k < to; k++)
                s += (double)x[k * stride + j] * x[k * stride + j];
            y[c * stride + j] =
                (float)(x[c * stride + j] / pow((double)p->bias + (double)p->scale * s, p->beta));
        }
}

extern const tenon__norm_row tenon__norm_ref;
const tenon__norm_row tenon__norm_ref = {"norm-ref", 0, sum, sum_square, affine, linear, lrn};
