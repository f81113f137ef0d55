/* SPDX-License-Identifier: Apache-2.0 */
/* Hardmax: 1 at the first largest element along axis, 0 elsewhere; the first NaN counts as largest.
 * Before opset 13 all axes from `axis` (default 1) on are one line. f32, f64; f16 and bf16 widened.
 * ONNX Hardmax-13. */
#include "opkit/axis.h"

static tenon_status bind(tenon__bind *c)
{
    tenon__axis_bind(c, c->params, 1.5);
    return TENON_OK;
}

static void line_f64(const double *x, double *y, int64_t n, int64_t stride)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[best * stride] == x[best * stride] && !(x[i * stride] <= x[best * stride])) best = i;
    for (int64_t i = 0; i < n; i++)
        y[i * stride] = i == best;
}

static void line_f32(const float *x, float *y, int64_t n, int64_t stride)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[best * stride] == x[best * stride] && !(x[i * stride] <= x[best * stride])) best = i;
    for (int64_t i = 0; i < n; i++)
        y[i * stride] = i == best;
}

static tenon_status run(const tenon__run *r)
{
    const tenon__axis_params *p = r->params;
    int64_t from, to;
    tenon__axis_pieces(p, r->tile, &from, &to);
    for (int64_t i = from; i < to; i++) {
        tenon__axis_piece piece = tenon__axis_piece_get(p, i);
        for (int64_t j = piece.at; j < piece.at + piece.lanes; j++)
            if (r->in[0]->dtype == TENON_F64)
                line_f64((const double *)r->in[0]->data + j, (double *)r->out[0]->data + j, p->n,
                         p->inner);
            else
                line_f32((const float *)r->in[0]->data + j, (float *)r->out[0]->data + j, p->n,
                         p->inner);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Hardmax", 1, 0, NULL}, {0}};

const tenon__op tenon__op_hardmax = {
    .name = "Hardmax",
    .doc = "1 at the first largest element along an axis, 0 elsewhere",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__axis_attrs),
    .params_bytes = sizeof(tenon__axis_params),
    .read = tenon__axis_read,
    .infer = tenon__axis_infer,
    .bind = bind,
    .run = run,
};
