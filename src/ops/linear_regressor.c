/* SPDX-License-Identifier: Apache-2.0 */
/* LinearRegressor: Y = post_transform(X A' + b), float32. ai.onnx.ml LinearRegressor-1.
 *
 * X [C] or [N, C]; coefficients A [targets, C], intercepts b (one for each target, or none); out
 * [N, targets]. */
#include "opkit/ml.h"

typedef struct attrs {
    const float *coefficients, *intercepts;
    size_t count, intercept_count;
    int64_t targets;
    tenon__post post;
} attrs;

typedef struct params {
    int64_t rows, columns, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    a->coefficients = tenon__attr_floats(node, "coefficients", &a->count);
    a->intercepts = tenon__attr_floats(node, "intercepts", &a->intercept_count);
    a->targets = tenon__attr_int(node, "targets", 1);
    if (a->targets < 1 || a->count == 0 || a->count % (size_t)a->targets ||
        (a->intercept_count && a->intercept_count != (size_t)a->targets))
        return tenon__fail(err, TENON_EFORMAT,
                           "%zu coefficients and %zu intercepts for %lld targets", a->count,
                           a->intercept_count, (long long)a->targets);
    return tenon__post_read(node, &a->post, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int64_t dims[2] = {TENON__DIM_UNKNOWN, a->targets}, columns;
    tenon_status st = tenon__rows_check(c, &dims[0], &columns);
    tenon__infer_set(c, 0, TENON_F32, 2, dims);
    if (st == TENON_OK && columns >= 0 && (size_t)columns != a->count / (size_t)a->targets)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "rows have %lld features; there are %zu coefficients for each target",
                           (long long)columns, a->count / (size_t)a->targets);
    return st;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *p = c->params;
    tenon__rows_of(c->in[0], &p->rows, &p->columns);
    c->tiles = tenon__tiles(p->rows, 2.0 * (double)a->count, &p->per_tile);
    c->scratch_bytes = (size_t)a->targets * sizeof(double);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    double *scores = r->scratch;
    int64_t row = (int64_t)r->tile * p->per_tile, end = row + p->per_tile;
    for (; row < end && row < p->rows; row++) {
        for (int64_t t = 0; t < a->targets; t++) {
            scores[t] = a->intercept_count ? (double)a->intercepts[t] : 0;
            for (int64_t k = 0; k < p->columns; k++)
                scores[t] += tenon__feature(r->in[0], row * p->columns + k) *
                             (double)a->coefficients[t * p->columns + k];
        }
        tenon__post_apply(a->post, scores, a->targets);
        for (int64_t t = 0; t < a->targets; t++)
            ((float *)r->out[0]->data)[row * a->targets + t] = (float)scores[t];
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "LinearRegressor", 1, 0, NULL}, {0}};

const tenon__op tenon__op_linear_regressor = {
    .name = "LinearRegressor",
    .doc = "A linear map of each row",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
