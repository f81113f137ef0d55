/* SPDX-License-Identifier: Apache-2.0 */
/* FeatureVectorizer: the columns of all inputs side by side, float32. ai.onnx.ml
 * FeatureVectorizer-1.
 *
 * Inputs are [N] or [N, C] of float32, float64, int32 or int64; inputdimensions gives how many
 * columns each contributes: the first ones, or all and zeros. */
#include "opkit/ml.h"

typedef struct attrs {
    const int64_t *widths;
    size_t count;
    int64_t total;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    a->widths = tenon__attr_ints(node, "inputdimensions", &a->count);
    if (a->count != node->input_count)
        return tenon__fail(err, TENON_EFORMAT, "inputdimensions has %zu numbers for %u inputs",
                           a->count, node->input_count);
    for (size_t i = 0; i < a->count; i++)
        if (a->widths[i] < 0 || !tenon__add_i64(a->total, a->widths[i], &a->total))
            return tenon__fail(err, TENON_EFORMAT, "inputdimensions has %lld",
                               (long long)a->widths[i]);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int64_t dims[2] = {TENON__DIM_UNKNOWN, a->total};
    for (uint32_t i = 0; i < c->in_count; i++) {
        const tenon__view *x = c->in[i];
        if (!x) return tenon__fail(c->err, TENON_EFORMAT, "input %u is missing", i);
        if (x->dtype != TENON_NONE && x->dtype != TENON_F32 && x->dtype != TENON_F64 &&
            x->dtype != TENON_I32 && x->dtype != TENON_I64)
            return tenon__fail(c->err, TENON_ETYPE,
                               "input %u is %s; it must be float32, float64, int32 or int64", i,
                               tenon_dtype_text(x->dtype));
        if (x->rank == TENON__RANK_UNKNOWN) continue;
        if ((x->rank != 1 && x->rank != 2) || !tenon__dim_agrees(dims[0], x->dims[0])) {
            char text[160];
            return tenon__fail(c->err, TENON_ESHAPE,
                               "input %u is %s; it must be [N, C], N being that of the others", i,
                               tenon__view_print(x, text, sizeof text));
        }
        if (dims[0] < 0) dims[0] = x->dims[0];
    }
    tenon__infer_set(c, 0, TENON_F32, 2, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    int64_t *per_tile = c->params;
    c->tiles = c->out[0]->dims[1]
                   ? tenon__tiles(c->out[0]->dims[0], 2.0 * (double)c->out[0]->dims[1], per_tile)
                   : 0;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    int64_t per_tile = *(const int64_t *)r->params, row = r->tile * per_tile, end = row + per_tile;
    for (; row < end && row < r->out[0]->dims[0]; row++) {
        float *out = (float *)r->out[0]->data + row * a->total;
        for (uint32_t i = 0; i < r->in_count; i++) {
            int64_t columns = r->in[i]->rank == 2 ? r->in[i]->dims[1] : 1;
            for (int64_t k = 0; k < a->widths[i]; k++)
                *out++ = k < columns ? (float)tenon__feature(r->in[i], row * columns + k) : 0;
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "FeatureVectorizer", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_feature_vectorizer = {
    .name = "FeatureVectorizer",
    .doc = "Columns of all inputs side by side",
    .min_inputs = 1,
    .max_inputs = 255,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(int64_t),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
