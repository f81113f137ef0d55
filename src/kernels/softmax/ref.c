/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax in plain C, summed in double. */
#include "kernels/softmax/softmax.h"

#include <math.h>

static double sum_exp(const float *x, int64_t n, int64_t stride, float *max)
{
    double sum = 0;
    *max = x[0];
    for (int64_t i = 1; i < n; i++)
        if (x[i * stride] > *max) *max = x[i * stride];
    for (int64_t i = 0; i < n; i++)
        sum += exp((double)x[i * stride] - *max);
    return sum;
}

static void cols(const float *x, float *y, int64_t n, int64_t stride, int64_t lanes)
{
    for (int64_t j = 0; j < lanes; j++) {
        float max;
        double sum = sum_exp(x + j, n, stride, &max);
        for (int64_t i = 0; i < n; i++)
            y[i * stride + j] = (float)(exp((double)x[i * stride + j] - max) / sum);
    }
}

static void log_cols(const float *x, float *y, int64_t n, int64_t stride, int64_t lanes)
{
    for (int64_t j = 0; j < lanes; j++) {
        float max;
        double log_sum = log(sum_exp(x + j, n, stride, &max));
        for (int64_t i = 0; i < n; i++)
            y[i * stride + j] = (float)((double)x[i * stride + j] - max - log_sum);
    }
}

static void row(const float *x, float *y, int64_t n)
{
    cols(x, y, n, 1, 1);
}

static void log_row(const float *x, float *y, int64_t n)
{
    log_cols(x, y, n, 1, 1);
}

extern const tenon__softmax_row tenon__softmax_ref;
const tenon__softmax_row tenon__softmax_ref = {"softmax-ref", 0, row, log_row, cols, log_cols};
