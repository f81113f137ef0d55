/* SPDX-License-Identifier: Apache-2.0 */
/* CausalConvWithState: each channel by itself, y[t] = bias + sum over i < k of weight[i] * z[t + i]
 * where z is past_state (k - 1 elements, default 0) and then the input; "silu" or "swish" applies y
 * * sigmoid(y). present_state is the last k - 1 elements of z. input [batch, channels, length],
 * weight [channels, 1, k], bias [channels], states [batch, channels, k - 1]. f32; f16 and bf16
 * widened. ONNX CausalConvWithState-27. */
#include <math.h>

#include "opkit/norm.h"

typedef struct attrs {
    bool silu;
} attrs;

typedef struct params {
    int64_t rows, length, k, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    tenon_status st = tenon__attr_check(node, "activation", TENON__ATTR_STRING, err);
    if (st) return st;
    tenon__str name = tenon__attr_str(node, "activation", "none");
    a->silu = tenon__str_is(name, "silu") || tenon__str_is(name, "swish");
    if (!a->silu && !tenon__str_is(name, "none"))
        return tenon__fail(err, TENON_EFORMAT,
                           "activation is '%.*s'; 'none', 'silu' or 'swish' is wanted",
                           TENON__STR_ARG(name));
    return TENON_OK;
}

static tenon_status check(tenon__infer *c, uint32_t i, const char *name, int rank,
                          const int64_t *dims)
{
    const tenon__view *v = i < c->in_count ? c->in[i] : NULL;
    char text[128];
    if (!v) return TENON_OK;
    tenon_status st = tenon__norm_check_dtype(c, i);
    if (st) return st;
    if (v->dtype == TENON_F64)
        return tenon__fail(c->err, TENON_ETYPE, "%s is float64; float32 is wanted", name);
    if (v->rank < 0) return TENON_OK;
    bool fits = v->rank == rank;
    for (int k = 0; fits && k < rank; k++)
        fits = tenon__dim_agrees(v->dims[k], dims[k]);
    if (fits) return TENON_OK;
    return tenon__fail(c->err, TENON_ESHAPE,
                       "%s is %s; input [batch, channels, length], weight [channels, 1, k], bias "
                       "[channels] and past_state [batch, channels, k - 1] are wanted",
                       name, tenon__view_print(v, text, sizeof text));
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *x = c->in[0], *w = c->in[1];
    int64_t any = TENON__DIM_UNKNOWN, batch = any, channels = any, state = any;
    tenon_status st = check(c, 0, "input", 3, (int64_t[]){any, any, any});
    if (st) return st;
    if (x->rank == 3) {
        batch = x->dims[0];
        channels = x->dims[1];
    }
    if ((st = check(c, 1, "weight", 3, (int64_t[]){channels, 1, any}))) return st;
    if (w->rank == 3 && channels < 0) channels = w->dims[0];
    if (w->rank == 3 && w->dims[2] == 0)
        return tenon__fail(c->err, TENON_ESHAPE, "the kernel has no elements");
    if (w->rank == 3 && w->dims[2] > 0) state = w->dims[2] - 1;
    if ((st = check(c, 2, "bias", 1, &channels))) return st;
    int64_t dims[3] = {batch, channels, state};
    if ((st = check(c, 3, "past_state", 3, dims))) return st;
    tenon__infer_like(c, 0, 0);
    tenon__infer_set(c, 1, x->dtype, 3, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    params *p = c->params;
    const tenon__view *x = c->in[0];
    p->rows = x->dims[0] * x->dims[1];
    p->length = x->dims[2];
    p->k = c->in[1]->dims[2];
    double row_ns = 10 + (double)p->length * (1 + 0.5 * (double)p->k) + (double)p->k;
    c->tiles = tenon__tiles(p->rows, row_ns, &p->per_tile);
    c->flops = 2.0 * (double)p->rows * (double)p->length * (double)p->k;
    return TENON_OK;
}

/* Element i of z. */
static float at(const float *past, const float *x, int64_t i, int64_t k)
{
    return i >= k - 1 ? x[i - (k - 1)] : past ? past[i] : 0;
}

static void row(const params *p, const float *x, const float *past, const float *weight, float bias,
                float *y)
{
    for (int64_t t = 0; t < p->length; t++) {
        float s = bias;
        for (int64_t i = 0; i < p->k; i++)
            s += weight[i] * at(past, x, t + i, p->k);
        y[t] = s;
    }
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const tenon__view *bias = r->in_count > 2 ? r->in[2] : NULL;
    const tenon__view *past = r->in_count > 3 ? r->in[3] : NULL;
    int64_t channels = r->in[0]->dims[1], end = ((int64_t)r->tile + 1) * p->per_tile;
    for (int64_t i = (int64_t)r->tile * p->per_tile; i < end && i < p->rows; i++) {
        const float *x = p->length ? (const float *)r->in[0]->data + i * p->length : NULL;
        const float *z = past && p->k > 1 ? (const float *)past->data + i * (p->k - 1) : NULL;
        const float *weight = (const float *)r->in[1]->data + i % channels * p->k;
        if (p->length) {
            float *y = (float *)r->out[0]->data + i * p->length;
            row(p, x, z, weight, bias ? ((const float *)bias->data)[i % channels] : 0, y);
            for (int64_t t = 0; t < p->length && a->silu; t++)
                y[t] = y[t] / (1 + expf(-y[t]));
        }
        for (int64_t k = 0; k < p->k - 1 && r->out_count > 1; k++)
            ((float *)r->out[1]->data)[i * (p->k - 1) + k] = at(z, x, p->length + k, p->k);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "CausalConvWithState", 27, 0, NULL}, {0}};

const tenon__op tenon__op_causal_conv_with_state = {
    .name = "CausalConvWithState",
    .doc = "Depthwise convolution of past and present elements, the last of which are kept",
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 2,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
