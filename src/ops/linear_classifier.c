/* SPDX-License-Identifier: Apache-2.0 */
/* LinearClassifier: scores X A' + b, and the label of the largest. ai.onnx.ml LinearClassifier-1.
 *
 * X [C] or [N, C]; coefficients A [classes, C], intercepts b (one for each class, or none). One row
 * of coefficients for two labels gives the scores -s and s (1 - s and s where nothing is done to
 * them afterwards, as other runtimes have it), the second label being taken above 0. Outputs:
 * labels [N] (int64 or string), scores [N, classes] float32 after post_transform. Of equal scores
 * the first class wins. */
#include "opkit/ml.h"

typedef struct attrs {
    const float *coefficients, *intercepts;
    size_t count, intercept_count;
    int64_t planes; /* rows of coefficients */
    bool both;      /* one plane, two labels */
    tenon__labels labels;
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
    tenon_status st = tenon__labels_read(node, &a->labels, err);
    if (st == TENON_OK) st = tenon__post_read(node, &a->post, err);
    if (st) return st;
    a->both = a->labels.count == 2 && a->intercept_count == 1;
    a->planes = a->both ? 1 : (int64_t)a->labels.count;
    if (a->count == 0 || a->count % (size_t)a->planes ||
        (a->intercept_count && a->intercept_count != (size_t)a->planes))
        return tenon__fail(err, TENON_EFORMAT,
                           "%zu coefficients and %zu intercepts for %zu classes", a->count,
                           a->intercept_count, a->labels.count);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int64_t dims[2] = {TENON__DIM_UNKNOWN, (int64_t)a->labels.count}, columns;
    tenon_status st = tenon__rows_check(c, &dims[0], &columns);
    tenon__infer_set(c, 0, tenon__labels_dtype(&a->labels), 1, dims);
    tenon__infer_set(c, 1, TENON_F32, 2, dims);
    if (st == TENON_OK && columns >= 0 && (size_t)columns != a->count / (size_t)a->planes)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "rows have %lld features; there are %zu coefficients for each class",
                           (long long)columns, a->count / (size_t)a->planes);
    return st;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *p = c->params;
    tenon__rows_of(c->in[0], &p->rows, &p->columns);
    c->tiles = tenon__tiles(p->rows, 2.0 * (double)a->count, &p->per_tile);
    c->scratch_bytes = (a->labels.count + 1) * sizeof(double);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    double *scores = r->scratch;
    int64_t classes = (int64_t)a->labels.count;
    int64_t row = (int64_t)r->tile * p->per_tile, end = row + p->per_tile;
    for (; row < end && row < p->rows; row++) {
        size_t best = 0;
        for (int64_t t = 0; t < a->planes; t++) {
            scores[t] = a->intercept_count ? (double)a->intercepts[t] : 0;
            for (int64_t k = 0; k < p->columns; k++)
                scores[t] += tenon__feature(r->in[0], row * p->columns + k) *
                             (double)a->coefficients[t * p->columns + k];
        }
        if (a->both) {
            scores[1] = scores[0];
            scores[0] = -scores[0];
        }
        for (size_t t = 1; t < a->labels.count; t++)
            if (scores[t] > scores[best]) best = t;
        tenon__labels_put(&a->labels, best, r->out[0], row);
        if (r->out_count < 2) continue;
        if (a->both && a->post == TENON__POST_NONE) scores[0] = 1 - scores[1];
        tenon__post_apply(a->post, scores, classes);
        for (int64_t t = 0; t < classes; t++)
            ((float *)r->out[1]->data)[row * classes + t] = (float)scores[t];
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "LinearClassifier", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_linear_classifier = {
    .name = "LinearClassifier",
    .doc = "A linear map of each row, and the best label",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 2,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
