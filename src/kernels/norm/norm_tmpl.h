/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of normalizations over any vec_*.h: included by avx512.c, avx2.c and neon.c, each of which
 * includes its vectors first. */
#include "kernels/norm/norm.h"

#include <stddef.h>

static float sum(const float *x, int64_t n)
{
    vf a0 = vf_set1(0.0f), a1 = a0, a2 = a0, a3 = a0;
    int64_t i = 0;
    for (; i + 4 * VF <= n; i += 4 * VF) {
        a0 = vf_add(a0, vf_load(x + i));
        a1 = vf_add(a1, vf_load(x + i + VF));
        a2 = vf_add(a2, vf_load(x + i + 2 * VF));
        a3 = vf_add(a3, vf_load(x + i + 3 * VF));
    }
    for (; i + VF <= n; i += VF)
        a0 = vf_add(a0, vf_load(x + i));
    if (i < n) a1 = vf_add(a1, vf_load_n(x + i, n - i, 0.0f));
    return vf_sum(vf_add(vf_add(a0, a1), vf_add(a2, a3)));
}

static inline vf square_step(vf acc, vf x, vf around)
{
    vf d = vf_sub(x, around);
    return vf_fma(d, d, acc);
}

static float sum_square(const float *x, int64_t n, float around)
{
    const vf m = vf_set1(around);
    vf a0 = vf_set1(0.0f), a1 = a0, a2 = a0, a3 = a0;
    int64_t i = 0;
    for (; i + 4 * VF <= n; i += 4 * VF) {
        a0 = square_step(a0, vf_load(x + i), m);
        a1 = square_step(a1, vf_load(x + i + VF), m);
        a2 = square_step(a2, vf_load(x + i + 2 * VF), m);
        a3 = square_step(a3, vf_load(x + i + 3 * VF), m);
    }
    for (; i + VF <= n; i += VF)
        a0 = square_step(a0, vf_load(x + i), m);
    if (i < n) a1 = square_step(a1, vf_load_n(x + i, n - i, around), m);
    return vf_sum(vf_add(vf_add(a0, a1), vf_add(a2, a3)));
}

/* Whether scale and bias are NULL is known once this is inlined. */
static inline void affine_loop(const float *x, float *y, int64_t n, float shift, float factor,
                               const float *scale, const float *bias)
{
    const vf m = vf_set1(shift), f = vf_set1(factor);
    for (int64_t i = 0; i < n; i += VF) {
        int64_t w = n - i < VF ? n - i : VF;
        vf v = vf_mul(vf_sub(vf_load_n(x + i, w, 0.0f), m), f);
        if (scale && bias)
            v = vf_fma(v, vf_load_n(scale + i, w, 0.0f), vf_load_n(bias + i, w, 0.0f));
        else if (scale)
            v = vf_mul(v, vf_load_n(scale + i, w, 0.0f));
        else if (bias)
            v = vf_add(v, vf_load_n(bias + i, w, 0.0f));
        vf_store_n(y + i, v, w);
    }
}

static void affine(const float *x, float *y, int64_t n, float shift, float factor,
                   const float *scale, const float *bias)
{
    if (!scale)
        affine_loop(x, y, n, shift, factor, NULL, bias);
    else if (!bias)
        affine_loop(x, y, n, shift, factor, scale, NULL);
    else
        affine_loop(x, y, n, shift, factor, scale, bias);
}

static void linear(const float *x, float *y, int64_t n, float shift, float a, float b)
{
    const vf vs = vf_set1(shift), va = vf_set1(a), vb = vf_set1(b);
    int64_t i = 0;
    for (; i + VF <= n; i += VF)
        vf_store(y + i, vf_fma(vf_sub(vf_load(x + i), vs), va, vb));
    if (i < n) vf_store_n(y + i, vf_fma(vf_sub(vf_load_n(x + i, n - i, 0.0f), vs), va, vb), n - i);
}

/* x * s^-beta */
static inline vf lrn_scaled(vf x, vf s, float beta)
{
    if (beta == 0.75f) {
        vf root = vf_sqrt(s);
        return vf_div(x, vf_mul(root, vf_sqrt(root)));
    }
    if (beta == 0.0f) return x;
    if (beta == 0.5f) return vf_div(x, vf_sqrt(s));
    if (beta == 1.0f) return vf_div(x, s);
    return vf_mul(x, vf_exp(vf_mul(vf_set1(-beta), vf_log(s))));
}

static inline void lrn_lanes(const float *x, float *y, int64_t channels, int64_t stride, int64_t w,
                             const tenon__lrn *p)
{
    const vf scale = vf_set1(p->scale), bias = vf_set1(p->bias);
    for (int64_t c = 0; c < channels; c++) {
        int64_t from = c < p->below ? 0 : c - p->below;
        int64_t to = channels - c <= p->above ? channels : c + p->above + 1;
        vf s = vf_set1(0.0f);
        for (int64_t k = from; k < to; k++) {
            vf v = vf_load_n(x + k * stride, w, 0.0f);
            s = vf_fma(v, v, s);
        }
        s = vf_fma(s, scale, bias);
        vf_store_n(y + c * stride, lrn_scaled(vf_load_n(x + c * stride, w, 0.0f), s, p->beta), w);
    }
}

static void lrn(const float *x, float *y, int64_t channels, int64_t stride, int64_t lanes,
                const tenon__lrn *p)
{
    int64_t j = 0;
    for (; j + VF <= lanes; j += VF)
        lrn_lanes(x + j, y + j, channels, stride, VF, p);
    if (j < lanes) lrn_lanes(x + j, y + j, channels, stride, lanes - j, p);
}
