/* SPDX-License-Identifier: Apache-2.0 */
/* The references of the pools: one window at a time, in double. Included where TENON_TEST_REF is
 * set. */
#ifndef TENON_OPKIT_POOL_REF_H
#define TENON_OPKIT_POOL_REF_H

#include <math.h>

#include "opkit/pool.h"
#include "tensor/convert.h"

/* Offset in the plane of tap t of the window at position o; -1 in the padding, -2 beyond it. */
static inline int64_t pool_ref_locate(const tenon__window *w, int64_t o, int64_t t)
{
    int64_t at = 0, step = 1, missing = 0;
    for (int i = w->rank - 1; i >= 0; i--) {
        const tenon__window_axis *x = &w->axis[i];
        int64_t pos = o % x->out * x->stride + t % x->kernel * x->dilation - x->before;
        if (pos >= x->in + x->after)
            missing = -2;
        else if ((pos < 0 || pos >= x->in) && !missing)
            missing = -1;
        at += pos * step;
        step *= x->in;
        o /= x->out;
        t /= x->kernel;
    }
    return missing ? missing : at;
}

/* LP1 stands for any power. *where is the offset of the maximum, -1 where there is none. */
static inline double pool_ref_one(const tenon__pool_params *p, tenon_dtype d, const void *x,
                                  int64_t plane, int64_t o, tenon__pool_kind kind, bool padded,
                                  int64_t power, int64_t *where)
{
    int64_t taps = 1, count = 0;
    double sum = kind == TENON__POOL_MAX ? -(double)INFINITY : 0;
    *where = -1;
    for (int i = 0; i < p->window.rank; i++)
        taps *= p->window.axis[i].kernel;
    for (int64_t t = 0; t < taps; t++) {
        int64_t at = pool_ref_locate(&p->window, o, t);
        if (at >= 0 || (at == -1 && padded)) count++;
        if (at < 0) continue;
        double v = tenon__get_f64(d, x, (size_t)(plane * p->plane_in + at));
        if (kind == TENON__POOL_MAX && (*where < 0 || v > sum || (isnan(v) && !isnan(sum)))) {
            sum = v;
            *where = at;
        }
        if (kind == TENON__POOL_AVERAGE) sum += v;
        if (kind == TENON__POOL_LP1) sum += pow(fabs(v), (double)power);
    }
    if (kind == TENON__POOL_AVERAGE) return count ? sum / (double)count : 0;
    if (kind == TENON__POOL_LP1) return pow(sum, 1.0 / (double)power);
    return sum;
}

static inline void pool_ref_store(const tenon__view *y, int64_t at, double v)
{
    switch (y->dtype) {
    case TENON_F64:
        ((double *)y->data)[at] = v;
        break;
    case TENON_U8:
        ((uint8_t *)y->data)[at] = v < 0 ? 0 : (uint8_t)v;
        break;
    case TENON_I8:
        ((int8_t *)y->data)[at] = v < -128 ? -128 : (int8_t)v;
        break;
    default:
        ((float *)y->data)[at] = (float)v;
        break;
    }
}

#endif
