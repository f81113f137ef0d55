/* SPDX-License-Identifier: Apache-2.0 */
/* NegativeLogLikelihoodLoss: loss[n, d...] = -x[n, t, d...] * weight[t] with t = target[n, d...], 0
 * where t is ignore_index; reduction "none" gives all of them, "sum" their sum, "mean" (default)
 * that over the sum of the weights used. x [N, C, d...], target i32 or i64 [N, d...], weight [C]. A
 * target outside [0, C) that is not ignored is an error. f32, f64; f16 and bf16 widened. ONNX
 * NegativeLogLikelihoodLoss-22. */
#include "opkit/norm.h"
#include "tensor/convert.h"

typedef enum reduction { REDUCTION_NONE, REDUCTION_SUM, REDUCTION_MEAN } reduction;

typedef struct attrs {
    reduction reduction;
    bool ignores;
    int64_t ignore_index;
} attrs;

typedef struct params {
    int64_t count, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    tenon_status st = tenon__attr_check(node, "reduction", TENON__ATTR_STRING, err);
    if (!st) st = tenon__attr_check(node, "ignore_index", TENON__ATTR_INT, err);
    if (st) return st;
    tenon__str name = tenon__attr_str(node, "reduction", "mean");
    if (tenon__str_is(name, "none"))
        a->reduction = REDUCTION_NONE;
    else if (tenon__str_is(name, "sum"))
        a->reduction = REDUCTION_SUM;
    else if (tenon__str_is(name, "mean"))
        a->reduction = REDUCTION_MEAN;
    else
        return tenon__fail(err, TENON_EFORMAT,
                           "reduction is '%.*s'; 'none', 'sum' or 'mean' is wanted",
                           TENON__STR_ARG(name));
    a->ignores = tenon__attr_find(node, "ignore_index") != NULL;
    a->ignore_index = tenon__attr_int(node, "ignore_index", 0);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0], *target = c->in[1];
    char text_x[128], text_t[128];
    tenon_status st = tenon__norm_check_dtype(c, 0);
    if (st) return st;
    if (target->dtype != TENON_NONE && target->dtype != TENON_I32 && target->dtype != TENON_I64)
        return tenon__fail(c->err, TENON_ETYPE, "target is %s; int32 or int64 is wanted",
                           tenon_dtype_text(target->dtype));
    c->out[0]->dtype = x->dtype;
    if (a->reduction != REDUCTION_NONE) tenon__infer_set(c, 0, x->dtype, 0, NULL);
    if (x->rank >= 0 && x->rank < 2)
        return tenon__fail(c->err, TENON_ESHAPE, "the input has rank %d; [N, C, ...] is wanted",
                           x->rank);
    st = tenon__norm_check_vector(c, 2, "weight", x->rank < 0 ? TENON__DIM_UNKNOWN : x->dims[1]);
    if (st || tenon__infer_rank_unknown(c, 2)) return st;
    bool fits = target->rank == x->rank - 1 && tenon__dim_agrees(target->dims[0], x->dims[0]);
    for (int k = 2; fits && k < x->rank; k++)
        fits = tenon__dim_agrees(target->dims[k - 1], x->dims[k]);
    if (!fits)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the input is %s, the target %s; [N, C, ...] and "
                           "[N, ...] are wanted",
                           tenon__view_print(x, text_x, sizeof text_x),
                           tenon__view_print(target, text_t, sizeof text_t));
    if (a->reduction == REDUCTION_NONE)
        tenon__infer_set(c, 0, x->dtype, target->rank, target->dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *p = c->params;
    p->count = p->per_tile = tenon__view_count(c->in[1]);
    if (a->reduction == REDUCTION_NONE) c->tiles = tenon__tiles(p->count, 15, &p->per_tile);
    return TENON_OK;
}

/* Loss and weight of target i. */
static tenon_status loss(const tenon__run *r, int64_t i, double *value, double *weight)
{
    const attrs *a = r->attrs;
    const tenon__view *x = r->in[0], *target = r->in[1];
    int64_t t = tenon__get_i64(target->dtype, target->data, (size_t)i);
    *value = *weight = 0;
    if (a->ignores && t == a->ignore_index) return TENON_OK;
    if (t < 0 || t >= x->dims[1])
        return tenon__fail(r->err, TENON_EINVAL, "target %lld is no class; there are %lld",
                           (long long)t, (long long)x->dims[1]);
    int64_t places = tenon__dims_product(x->dims, 2, x->rank);
    int64_t at = (i / places * x->dims[1] + t) * places + i % places;
    *weight = r->in_count > 2 && r->in[2] ? tenon__norm_get(r->in[2], t) : 1;
    *value = -tenon__norm_get(x, at) * *weight;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    int64_t from = (int64_t)r->tile * p->per_tile;
    int64_t to = p->count - from > p->per_tile ? from + p->per_tile : p->count;
    double sum = 0, weights = 0, value, weight;
    for (int64_t i = from; i < to; i++) {
        tenon_status st = loss(r, i, &value, &weight);
        if (st) return st;
        if (a->reduction == REDUCTION_NONE) tenon__norm_put(r->out[0], i, value);
        sum += value;
        weights += weight;
    }
    if (a->reduction == REDUCTION_SUM) tenon__norm_put(r->out[0], 0, sum);
    if (a->reduction == REDUCTION_MEAN) tenon__norm_put(r->out[0], 0, sum / weights);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "NegativeLogLikelihoodLoss", 12, 0, NULL},
                                        {0}};

const tenon__op tenon__op_negative_log_likelihood_loss = {
    .name = "NegativeLogLikelihoodLoss",
    .doc = "The negative of the wanted class's logarithm, weighted",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
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
