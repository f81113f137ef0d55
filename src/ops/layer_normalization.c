/* SPDX-License-Identifier: Apache-2.0 */
/* LayerNormalization: over all elements from `axis` on, Mean = E x, InvStdDev = 1 / sqrt(E (x -
 * Mean)^2 + epsilon), Y = (x - Mean) * InvStdDev * Scale + B. Scale and B broadcast against X; Mean
 * and InvStdDev keep the rank of X and have the dtype that stash_type names. f32, f64; f16 and bf16
 * widened. ONNX LayerNormalization-17. */
#include <math.h>

#include "opkit/norm.h"

static tenon_status infer(tenon__infer *c)
{
    const tenon__norm_attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    tenon_status st;
    int axis;
    for (uint32_t i = 0; i < 3; i++)
        if ((st = tenon__norm_check_dtype(c, i))) return st;
    tenon__infer_like(c, 0, 0);
    for (uint32_t i = 1; i < c->out_count; i++)
        c->out[i]->dtype = a->stash;
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    if ((st = tenon__infer_axis(c, "axis", a->axis, x->rank, &axis))) return st;
    for (uint32_t i = 1; i < 3 && i < c->in_count; i++) {
        tenon__view all = {0};
        const tenon__view *both[2] = {x, c->in[i]};
        if (!both[1] || both[1]->rank < 0) continue;
        if ((st = tenon__infer_broadcast(c, both, 2, &all))) return st;
        bool wider = all.rank != x->rank;
        for (int k = 0; k < x->rank && !wider; k++)
            wider = !tenon__dim_agrees(all.dims[k], x->dims[k]);
        if (wider)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "%s has another shape than X; it must broadcast to that",
                               i == 1 ? "Scale" : "B");
    }
    int64_t dims[TENON_MAX_RANK];
    for (int k = 0; k < x->rank; k++)
        dims[k] = k < axis ? x->dims[k] : 1;
    tenon__infer_set(c, 1, a->stash, x->rank, dims);
    tenon__infer_set(c, 2, a->stash, x->rank, dims);
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    c->kernel = tenon__norm_find(c->cpu)->name;
    return TENON_OK;
}

static const tenon__view *bias_of(uint32_t in_count, const tenon__view *const *in)
{
    return in_count > 2 ? in[2] : NULL;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__norm_attrs *a = c->attrs;
    tenon__norm_params *p = c->params;
    const tenon__view *x = c->in[0], *b = bias_of(c->in_count, c->in);
    p->axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
    int64_t n = tenon__dims_product(x->dims, p->axis, x->rank);
    if (tenon__norm_param_needs_room(c->in[1], x, p->axis) ||
        tenon__norm_param_needs_room(b, x, p->axis))
        c->scratch_bytes = 2 * sizeof(float) * (size_t)n;
    return tenon__norm_bind_rows(c, tenon__dims_product(x->dims, 0, p->axis), n,
                                 x->dtype == TENON_F32 ? 0.2 : 10);
}

/* Any mixture of dtypes, in double. */
static void row_plain(const tenon__run *r, int axis, int64_t n, int64_t row)
{
    const tenon__norm_attrs *a = r->attrs;
    const tenon__view *x = r->in[0], *scale = r->in[1], *bias = bias_of(r->in_count, r->in);
    double mean, variance;
    tenon__norm_moments(x, row * n, n, &mean, &variance);
    double inv = 1 / sqrt(variance + a->epsilon);
    for (int64_t i = 0; i < n; i++) {
        double v = (tenon__norm_get(x, row * n + i) - mean) * inv;
        v *= tenon__norm_param_get(scale, x, axis, row * n, i);
        if (bias) v += tenon__norm_param_get(bias, x, axis, row * n, i);
        tenon__norm_put(r->out[0], row * n + i, v);
    }
    if (r->out_count > 1) tenon__norm_put(r->out[1], row, mean);
    if (r->out_count > 2) tenon__norm_put(r->out[2], row, inv);
}

static void row_f32(const tenon__run *r, const tenon__norm_params *p, int64_t row)
{
    const tenon__norm_attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    const float *from = (const float *)x->data + row * p->n;
    float *room = r->scratch;
    const float *scale = tenon__norm_param_row(r->in[1], x, p->axis, row * p->n, room);
    const float *bias = tenon__norm_param_row(bias_of(r->in_count, r->in), x, p->axis, row * p->n,
                                              room ? room + p->n : NULL);
    float mean = p->kernel->sum(from, p->n) / (float)p->n;
    float variance = p->kernel->sum_square(from, p->n, mean) / (float)p->n;
    float inv = 1 / sqrtf(variance + a->epsilon);
    p->kernel->affine(from, (float *)r->out[0]->data + row * p->n, p->n, mean, inv, scale, bias);
    if (r->out_count > 1) tenon__norm_put(r->out[1], row, mean);
    if (r->out_count > 2) tenon__norm_put(r->out[2], row, inv);
}

static tenon_status run(const tenon__run *r)
{
    const tenon__norm_params *p = r->params;
    const tenon__view *bias = bias_of(r->in_count, r->in);
    bool fast = p->n && r->in[0]->dtype == TENON_F32 && r->in[1]->dtype == TENON_F32 &&
                (!bias || bias->dtype == TENON_F32);
    int64_t from, to;
    tenon__norm_tile(p, r->tile, &from, &to);
    for (int64_t row = from; row < to; row++)
        if (fast)
            row_f32(r, p, row);
        else
            row_plain(r, p->axis, p->n, row);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const tenon__norm_attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
    int64_t n = tenon__dims_product(x->dims, axis, x->rank);
    for (int64_t row = 0; row < tenon__dims_product(x->dims, 0, axis); row++)
        row_plain(r, axis, n, row);
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "LayerNormalization", 1, 0, NULL}, {0}};

const tenon__op tenon__op_layer_normalization = {
    .name = "LayerNormalization",
    .doc = "Mean 0 and variance 1 over the last axes, then scaled and shifted",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 3,
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
