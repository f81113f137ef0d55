/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of Conv, position by position in double. Included where TENON_TEST_REF is set. */
#ifndef TENON_OPKIT_CONVOLVE_REF_H
#define TENON_OPKIT_CONVOLVE_REF_H

#include "opkit/convolve.h"
#include "tensor/convert.h"

/* Offset under tap `t` of output position o (both flattened) in the plane; -1 outside. */
static inline int64_t convolve_ref_locate(const tenon__conv_grid *g, int64_t o, int64_t t)
{
    int64_t at = 0, step = 1;
    for (int i = g->rank - 1; i >= 0; i--) {
        const tenon__conv_axis *x = &g->axis[i];
        int64_t pos = x->first + o % x->count * x->step + t % x->taps * x->delta;
        if (pos < 0 || pos >= x->in) return -1;
        at += pos * step;
        step *= x->in;
        o /= x->count;
        t /= x->taps;
    }
    return at;
}

static inline double convolve_ref_number(const tenon__run *r, uint32_t i, int64_t at, double absent)
{
    const tenon__view *v = i < r->in_count ? r->in[i] : NULL;
    return v ? tenon__get_f64(v->dtype, v->data, (size_t)at) : absent;
}

/* Inputs X, W, B, Z (added), F (factors of W by output channel), in plain layout. */
static inline tenon_status convolve_ref(const tenon__run *r, const tenon__convolve_attrs *a,
                                        const tenon__epilogue *tail)
{
    tenon__convolve_shape s;
    tenon__conv_grid g;
    tenon_status st = tenon__convolve_fit(a, r->in[0], r->in[1], &s, r->err);
    if (st) return st;
    tenon__convolve_grid(&s, &g);
    for (int64_t plane = 0; plane < s.batch * s.group; plane++)
        for (int64_t o = 0; o < s.outputs; o++)
            for (int64_t i = 0; i < g.positions; i++) {
                const int64_t m = plane % s.group * s.outputs + o;
                const int64_t to = (plane * s.outputs + o) * g.positions + i;
                double sum = 0;
                for (int64_t tap = 0; tap < g.taps; tap++) {
                    int64_t at = convolve_ref_locate(&g, i, tap);
                    for (int64_t c = 0; at >= 0 && c < s.channels; c++)
                        sum +=
                            convolve_ref_number(r, 0, (plane * s.channels + c) * g.plane + at, 0) *
                            convolve_ref_number(r, 1, (m * s.channels + c) * g.taps + tap, 0);
                }
                sum = sum * convolve_ref_number(r, 4, m, 1) + convolve_ref_number(r, 2, m, 0) +
                      convolve_ref_number(r, 3, to, 0);
                if (r->out[0]->dtype == TENON_F64)
                    ((double *)r->out[0]->data)[to] = sum;
                else
                    ((float *)r->out[0]->data)[to] = tenon__activate(tail, (float)sum);
            }
    return TENON_OK;
}

#endif
