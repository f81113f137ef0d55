/* SPDX-License-Identifier: Apache-2.0 */
/* GroupNormalization: the channels of each sample fall into num_groups equal groups; over each of
 * these y = (x - mean) / sqrt(variance + epsilon) * scale + bias, where scale and bias have one
 * number for each channel (before opset 21: for each group). x [N, C, ...]; f32, f64; f16 and bf16
 * widened. ONNX GroupNormalization-21. */
#include <math.h>

#include "opkit/norm.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__norm_attrs *a = attrs;
    tenon_status st = tenon__norm_read(graph, node, attrs, err);
    if (st) return st;
    if (a->groups < 1)
        return tenon__fail(err, TENON_EFORMAT, "num_groups is %lld; at least 1 is wanted",
                           (long long)a->groups);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__norm_attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    tenon_status st = tenon__norm_check_dtype(c, 0);
    if (st) return st;
    tenon__infer_like(c, 0, 0);
    if (x->rank == 0 || x->rank == 1)
        return tenon__fail(c->err, TENON_ESHAPE, "X has rank %d; [N, C, ...] is wanted", x->rank);
    int64_t channels = x->rank < 0 ? TENON__DIM_UNKNOWN : x->dims[1];
    if (channels >= 0 && channels % a->groups)
        return tenon__fail(c->err, TENON_ESHAPE, "%lld channels do not fall into %lld equal groups",
                           (long long)channels, (long long)a->groups);
    int64_t count = c->node->opset < 21 ? a->groups : channels;
    if ((st = tenon__norm_check_vector(c, 1, "scale", count))) return st;
    return tenon__norm_check_vector(c, 2, "bias", count);
}

static tenon_status prepare(tenon__prepare *c)
{
    c->kernel = tenon__norm_find(c->cpu)->name;
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__norm_attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    int64_t n = x->dims[1] / a->groups * tenon__dims_product(x->dims, 2, x->rank);
    return tenon__norm_bind_rows(c, n ? x->dims[0] * a->groups : 0, n,
                                 x->dtype == TENON_F32 ? 0.2 : 10);
}

/* One group: its channels share mean and variance. */
static void row_plain(const tenon__run *r, int64_t row)
{
    const tenon__norm_attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    int64_t channels = x->dims[1] / a->groups, places = tenon__dims_product(x->dims, 2, x->rank);
    int64_t at = row * channels * places, group = row % a->groups;
    double mean, variance;
    tenon__norm_moments(x, at, channels * places, &mean, &variance);
    double inv = 1 / sqrt(variance + a->epsilon);
    for (int64_t k = 0; k < channels; k++) {
        int64_t i = r->node->opset < 21 ? group : group * channels + k;
        double factor = inv * tenon__norm_get(r->in[1], i), bias = tenon__norm_get(r->in[2], i);
        for (int64_t j = 0; j < places; j++, at++)
            tenon__norm_put(r->out[0], at, (tenon__norm_get(x, at) - mean) * factor + bias);
    }
}

static void row_f32(const tenon__run *r, const tenon__norm_params *p, int64_t row)
{
    const tenon__norm_attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    int64_t channels = x->dims[1] / a->groups, places = p->n / channels, group = row % a->groups;
    const float *from = (const float *)x->data + row * p->n;
    float *to = (float *)r->out[0]->data + row * p->n;
    float mean = p->kernel->sum(from, p->n) / (float)p->n;
    float variance = p->kernel->sum_square(from, p->n, mean) / (float)p->n;
    double inv = 1 / sqrt((double)variance + a->epsilon);
    for (int64_t k = 0; k < channels; k++) {
        int64_t i = r->node->opset < 21 ? group : group * channels + k;
        p->kernel->linear(from + k * places, to + k * places, places, mean,
                          (float)(inv * tenon__norm_get(r->in[1], i)),
                          (float)tenon__norm_get(r->in[2], i));
    }
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
            row_plain(r, row);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const tenon__norm_attrs *a = r->attrs;
    if (tenon__view_count(r->in[0]) == 0) return TENON_OK;
    for (int64_t row = 0; row < r->in[0]->dims[0] * a->groups; row++)
        row_plain(r, row);
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "GroupNormalization", 18, 0, NULL}, {0}};

const tenon__op tenon__op_group_normalization = {
    .name = "GroupNormalization",
    .doc = "Mean 0 and variance 1 of each group of channels, then scaled and shifted",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__norm_attrs),
    .params_bytes = sizeof(tenon__norm_params),
    .read = read,
    .infer = infer,
    .prepare = prepare,
    .bind = bind,
    TENON__REF(ref).run = run,
};
