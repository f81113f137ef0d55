/* SPDX-License-Identifier: Apache-2.0 */
/* Binarizer: 1 where an element is above threshold, else 0, in the input's type. ai.onnx.ml
 * Binarizer-1. */
#include "opkit/index.h"

typedef struct attrs {
    float threshold;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    (void)err;
    ((attrs *)out)->threshold = tenon__attr_float(node, "threshold", 0);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    tenon_dtype t = c->in[0]->dtype;
    tenon__infer_like(c, 0, 0);
    if (t == TENON_NONE || t == TENON_F32 || t == TENON_F64 || t == TENON_I32 || t == TENON_I64)
        return TENON_OK;
    return tenon__fail(c->err, TENON_ETYPE,
                       "the input is %s; it must be float32, float64, int32 or int64",
                       tenon_dtype_text(t));
}

static tenon_status bind(tenon__bind *c)
{
    c->tiles = tenon__tiles(tenon__view_count(c->in[0]), 0.5, c->params);
    return TENON_OK;
}

#define ELEMENTS(type)                                                                             \
    static void elements_##type(const void *in, void *out, int64_t from, int64_t to, double limit) \
    {                                                                                              \
        for (int64_t i = from; i < to; i++)                                                        \
            ((type *)out)[i] = (double)((const type *)in)[i] > limit;                              \
    }
ELEMENTS(float)
ELEMENTS(double)
ELEMENTS(int32_t)
ELEMENTS(int64_t)

static tenon_status run(const tenon__run *r)
{
    double limit = (double)((const attrs *)r->attrs)->threshold;
    int64_t per_tile = *(const int64_t *)r->params, from = r->tile * per_tile, to = from + per_tile;
    if (to > tenon__view_count(r->in[0])) to = tenon__view_count(r->in[0]);
    switch (r->in[0]->dtype) {
    case TENON_F32:
        elements_float(r->in[0]->data, r->out[0]->data, from, to, limit);
        break;
    case TENON_F64:
        elements_double(r->in[0]->data, r->out[0]->data, from, to, limit);
        break;
    case TENON_I32:
        elements_int32_t(r->in[0]->data, r->out[0]->data, from, to, limit);
        break;
    default:
        elements_int64_t(r->in[0]->data, r->out[0]->data, from, to, limit);
        break;
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "Binarizer", 1, 0, NULL}, {0}};

const tenon__op tenon__op_binarizer = {
    .name = "Binarizer",
    .doc = "Whether elements are above a threshold",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_INPLACE,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(int64_t),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
