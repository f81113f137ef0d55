/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrent cells in plain C. */
#include "kernels/rnn/rnn.h"

#include <stddef.h>

static float act(const tenon__rnn_act *a, const tenon__rnn_cell *cell, float x)
{
    return (float)tenon__rnn_apply(a, cell->clip, x);
}

static void lstm(float *gates, int64_t stride, int64_t n, const float *peephole,
                 int64_t peephole_stride, const tenon__rnn_cell *cell, float *c, float *h)
{
    const float *p = peephole;
    for (int64_t k = 0; k < n; k++) {
        float *i = gates + k, *o = i + stride, *f = o + stride, *z = f + stride;
        float input = act(&cell->f, cell, p ? *i + p[k] * c[k] : *i);
        float forget = act(&cell->f, cell, p ? *f + p[2 * peephole_stride + k] * c[k] : *f);
        if (cell->couple) forget = 1 - input;
        c[k] = forget * c[k] + input * act(&cell->g, cell, *z);
        float output = act(&cell->f, cell, p ? *o + p[peephole_stride + k] * c[k] : *o);
        h[k] = output * (float)tenon__rnn_apply(&cell->h, INFINITY, c[k]);
    }
}

static void gru(float *gates, int64_t stride, int64_t n, const tenon__rnn_cell *cell,
                const float *h_before, float *h)
{
    for (int64_t k = 0; k < n; k++) {
        const float *g = gates + k;
        float z = act(&cell->f, cell, g[0]), r = act(&cell->f, cell, g[stride]);
        float v = act(&cell->g, cell, g[3 * stride] + r * g[2 * stride]);
        h[k] = (1 - z) * v + z * h_before[k];
    }
}

static void gru_reset(float *gates, int64_t stride, int64_t n, const tenon__rnn_cell *cell,
                      const float *h_before, float *rh)
{
    for (int64_t k = 0; k < n; k++) {
        gates[k] = act(&cell->f, cell, gates[k]);
        rh[k] = act(&cell->f, cell, gates[stride + k]) * h_before[k];
    }
}

static void gru_update(const float *z, float *gate, int64_t n, const tenon__rnn_cell *cell,
                       const float *h_before, float *h)
{
    for (int64_t k = 0; k < n; k++)
        h[k] = (1 - z[k]) * act(&cell->g, cell, gate[k]) + z[k] * h_before[k];
}

static void simple(float *gate, int64_t n, const tenon__rnn_cell *cell, float *h)
{
    for (int64_t k = 0; k < n; k++)
        h[k] = act(&cell->f, cell, gate[k]);
}

extern const tenon__rnn_row tenon__rnn_ref;
const tenon__rnn_row tenon__rnn_ref = {"rnn-ref", 0, lstm, gru, gru_reset, gru_update, simple};
