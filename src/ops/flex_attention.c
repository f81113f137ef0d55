/* SPDX-License-Identifier: Apache-2.0 */
/* FlexAttention: Y = prob_mod(softmax(score_mod(scale * Q K^T))) V for each head, Q, K, V [batch,
 * heads, rows, size], query heads sharing key heads in equal groups; made of MatMul, Softmax and
 * the nodes of the two bodies. Between the products everything has the dtype that softmax_precision
 * names, default f64 for f64, else f32. Floats. ONNX ai.onnx.preview FlexAttention-1. */
#include <math.h>

#include "opkit/inline.h"
#include "opkit/norm.h"
#include "tensor/convert.h"

typedef struct attrs {
    bool has_scale;
    float scale;
    int64_t precision; /* 0: by the input */
    const tenon__graph *score_mod, *prob_mod;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    tenon_status st = tenon__attr_check(node, "scale", TENON__ATTR_FLOAT, err);
    if (!st) st = tenon__attr_check(node, "softmax_precision", TENON__ATTR_INT, err);
    if (!st) st = tenon__attr_check(node, "score_mod", TENON__ATTR_GRAPH, err);
    if (!st) st = tenon__attr_check(node, "prob_mod", TENON__ATTR_GRAPH, err);
    if (st) return st;
    a->has_scale = tenon__attr_find(node, "scale") != NULL;
    a->scale = tenon__attr_float(node, "scale", 1);
    a->precision = tenon__attr_int(node, "softmax_precision", 0);
    a->score_mod = tenon__attr_graph(node, "score_mod");
    a->prob_mod = tenon__attr_graph(node, "prob_mod");
    if (a->precision != 0 && a->precision != 1 && a->precision != 10 && a->precision != 11 &&
        a->precision != 16)
        return tenon__fail(err, TENON_EFORMAT,
                           "softmax_precision %lld is no float type; 1, 10, 11 or 16 are",
                           (long long)a->precision);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    static const char *const names[] = {"Q", "K", "V"};
    const tenon__view *q = c->in[0], *k = c->in[1], *v = c->in[2];
    c->out[0]->dtype = v->dtype;
    for (uint32_t i = 0; i < 3; i++) {
        tenon_status st = tenon__norm_check_dtype(c, i);
        if (st) return st;
        if (c->in[i]->rank >= 0 && c->in[i]->rank != 4)
            return tenon__fail(c->err, TENON_ESHAPE, "%s has rank %d; 4 is wanted", names[i],
                               c->in[i]->rank);
    }
    if (tenon__infer_rank_unknown(c, 3)) return TENON_OK;
    bool fits = tenon__dim_agrees(q->dims[3], k->dims[3]) &&
                tenon__dim_agrees(k->dims[1], v->dims[1]) &&
                tenon__dim_agrees(k->dims[2], v->dims[2]);
    if (fits && q->dims[1] >= 0 && k->dims[1] >= 0)
        fits = k->dims[1] > 0 && q->dims[1] % k->dims[1] == 0;
    if (!fits)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the shapes of Q, K and V do not agree in heads, rows or size");
    int64_t y[4] = {q->dims[0], q->dims[1], q->dims[2], v->dims[3]};
    tenon__infer_set(c, 0, v->dtype, 4, y);
    return TENON_OK;
}

static tenon__value_id scalar(tenon__expand *c, tenon_dtype dtype, double value)
{
    uint8_t data[8];
    if (tenon__convert(TENON_F64, &value, dtype, data, 0, 1, false, c->err)) return TENON__NO_VALUE;
    return tenon__expand_const(c, dtype, 0, NULL, data);
}

static tenon__value_id node(tenon__expand *c, const char *op, tenon__value_id a, tenon__value_id b)
{
    tenon__value_id in[2] = {a, b};
    return tenon__expand_node(c, op, in, b == TENON__NO_VALUE ? 1 : 2, NULL, 0, TENON__NO_VALUE);
}

