/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearLeakyRelu: y = quantised(x < 0 ? alpha * x : x), where x is what the byte stands for;
 * uint8 or int8 in and out, any shape. Scales and zero points have one element; a missing zero
 * point is 0. Source: onnxruntime's com.microsoft QLinearLeakyRelu-1. */
#include "opkit/qlinear.h"

typedef struct attributes {
    float alpha;
} attributes;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    attributes *a = attrs;
    (void)graph;
    a->alpha = tenon__attr_float(node, "alpha", 0.01f);
    return tenon__attr_check(node, "alpha", TENON__ATTR_FLOAT, err);
}

static double leaky(const void *attrs, double x)
{
    const attributes *a = attrs;
    return x < 0 ? (double)a->alpha * x : x;
}

static tenon_status run(const tenon__run *r)
{
    return tenon__qlinear_unary_run(r, leaky);
}

static const tenon__import imports[] = {{"onnx", "com.microsoft", "QLinearLeakyRelu", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_qlinear_leaky_relu = {
    .name = "QLinearLeakyRelu",
    .doc = "The leaky Relu of bytes with a scale",
    .min_inputs = 4,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_INPLACE,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attributes),
    .read = read,
    .params_bytes = sizeof(tenon__qlinear_params),
    .infer = tenon__qlinear_unary_infer,
    .bind = tenon__qlinear_unary_bind,
    .run = run,
};
