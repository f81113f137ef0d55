/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax over any vec_*.h: included by avx512.c, avx2.c and neon.c, each of which includes its
 * vectors first. */
#include "kernels/softmax/softmax.h"

#include <math.h>

/* NaN may be passed over here: it comes back with the exponentials. */
static inline float row_max(const float *x, int64_t n)
{
    vf a = vf_set1(-INFINITY), b = a;
    int64_t i = 0;
    for (; i + 2 * VF <= n; i += 2 * VF) {
        a = vf_max(a, vf_load(x + i));
        b = vf_max(b, vf_load(x + i + VF));
    }
    for (; i + VF <= n; i += VF)
        a = vf_max(a, vf_load(x + i));
    if (i < n) b = vf_max(b, vf_load_n(x + i, n - i, -INFINITY));
    return vf_top(vf_max(a, b));
}

/* sum of exp(x - max); the exponentials go to y where it is not NULL. */
static inline float row_exp(const float *x, float *y, int64_t n, float max)
{
    const vf shift = vf_set1(max);
    vf s0 = vf_set1(0.0f), s1 = s0;
    int64_t i = 0;
    for (; i + 2 * VF <= n; i += 2 * VF) {
        vf e0 = vf_exp(vf_sub(vf_load(x + i), shift));
        vf e1 = vf_exp(vf_sub(vf_load(x + i + VF), shift));
        s0 = vf_add(s0, e0);
        s1 = vf_add(s1, e1);
        if (y) {
            vf_store(y + i, e0);
            vf_store(y + i + VF, e1);
        }
    }
    for (; i < n; i += VF) {
        int64_t w = n - i < VF ? n - i : VF;
        vf e = vf_exp(vf_sub(vf_load_n(x + i, w, -INFINITY), shift));
        /* Lanes past the end would be NaN where max is -inf. */
        if (w == VF)
            s0 = vf_add(s0, e);
        else
            s1 = vf_add(s1, vf_head(e, w));
        if (y) vf_store_n(y + i, e, w);
    }
    return vf_sum(vf_add(s0, s1));
}

static void row(const float *x, float *y, int64_t n)
{
    const vf scale = vf_set1(1.0f / row_exp(x, y, n, row_max(x, n)));
    int64_t i = 0;
    for (; i + VF <= n; i += VF)
        vf_store(y + i, vf_mul(vf_load(y + i), scale));
    if (i < n) vf_store_n(y + i, vf_mul(vf_load_n(y + i, n - i, 0.0f), scale), n - i);
}

static void log_row(const float *x, float *y, int64_t n)
{
    float max = row_max(x, n);
    const vf shift = vf_set1(max), log_sum = vf_set1(logf(row_exp(x, NULL, n, max)));
    int64_t i = 0;
    for (; i + VF <= n; i += VF)
        vf_store(y + i, vf_sub(vf_sub(vf_load(x + i), shift), log_sum));
    if (i < n)
        vf_store_n(y + i, vf_sub(vf_sub(vf_load_n(x + i, n - i, 0.0f), shift), log_sum), n - i);
}

static inline vf cols_max(const float *x, int64_t n, int64_t stride, int64_t w)
{
    vf max = vf_load_n(x, w, 0.0f);
    for (int64_t i = 1; i < n; i++)
        max = vf_max(max, vf_load_n(x + i * stride, w, 0.0f));
    return max;
}

static void cols(const float *x, float *y, int64_t n, int64_t stride, int64_t lanes)
{
    for (int64_t j = 0; j < lanes; j += VF) {
        int64_t w = lanes - j < VF ? lanes - j : VF;
        vf max = cols_max(x + j, n, stride, w), sum = vf_set1(0.0f);
        for (int64_t i = 0; i < n; i++) {
            vf e = vf_exp(vf_sub(vf_load_n(x + i * stride + j, w, 0.0f), max));
            sum = vf_add(sum, e);
            vf_store_n(y + i * stride + j, e, w);
        }
        sum = vf_div(vf_set1(1.0f), sum);
        for (int64_t i = 0; i < n; i++)
            vf_store_n(y + i * stride + j, vf_mul(vf_load_n(y + i * stride + j, w, 0.0f), sum), w);
    }
}

static void log_cols(const float *x, float *y, int64_t n, int64_t stride, int64_t lanes)
{
    for (int64_t j = 0; j < lanes; j += VF) {
        int64_t w = lanes - j < VF ? lanes - j : VF;
        vf max = cols_max(x + j, n, stride, w), sum = vf_set1(0.0f);
        for (int64_t i = 0; i < n; i++)
            sum = vf_add(sum, vf_exp(vf_sub(vf_load_n(x + i * stride + j, w, 0.0f), max)));
        sum = vf_log(sum);
        for (int64_t i = 0; i < n; i++) {
            vf v = vf_sub(vf_load_n(x + i * stride + j, w, 0.0f), max);
            vf_store_n(y + i * stride + j, vf_sub(v, sum), w);
        }
    }
}
