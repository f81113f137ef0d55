/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax: y = exp(x - max) / sum(exp(x - max)) along axis; NaN for a line that holds NaN or inf,
 * or nothing but -inf. Before opset 13 all axes from `axis` (default 1) on are one line. f32, f64;
 * f16 and bf16 widened. ONNX Softmax-13. */
#include <math.h>

#include "kernels/softmax/softmax.h"
#include "opkit/axis.h"

static tenon_status prepare(tenon__prepare *c)
{
    c->kernel = tenon__softmax_find(c->cpu)->name;
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    tenon__axis_params *p = c->params;
    p->kernel = tenon__softmax_find(c->cpu);
    tenon__axis_bind(c, p, c->in[0]->dtype == TENON_F32 ? 0.4 : 15);
    return TENON_OK;
}

/* One line of f64. */
static void line_f64(const double *x, double *y, int64_t n, int64_t stride)
{
    double max = x[0], sum = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i * stride] > max) max = x[i * stride];
    for (int64_t i = 0; i < n; i++)
        sum += y[i * stride] = exp(x[i * stride] - max);
    for (int64_t i = 0; i < n; i++)
        y[i * stride] /= sum;
}

static tenon_status run(const tenon__run *r)
{
    const tenon__axis_params *p = r->params;
    const tenon__softmax_row *kernel = p->kernel;
    int64_t from, to;
    tenon__axis_pieces(p, r->tile, &from, &to);
    for (int64_t i = from; i < to; i++) {
        tenon__axis_piece piece = tenon__axis_piece_get(p, i);
        if (r->in[0]->dtype == TENON_F64) {
            for (int64_t j = piece.at; j < piece.at + piece.lanes; j++)
                line_f64((const double *)r->in[0]->data + j, (double *)r->out[0]->data + j, p->n,
                         p->inner);
            continue;
        }
        const float *x = (const float *)r->in[0]->data + piece.at;
        float *y = (float *)r->out[0]->data + piece.at;
        if (p->inner == 1)
            kernel->row(x, y, p->n);
        else
            kernel->cols(x, y, p->n, p->inner, piece.lanes);
    }
    return TENON_OK;
}

#ifdef TENON_TEST_REF
#include "opkit/axis_ref.h"

static void line_ref(double *x, int64_t n)
{
    line_f64(x, x, n, 1);
}

static tenon_status ref(const tenon__run *r)
{
    return axis_ref(r, line_ref);
}
#endif

static const tenon__import imports[] = {{"onnx", "", "Softmax", 1, 0, NULL}, {0}};

const tenon__op tenon__op_softmax = {
    .name = "Softmax",
    .doc = "Exponentials along an axis, scaled to the sum 1",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__axis_attrs),
    .params_bytes = sizeof(tenon__axis_params),
    .read = tenon__axis_read,
    .infer = tenon__axis_infer,
    .prepare = prepare,
    .bind = bind,
    TENON__REF(ref).run = run,
};