static tenon__value_id numbers(tenon__expand *c, int64_t count, const int64_t *values)
{
    return tenon__expand_const(c, TENON_I64, 1, &count, values);
}

static tenon__value_id cast(tenon__expand *c, tenon__value_id x, tenon_dtype to,
                            tenon__value_id out)
{
    static const int onnx_types[TENON_DTYPE_COUNT] = {
        [TENON_F32] = 1, [TENON_F16] = 10, [TENON_F64] = 11, [TENON_BF16] = 16};
    tenon__attr attr = {.name = TENON__STR("to"), .type = TENON__ATTR_INT, .i = onnx_types[to]};
    return tenon__expand_node(c, "Cast", &x, 1, &attr, 1, out);
}

/* Each key head `group` times, one behind the other. */
static tenon__value_id repeat(tenon__expand *c, tenon__value_id x, int64_t heads, int64_t group,
                              int64_t size)
{
    if (group == 1) return x;
    x = node(c, "Unsqueeze", x, numbers(c, 1, (int64_t[]){2}));
    x = node(c, "Expand", x, numbers(c, 5, (int64_t[]){1, 1, group, 1, 1}));
    return node(c, "Reshape", x, numbers(c, 4, (int64_t[]){0, heads, -1, size}));
}

static tenon_status expand(tenon__expand *c)
{
    const attrs *a = c->attrs;
    tenon__value_id q = c->node->inputs[0], k = c->node->inputs[1], v = c->node->inputs[2];
    const tenon__view qv = tenon__graph_value(c->graph, q)->view;
    const tenon__view kv = tenon__graph_value(c->graph, k)->view;
    const tenon__view vv = tenon__graph_value(c->graph, v)->view;
    if (qv.dtype == TENON_NONE || vv.dtype == TENON_NONE || qv.rank != 4 || kv.rank != 4 ||
        vv.rank != 4 || qv.dims[1] < 0 || kv.dims[1] <= 0 || qv.dims[3] <= 0 || vv.dims[3] < 0)
        return TENON_EAGAIN;
    tenon_dtype dtype = a->precision == 10      ? TENON_F16
                        : a->precision == 11    ? TENON_F64
                        : a->precision == 16    ? TENON_BF16
                        : a->precision == 1     ? TENON_F32
                        : qv.dtype == TENON_F64 ? TENON_F64
                                                : TENON_F32;
    double scale = a->has_scale ? a->scale : 1 / sqrt((double)qv.dims[3]);
    int64_t group = qv.dims[1] / kv.dims[1];
    tenon__value_id factor = scalar(c, qv.dtype, sqrt(scale));
    tenon__attr order = {.name = TENON__STR("perm"), .type = TENON__ATTR_INTS, .count = 4};
    static const int64_t perm[4] = {0, 1, 3, 2};
    order.ints = perm;
    k = repeat(c, k, qv.dims[1], group, kv.dims[3]);
    v = repeat(c, v, qv.dims[1], group, vv.dims[3]);
    k = node(c, "Mul", k, factor);
    k = tenon__expand_node(c, "Transpose", &k, 1, &order, 1, TENON__NO_VALUE);
    tenon__value_id s = node(c, "MatMul", node(c, "Mul", q, factor), k);
    if (qv.dtype != dtype) s = cast(c, s, dtype, TENON__NO_VALUE);
    if (a->score_mod) s = tenon__inline_body(c, a->score_mod, &s, 1);
    s = node(c, "Softmax", s, TENON__NO_VALUE);
    if (a->prob_mod) s = tenon__inline_body(c, a->prob_mod, &s, 1);
    if (vv.dtype != dtype) v = cast(c, v, dtype, TENON__NO_VALUE);
    s = node(c, "MatMul", s, v);
    cast(c, s, vv.dtype, c->node->outputs[0]);
    c->node->dead = true;
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.preview", "FlexAttention", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_flex_attention = {
    .name = "FlexAttention",
    .doc = "Attention whose scores and probabilities go through bodies of the model's",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .expand = expand,
};
