/* SPDX-License-Identifier: Apache-2.0 */
/* Swish: y = x / (1 + exp(-alpha * x)). Any shape; f32 and f64 (f16 and bf16 widened). Sources:
 * ONNX Swish-24; onnxruntime's com.microsoft QuickGelu-1, whose alpha is 1.702 where not given. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    float fallback = tenon__str_is(node->kind, "QuickGelu") ? 1.702f : 1.0f;
    tenon_status status = tenon__eltwise_parameter(node, "alpha", fallback, &a->p[0], err);
    return status ? status : tenon__eltwise_read(node, a, TENON__F_SWISH, err);
}

TENON__ELTWISE_REF(x[0] / (1 + exp(-(double)p[0] * x[0])))

static const tenon__import imports[] = {
    {"onnx", "", "Swish", 24, 0, NULL}, {"onnx", "com.microsoft", "QuickGelu", 1, 0, NULL}, {0}};

const tenon__op tenon__op_swish = {.name = "Swish",
                                   .doc = "x times its sigmoid",
                                   TENON__ELTWISE(1),
                                   .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                   .accuracy = TENON__ROUNDS,
                                   .imports = imports,
                                   .read = read,
                                   TENON__REF(ref)};
