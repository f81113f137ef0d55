/* SPDX-License-Identifier: Apache-2.0 */
/* Products of bytes for the operators' references: sums in 64 bits, wrapped to 32, scales in f32.
 */
#ifndef TENON_OPKIT_QMATMUL_REF_H
#define TENON_OPKIT_QMATMUL_REF_H

#include "opkit/qmatmul.h"
#include "tensor/convert.h"

/* Parameter `at` of a list that may be shorter: it repeats. */
static inline double parameter_ref(const tenon__view *v, int64_t at, double absent)
{
    return v ? tenon__get_f64(v->dtype, v->data, (size_t)(at % tenon__view_count(v))) : absent;
}

static inline tenon_status qmatmul_ref(const tenon__run *r, const tenon__qmatmul_operands *o,
                                       const tenon__epilogue *tail)
{
    tenon__matmul mm = {0};
    tenon__view a = *o->a, b = *o->b, *y = r->out[0];
    if (o->turn_a) a.dims[0] = o->a->dims[1], a.dims[1] = o->a->dims[0];
    if (o->turn_b) b.dims[0] = o->b->dims[1], b.dims[1] = o->b->dims[0];
    tenon_status st = tenon__matmul_shape(&mm, &a, &b, r->err);
    if (st) return st;
    if (o->turn_a) mm.a_row = 1, mm.a_col = mm.m;
    if (o->turn_b) mm.b_row = 1, mm.b_col = mm.k;
    for (int64_t at = 0; at < mm.count * mm.m * mm.n; at++) {
        const int64_t s = at / mm.n / mm.m, i = at / mm.n % mm.m, j = at % mm.n;
        int64_t x, w, sum = 0;
        tenon__matmul_at(&mm, s, &x, &w);
        const int64_t a_zero = (int64_t)parameter_ref(o->a_zero, x * mm.m + i, 0);
        const int64_t b_zero = (int64_t)parameter_ref(o->b_zero, w * mm.n + j, 0);
        for (int64_t p = 0; p < mm.k; p++)
            sum += (tenon__get_i64(a.dtype, a.data,
                                   (size_t)(x * mm.a_step + i * mm.a_row + p * mm.a_col)) -
                    a_zero) *
                   (tenon__get_i64(b.dtype, b.data,
                                   (size_t)(w * mm.b_step + p * mm.b_row + j * mm.b_col)) -
                    b_zero);
        if (o->bias) {
            const int64_t rows = o->bias->rank == 2 ? o->bias->dims[0] : 1;
            const int64_t cols = o->bias->rank ? o->bias->dims[o->bias->rank - 1] : 1;
            sum += tenon__get_i64(TENON_I32, o->bias->data,
                                  (size_t)((rows == 1 ? 0 : i * cols) + (cols == 1 ? 0 : j)));
        }
        const int32_t wrapped = (int32_t)(uint32_t)(uint64_t)sum;
        if (y->dtype == TENON_I32) {
            ((int32_t *)y->data)[at] = wrapped;
            continue;
        }
        const float scale = o->alpha * (float)parameter_ref(o->a_scale, x * mm.m + i, 1) *
                            (float)parameter_ref(o->b_scale, w * mm.n + j, 1) /
                            (float)parameter_ref(o->y_scale, s * mm.m + i, 1);
        float v = (float)wrapped * scale;
        if (y->dtype == TENON_F32) {
            v += (float)parameter_ref(o->float_bias, j, 0);
            v += (float)parameter_ref(o->residual, at, 0);
            ((float *)y->data)[at] = tail ? tenon__activate(tail, v) : v;
            continue;
        }
        const double low = y->dtype == TENON_U8 ? 0 : -128;
        const double whole = nearbyint((double)v) + parameter_ref(o->y_zero, s * mm.m + i, 0);
        ((uint8_t *)y->data)[at] = (uint8_t)(int)fmin(fmax(whole, low), low + 255);
    }
    return TENON_OK;
}

#endif
