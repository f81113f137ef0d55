/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of the operators Reduce*: for each output one look at every input element, all in
 * double. For tests only. */
#ifndef TENON_OPKIT_REDUCE_REF_H
#define TENON_OPKIT_REDUCE_REF_H

#include <math.h>

#include "opkit/reduce.h"
#include "tensor/convert.h"

/* Whether axis k was reduced. With keepdims the shapes tell all that matters; without, the axes
 * must be read. */
static bool reduce_ref_axis(const tenon__run *r, int k)
{
    const tenon__reduce_attrs *a = r->attrs;
    const tenon__view *v = r->in_count > 1 ? r->in[1] : NULL;
    int64_t count = v ? tenon__view_count(v) : a->axis_count;
    for (int64_t i = 0; i < count; i++) {
        int64_t axis = v ? tenon__get_i64(v->dtype, v->data, (size_t)i) : a->axes[i];
        if (axis == k || axis + r->in[0]->rank == k) return true;
    }
    return count == 0 && !a->noop;
}

static int64_t reduce_ref_output(const tenon__run *r, int64_t i)
{
    const tenon__view *x = r->in[0];
    int64_t at = 0, stride = 1;
    for (int k = x->rank; k-- > 0;) {
        if (!reduce_ref_axis(r, k)) {
            at += i % x->dims[k] * stride;
            stride *= x->dims[k];
        }
        i /= x->dims[k];
    }
    return at;
}

static double reduce_ref_step(tenon__reduction reduction, double s, double v, double shift)
{
    switch (reduction) {
    case TENON__REDUCE_SUM:
        return s + v;
    case TENON__REDUCE_SUM_ABS:
        return s + fabs(v);
    case TENON__REDUCE_SUM_SQUARE:
        return s + v * v;
    case TENON__REDUCE_SUM_EXP:
        return s + exp(v - shift);
    case TENON__REDUCE_PROD:
        return s * v;
    case TENON__REDUCE_MAX:
        return isnan(s) || s > v ? s : v;
    default:
        return isnan(s) || s < v ? s : v;
    }
}

static double reduce_ref_fold(const tenon__run *r, int64_t o, tenon__reduction reduction,
                              double shift, int64_t *folded)
{
    const tenon__view *x = r->in[0];
    double s = 0;
    tenon__reduce_start(TENON_F64, reduction, &s, 1);
    *folded = 0;
    for (int64_t i = 0; i < tenon__view_count(x); i++) {
        if (reduce_ref_output(r, i) != o) continue;
        s = reduce_ref_step(reduction, s, tenon__get_f64(x->dtype, x->data, (size_t)i), shift);
        ++*folded;
    }
    return s;
}

static tenon_status reduce_ref(const tenon__run *r, tenon__reduction reduction,
                               tenon__reduce_finish finish)
{
    const tenon__view *y = r->out[0];
    for (int64_t o = 0; o < tenon__view_count(y); o++) {
        int64_t folded;
        double shift = reduction == TENON__REDUCE_SUM_EXP
                           ? reduce_ref_fold(r, o, TENON__REDUCE_MAX, 0, &folded)
                           : 0;
        if (!isfinite(shift)) shift = 0;
        double s = reduce_ref_fold(r, o, reduction, shift, &folded);
        if (!folded && tenon__reduce_plain(y->dtype, reduction) && y->dtype != TENON_F64) {
            /* An integer's own least and most. */
            tenon__reduce_start(y->dtype, reduction,
                                (uint8_t *)y->data + o * (tenon_dtype_bits(y->dtype) / 8), 1);
            continue;
        }
        if (finish == TENON__FINISH_MEAN) s /= (double)folded;
        if (finish == TENON__FINISH_SQRT) s = sqrt(s);
        if (finish == TENON__FINISH_LOG) s = log(s) + shift;
        tenon_status st = tenon__convert(TENON_F64, &s, y->dtype,
                                         (uint8_t *)y->data + o * (tenon_dtype_bits(y->dtype) / 8),
                                         0, 1, false, r->err);
        if (st) return st;
    }
    return TENON_OK;
}

#endif
