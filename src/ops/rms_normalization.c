/* SPDX-License-Identifier: Apache-2.0 */
/* RMSNormalization: over all elements from `axis` on, Y = x / sqrt(E x^2 + epsilon) * scale, which
 * broadcasts against X and gives Y its dtype. f32, f64; f16 and bf16 widened. ONNX
 * RMSNormalization-23. */
#include <math.h>

#include "opkit/norm.h"

static tenon_status infer(tenon__infer *c)
{
    const tenon__norm_attrs *a = c->attrs;
    const tenon__view *x = c->in[0], *scale = c->in[1];
    tenon_status st;
    int axis;
    for (uint32_t i = 0; i < 2; i++)
        if ((st = tenon__norm_check_dtype(c, i))) return st;
    tenon__infer_like(c, 0, 0);
    c->out[0]->dtype = scale->dtype;
    if (tenon__infer_rank_unknown(c, 2)) return TENON_OK;
    if ((st = tenon__infer_axis(c, "axis", a->axis, x->rank, &axis))) return st;
    tenon__view all = {0};
    const tenon__view *both[2] = {x, scale};
    if ((st = tenon__infer_broadcast(c, both, 2, &all))) return st;
    bool wider = all.rank != x->rank;
    for (int k = 0; k < x->rank && !wider; k++)
        wider = !tenon__dim_agrees(all.dims[k], x->dims[k]);
    if (wider)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "scale has another shape than X; it must broadcast to that");
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    c->kernel = tenon__norm_find(c->cpu)->name;
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__norm_attrs *a = c->attrs;
    tenon__norm_params *p = c->params;
    const tenon__view *x = c->in[0];
    p->axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
    int64_t n = tenon__dims_product(x->dims, p->axis, x->rank);
    if (tenon__norm_param_needs_room(c->in[1], x, p->axis))
        c->scratch_bytes = sizeof(float) * (size_t)n;
    return tenon__norm_bind_rows(c, tenon__dims_product(x->dims, 0, p->axis), n,
                                 x->dtype == TENON_F32 ? 0.15 : 10);
}

/* Any mixture of dtypes, in double. */
static void row_plain(const tenon__run *r, int axis, int64_t n, int64_t row)
{
    const tenon__norm_attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    double square = 0;
    for (int64_t i = 0; i < n; i++) {
        double v = tenon__norm_get(x, row * n + i);
        square += v * v;
    }
    double inv = 1 / sqrt(square / (double)n + a->epsilon);
    for (int64_t i = 0; i < n; i++)
        tenon__norm_put(r->out[0], row * n + i,
                        tenon__norm_get(x, row * n + i) * inv *
                            tenon__norm_param_get(r->in[1], x, axis, row * n, i));
}

static tenon_status run(const tenon__run *r)
{
    const tenon__norm_attrs *a = r->attrs;
    const tenon__norm_params *p = r->params;
    const tenon__view *x = r->in[0];
    bool fast = x->dtype == TENON_F32 && r->in[1]->dtype == TENON_F32;
    int64_t from, to;
    tenon__norm_tile(p, r->tile, &from, &to);
    for (int64_t row = from; row < to; row++) {
        if (!fast) {
            row_plain(r, p->axis, p->n, row);
            continue;
        }
        const float *in = (const float *)x->data + row * p->n;
        const float *scale = tenon__norm_param_row(r->in[1], x, p->axis, row * p->n, r->scratch);
        float square = p->kernel->sum_square(in, p->n, 0) / (float)p->n;
        p->kernel->affine(in, (float *)r->out[0]->data + row * p->n, p->n, 0,
                          1 / sqrtf(square + a->epsilon), scale, NULL);
    }
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

static const tenon__import imports[] = {{"onnx", "", "RMSNormalization", 1, 0, NULL}, {0}};

const tenon__op tenon__op_rms_normalization = {
    .name = "RMSNormalization",
    .doc = "Mean square 1 over the last axes, then scaled",
    .min_inputs = 2,
    .max_inputs = 2,
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
