/* SPDX-License-Identifier: Apache-2.0 */
/* LeakyRelu: y = x < 0 ? alpha * x : x. Any shape; f32 and f64 (f16 and bf16 widened). Source:
 * ONNX LeakyRelu-16. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__eltwise_parameter(node, "alpha", 0.01f, &a->p[0], err);
    return status ? status : tenon__eltwise_read(node, a, TENON__F_LEAKY_RELU, err);
}

TENON__ELTWISE_REF(x[0] < 0 ? (double)p[0] * x[0] : x[0])

static const tenon__import imports[] = {{"onnx", "", "LeakyRelu", 1, 0, NULL}, {0}};

const tenon__op tenon__op_leaky_relu = {.name = "LeakyRelu",
                                        .doc = "X, scaled below zero",
                                        TENON__ELTWISE(1),
                                        .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                        .accuracy = TENON__ROUNDS,
                                        .imports = imports,
                                        .read = read,
                                        TENON__REF(ref)};
