/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of element-wise operators: element by element, in double. For files in src/ops,
 * which say
 *
 *     TENON__ELTWISE_REF(x[0] < 0 ? p[0] * x[0] : x[0])
 *
 * and get a `ref` where tests are built, nothing elsewhere. x are the operands as the node has
 * them, p the formula's parameters. Integers beyond 2^53 are not for it. */
#ifndef TENON_OPKIT_ELTWISE_REF_H
#define TENON_OPKIT_ELTWISE_REF_H

#include "opkit/eltwise.h"

#ifdef TENON_TEST_REF

#include <math.h>

#include "tensor/convert.h"

/* The element of `in` that belongs to element `position` of `out`, numpy's way. */
static inline size_t tenon__ref_index(const tenon__view *out, const tenon__view *in, int first,
                                      size_t position)
{
    size_t index = 0, stride = 1;
    for (int i = out->rank; i-- > 0;) {
        size_t at = position % (size_t)out->dims[i];
        position /= (size_t)out->dims[i];
        if (i < first || i >= first + in->rank) continue;
        if (in->dims[i - first] != 1) index += at * stride;
        stride *= (size_t)in->dims[i - first];
    }
    return index;
}

static inline tenon_status tenon__eltwise_ref(const tenon__run *r,
                                              double (*formula)(const double *, const float *))
{
    const tenon__eltwise_attrs *a = r->attrs;
    const tenon__view *out = r->out[0];
    size_t bytes = tenon_dtype_bits(out->dtype) / 8, count = (size_t)tenon__view_count(out);
    tenon_status status = TENON_OK;
    for (size_t k = 0; k < count && !status; k++) {
        double x[TENON__FORMULA_OPERANDS] = {0};
        for (uint32_t i = 0; i < r->in_count; i++) {
            const tenon__view *in = r->in[i];
            int first = out->rank - in->rank;
            if (i == 1 && a->old_axis && first > 0)
                first = (int)(a->axis < 0 ? a->axis + out->rank : a->axis);
            x[i] = tenon__get_f64(in->dtype, in->data, tenon__ref_index(out, in, first, k));
        }
        double y = formula(x, a->p);
        status = tenon__convert(TENON_F64, &y, out->dtype, (char *)out->data + k * bytes, 0, 1,
                                true, r->err);
    }
    return status;
}

#define TENON__ELTWISE_REF(expr)                                                                   \
    static double formula(const double *x, const float *p)                                         \
    {                                                                                              \
        (void)p;                                                                                   \
        return expr;                                                                               \
    }                                                                                              \
    static tenon_status ref(const tenon__run *r)                                                   \
    {                                                                                              \
        return tenon__eltwise_ref(r, formula);                                                     \
    }

#else
#define TENON__ELTWISE_REF(expr)
#endif

#endif
