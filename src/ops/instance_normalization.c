/* SPDX-License-Identifier: Apache-2.0 */
/* InstanceNormalization: for each sample and channel, y = (x - mean) / sqrt(variance + epsilon) *
 * scale[c] + B[c] over its own places. x [N, C, ...]; f32, f64; f16 and bf16 widened. ONNX
 * InstanceNormalization-22. */
#include <math.h>

#include "opkit/norm.h"

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *x = c->in[0];
    tenon_status st = tenon__norm_check_dtype(c, 0);
    if (st) return st;
    tenon__infer_like(c, 0, 0);
    if (x->rank == 0 || x->rank == 1)
        return tenon__fail(c->err, TENON_ESHAPE, "the input has rank %d; [N, C, ...] is wanted",
                           x->rank);
    int64_t channels = x->rank < 0 ? TENON__DIM_UNKNOWN : x->dims[1];
    if ((st = tenon__norm_check_vector(c, 1, "scale", channels))) return st;
    return tenon__norm_check_vector(c, 2, "B", channels);
}

static tenon_status prepare(tenon__prepare *c)
{
    c->kernel = tenon__norm_find(c->cpu)->name;
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *x = c->in[0];
    return tenon__norm_bind_rows(c, x->dims[0] * x->dims[1],
                                 tenon__dims_product(x->dims, 2, x->rank),
                                 x->dtype == TENON_F32 ? 0.2 : 10);
}

static void row_plain(const tenon__run *r, int64_t n, int64_t row)
{
    const tenon__norm_attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    double mean, variance;
    int64_t channel = row % x->dims[1];
    tenon__norm_moments(x, row * n, n, &mean, &variance);
    double factor = tenon__norm_get(r->in[1], channel) / sqrt(variance + a->epsilon);
    double bias = tenon__norm_get(r->in[2], channel);
    for (int64_t i = row * n; i < row * n + n; i++)
        tenon__norm_put(r->out[0], i, (tenon__norm_get(x, i) - mean) * factor + bias);
}

static void row_f32(const tenon__run *r, const tenon__norm_params *p, int64_t row)
{
    const tenon__norm_attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    const float *from = (const float *)x->data + row * p->n;
    int64_t channel = row % x->dims[1];
    float mean = p->kernel->sum(from, p->n) / (float)p->n;
    float variance = p->kernel->sum_square(from, p->n, mean) / (float)p->n;
    float factor =
        (float)(tenon__norm_get(r->in[1], channel) / sqrt((double)variance + a->epsilon));
    p->kernel->linear(from, (float *)r->out[0]->data + row * p->n, p->n, mean, factor,
                      (float)tenon__norm_get(r->in[2], channel));
}

static tenon_status run(const tenon__run *r)
{
    const tenon__norm_params *p = r->params;
    int64_t from, to;
    tenon__norm_tile(p, r->tile, &from, &to);
    for (int64_t row = from; row < to; row++)
        if (r->in[0]->dtype == TENON_F32)
            row_f32(r, p, row);
        else
            row_plain(r, p->n, row);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const tenon__view *x = r->in[0];
    int64_t n = tenon__dims_product(x->dims, 2, x->rank);
    for (int64_t row = 0; row < x->dims[0] * x->dims[1]; row++)
        row_plain(r, n, row);
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "InstanceNormalization", 6, 0, NULL}, {0}};

const tenon__op tenon__op_instance_normalization = {
    .name = "InstanceNormalization",
    .doc = "Mean 0 and variance 1 of each channel of each sample, then scaled and shifted",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__norm_attrs),
    .params_bytes = sizeof(tenon__norm_params),
    .read = tenon__norm_read,
    .infer = infer,
    .prepare = prepare,
    .bind = bind,
    TENON__REF(ref).run = run,
};
