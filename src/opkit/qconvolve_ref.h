/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of the convolutions of bytes. Included where TENON_TEST_REF is set. */
#ifndef TENON_OPKIT_QCONVOLVE_REF_H
#define TENON_OPKIT_QCONVOLVE_REF_H

#include <math.h>

#include "opkit/qconvolve.h"
#include "tensor/convert.h"

static inline int64_t qconvolve_ref_locate(const tenon__window *w, int64_t o, int64_t t)
{
    int64_t at = 0, step = 1;
    for (int i = w->rank - 1; i >= 0; i--) {
        const tenon__window_axis *x = &w->axis[i];
        int64_t pos = o % x->out * x->stride + t % x->kernel * x->dilation - x->before;
        if (pos < 0 || pos >= x->in) return -1;
        at += pos * step;
        step *= x->in;
        o /= x->out;
        t /= x->kernel;
    }
    return at;
}

/* All of it. */
static inline void qconvolve_ref(const tenon__run *r, const tenon__qconvolve_inputs *in,
                                 const tenon__qconvolve_tail *tail)
{
    const tenon__qconvolve_params *p = r->params;
    const tenon__convolve_shape *s = &p->shape;
    const tenon__view *x = r->in[in->x], *w = r->in[in->w];
    int64_t taps = 1;
    for (int i = 0; i < s->window.rank; i++)
        taps *= s->window.axis[i].kernel;
    for (int64_t i = 0; i < s->batch * s->group * s->outputs * p->grid.positions; i++) {
        const int64_t o = i % p->grid.positions,
                      m = i / p->grid.positions % (s->group * s->outputs);
        const int64_t n = i / p->grid.positions / (s->group * s->outputs), group = m / s->outputs;
        int64_t sum = tail && tail->bias ? tail->bias[m] : 0;
        for (int64_t c = 0; c < s->channels; c++)
            for (int64_t t = 0; t < taps; t++) {
                const int64_t at = qconvolve_ref_locate(&s->window, o, t);
                if (at < 0) continue;
                const int64_t plane = (n * s->group + group) * s->channels + c;
                sum +=
                    (tenon__get_i64(x->dtype, x->data, (size_t)(plane * p->grid.plane + at)) -
                     tenon__qconvolve_zero(r, in->x_zero, 0)) *
                    (tenon__get_i64(w->dtype, w->data, (size_t)((m * s->channels + c) * taps + t)) -
                     tenon__qconvolve_zero(r, in->w_zero, m));
            }
        if (!tail) {
            ((int32_t *)r->out[0]->data)[i] = (int32_t)sum;
            continue;
        }
        const double low = r->out[0]->dtype == TENON_I8 ? -128 : 0;
        double v = (double)rintf((float)sum * tenon__qconvolve_scale(tail, m)) + tail->y_zero;
        v = v < low ? low : v > low + 255 ? low + 255 : v;
        ((uint8_t *)r->out[0]->data)[i] = (uint8_t)(int32_t)v;
    }
}

#endif
