/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearSoftmax: softmax of what bytes stand for, quantised: y = saturate(round(e / (s * y_scale))
 * + y_zero), e = exp((x - largest) * x_scale), s the sum of e. From opset 13 on along one axis; for
 * the attribute opset below 13 over all dims from the axis on. uint8 or int8 in and out. Source:
 * onnxruntime's com.microsoft QLinearSoftmax-1. */
#include <math.h>

#include "opkit/qlinear.h"

typedef struct attributes {
    int64_t axis, opset;
} attributes;

/* [outer, length, inner]; tiles are rows. */
typedef struct parameters {
    int64_t rows, per_tile, length, inner;
} parameters;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    attributes *a = attrs;
    (void)graph;
    tenon_status status = tenon__attr_check(node, "axis", TENON__ATTR_INT, err);
    if (!status) status = tenon__attr_check(node, "opset", TENON__ATTR_INT, err);
    if (status) return status;
    a->opset = tenon__attr_int(node, "opset", 13);
    a->axis = tenon__attr_int(node, "axis", a->opset < 13 ? 1 : -1);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attributes *a = c->attrs;
    int axis;
    tenon_status status = tenon__qlinear_unary_infer(c);
    if (!status && c->in[0]->rank >= 0)
        status = tenon__infer_axis(c, "axis", a->axis, c->in[0]->rank, &axis);
    return status;
}

static tenon_status bind(tenon__bind *c)
{
    const attributes *a = c->attrs;
    parameters *p = c->params;
    const tenon__view *x = c->in[0];
    int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
    int behind = a->opset < 13 ? x->rank : axis + 1;
    p->length = tenon__dims_product(x->dims, axis, behind);
    p->inner = tenon__dims_product(x->dims, behind, x->rank);
    p->rows = tenon__dims_product(x->dims, 0, axis) * p->inner;
    c->tiles =
        p->length > 0 ? tenon__tiles(p->rows, 100 + 3.0 * (double)p->length, &p->per_tile) : 0;
    return TENON_OK;
}

/* What a byte stands for, up to the scale. */
static inline int value_of(uint8_t byte, bool is_signed)
{
    return is_signed && byte >= 128 ? byte - 256 : byte;
}

static void softmax(const parameters *p, const uint8_t *x, uint8_t *y, bool is_signed,
                    const float *table, float y_scale, int32_t y_zero)
{
    int largest = -128, low = is_signed ? -128 : 0;
    double sum = 0;
    for (int64_t i = 0; i < p->length; i++) {
        int v = value_of(x[i * p->inner], is_signed);
        largest = v > largest ? v : largest;
    }
    for (int64_t i = 0; i < p->length; i++)
        sum += (double)table[largest - value_of(x[i * p->inner], is_signed)];
    const double scale = 1 / (sum * (double)y_scale);
    for (int64_t i = 0; i < p->length; i++) {
        double v =
            rint((double)table[largest - value_of(x[i * p->inner], is_signed)] * scale) + y_zero;
        v = v > low ? v : low;
        y[i * p->inner] = (uint8_t)(int)(v < low + 255 ? v : low + 255);
    }
}

static tenon_status run(const tenon__run *r)
{
    const parameters *p = r->params;
    bool is_signed = r->in[0]->dtype == TENON_I8;
    float table[256], x_scale = tenon__qlinear_scale(r, 1); /* exp(-i * x_scale) */
    for (int i = 0; i < 256; i++)
        table[i] = expf(-(float)i * x_scale);
    int64_t begin = (int64_t)r->tile * p->per_tile, end = begin + p->per_tile;
    end = end < p->rows ? end : p->rows;
    for (int64_t k = begin; k < end; k++) {
        int64_t at = k / p->inner * p->length * p->inner + k % p->inner;
        softmax(p, (const uint8_t *)r->in[0]->data + at, (uint8_t *)r->out[0]->data + at, is_signed,
                table, tenon__qlinear_scale(r, 3), tenon__qlinear_zero(r, 4));
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "com.microsoft", "QLinearSoftmax", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_qlinear_softmax = {
    .name = "QLinearSoftmax",
    .doc = "The softmax of bytes with a scale",
    .min_inputs = 4,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attributes),
    .params_bytes = sizeof(parameters),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
