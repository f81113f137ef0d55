/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of operators along one axis: each line is copied out, computed in double, and put
 * back. For tests only. */
#ifndef TENON_OPKIT_AXIS_REF_H
#define TENON_OPKIT_AXIS_REF_H

#include <stdlib.h>

#include "opkit/axis.h"
#include "tensor/convert.h"

static tenon_status axis_ref(const tenon__run *r, void (*line)(double *x, int64_t n))
{
    const tenon__axis_attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
    int last = a->flat ? x->rank : axis + 1;
    if (axis < 0) axis = 0;
    if (last > x->rank) last = x->rank;
    int64_t outer = tenon__dims_product(x->dims, 0, axis);
    int64_t n = tenon__dims_product(x->dims, axis, last);
    int64_t inner = tenon__dims_product(x->dims, last, x->rank);
    size_t elem_bytes = tenon_dtype_bits(x->dtype) / 8;
    double *values = malloc((size_t)(n > 0 ? n : 1) * sizeof *values);
    if (!values) return tenon__fail(r->err, TENON_ENOMEM, "no memory for the reference");
    for (int64_t k = 0; n > 0 && k < outer * inner; k++) {
        int64_t at = k / inner * n * inner + k % inner;
        for (int64_t i = 0; i < n; i++)
            values[i] = tenon__get_f64(x->dtype, x->data, (size_t)(at + i * inner));
        line(values, n);
        for (int64_t i = 0; i < n; i++) {
            uint8_t *to = (uint8_t *)r->out[0]->data + (size_t)(at + i * inner) * elem_bytes;
            if (tenon__convert(TENON_F64, &values[i], x->dtype, to, 0, 1, false, r->err)) break;
        }
    }
    free(values);
    return TENON_OK;
}

#endif
