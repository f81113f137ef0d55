/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrent cells over any vec_*.h: included by avx512.c, avx2.c and neon.c, each of which includes
 * its vectors first. Stage by stage over short rows, which stay in the cache. */
#include "kernels/rnn/rnn.h"

#include <stddef.h>

static inline vf clipped(vf x, float clip)
{
    /* The second operand wins where either is NaN. */
    return vf_max(vf_set1(-clip), vf_min(vf_set1(clip), x));
}

/* x[0..n) through one function, in place. */
static void activate(const tenon__rnn_act *a, float clip, float *x, int64_t n)
{
    switch (a->function) {
    case TENON__RNN_SIGMOID:
        for (int64_t i = 0; i < n; i += VF) {
            int64_t w = n - i < VF ? n - i : VF;
            vf_store_n(x + i, vf_sigmoid(clipped(vf_load_n(x + i, w, 0.0f), clip)), w);
        }
        break;
    case TENON__RNN_TANH:
        for (int64_t i = 0; i < n; i += VF) {
            int64_t w = n - i < VF ? n - i : VF;
            vf_store_n(x + i, vf_tanh(clipped(vf_load_n(x + i, w, 0.0f), clip)), w);
        }
        break;
    case TENON__RNN_RELU:
        for (int64_t i = 0; i < n; i += VF) {
            int64_t w = n - i < VF ? n - i : VF;
            vf v = clipped(vf_load_n(x + i, w, 0.0f), clip);
            vf_store_n(x + i, vf_max(vf_set1(0.0f), v), w);
        }
        break;
    default:
        for (int64_t i = 0; i < n; i++)
            x[i] = (float)tenon__rnn_apply(a, clip, x[i]);
        break;
    }
}

/* y = y + a * b */
static inline void add_product(float *y, const float *a, const float *b, int64_t n)
{
    for (int64_t i = 0; i < n; i += VF) {
        int64_t w = n - i < VF ? n - i : VF;
        vf v =
            vf_fma(vf_load_n(a + i, w, 0.0f), vf_load_n(b + i, w, 0.0f), vf_load_n(y + i, w, 0.0f));
        vf_store_n(y + i, v, w);
    }
}

static void lstm(float *gates, int64_t stride, int64_t n, const float *peephole,
                 int64_t peephole_stride, const tenon__rnn_cell *cell, float *c, float *h)
{
    float *input = gates, *output = input + stride, *forget = output + stride,
          *update = forget + stride;
    if (peephole) {
        add_product(input, peephole, c, n);
        add_product(forget, peephole + 2 * peephole_stride, c, n);
        activate(&cell->f, cell->clip, input, n);
        activate(&cell->f, cell->clip, forget, n);
    } else {
        activate(&cell->f, cell->clip, gates, 2 * stride + n); /* all three that f takes */
    }
    activate(&cell->g, cell->clip, update, n);
    for (int64_t i = 0; i < n; i += VF) {
        int64_t w = n - i < VF ? n - i : VF;
        vf in = vf_load_n(input + i, w, 0.0f), keep = vf_load_n(forget + i, w, 0.0f);
        if (cell->couple) keep = vf_sub(vf_set1(1.0f), in);
        vf v = vf_mul(in, vf_load_n(update + i, w, 0.0f));
        v = vf_fma(keep, vf_load_n(c + i, w, 0.0f), v);
        vf_store_n(c + i, v, w);
        vf_store_n(update + i, v, w);
    }
    if (peephole) {
        add_product(output, peephole + peephole_stride, c, n);
        activate(&cell->f, cell->clip, output, n);
    }
    activate(&cell->h, INFINITY, update, n);
    for (int64_t i = 0; i < n; i += VF) {
        int64_t w = n - i < VF ? n - i : VF;
        vf_store_n(h + i, vf_mul(vf_load_n(output + i, w, 0.0f), vf_load_n(update + i, w, 0.0f)),
                   w);
    }
}

/* h = (1 - z) * v + z * h_before */
static inline void blend(const float *z, const float *v, int64_t n, const float *h_before, float *h)
{
    for (int64_t i = 0; i < n; i += VF) {
        int64_t w = n - i < VF ? n - i : VF;
        vf part = vf_load_n(z + i, w, 0.0f);
        vf fresh = vf_mul(vf_sub(vf_set1(1.0f), part), vf_load_n(v + i, w, 0.0f));
        vf_store_n(h + i, vf_fma(part, vf_load_n(h_before + i, w, 0.0f), fresh), w);
    }
}

static void gru(float *gates, int64_t stride, int64_t n, const tenon__rnn_cell *cell,
                const float *h_before, float *h)
{
    float *reset = gates + stride, *state = reset + stride, *fresh = state + stride;
    activate(&cell->f, cell->clip, gates, stride + n);
    add_product(fresh, reset, state, n);
    activate(&cell->g, cell->clip, fresh, n);
    blend(gates, fresh, n, h_before, h);
}

static void gru_reset(float *gates, int64_t stride, int64_t n, const tenon__rnn_cell *cell,
                      const float *h_before, float *rh)
{
    float *reset = gates + stride;
    activate(&cell->f, cell->clip, gates, stride + n);
    for (int64_t i = 0; i < n; i += VF) {
        int64_t w = n - i < VF ? n - i : VF;
        vf_store_n(rh + i, vf_mul(vf_load_n(reset + i, w, 0.0f), vf_load_n(h_before + i, w, 0.0f)),
                   w);
    }
}

static void gru_update(const float *z, float *gate, int64_t n, const tenon__rnn_cell *cell,
                       const float *h_before, float *h)
{
    activate(&cell->g, cell->clip, gate, n);
    blend(z, gate, n, h_before, h);
}

static void simple(float *gate, int64_t n, const tenon__rnn_cell *cell, float *h)
{
    activate(&cell->f, cell->clip, gate, n);
    for (int64_t i = 0; i < n; i += VF) {
        int64_t w = n - i < VF ? n - i : VF;
        vf_store_n(h + i, vf_load_n(gate + i, w, 0.0f), w);
    }
}
