/* SPDX-License-Identifier: Apache-2.0 */
/* ThresholdedRelu: y = x > alpha ? x : 0. Any shape; f32 and f64 (f16 and bf16 widened). Source:
 * ONNX ThresholdedRelu-22. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__eltwise_parameter(node, "alpha", 1.0f, &a->p[0], err);
    return status ? status : tenon__eltwise_read(node, a, TENON__F_THRESHOLDED_RELU, err);
}

TENON__ELTWISE_REF(x[0] > (double)p[0] || isnan(x[0]) ? x[0] : 0)

static const tenon__import imports[] = {{"onnx", "", "ThresholdedRelu", 10, 0, NULL}, {0}};

const tenon__op tenon__op_thresholded_relu = {.name = "ThresholdedRelu",
                                              .doc = "X, zero up to a threshold",
                                              TENON__ELTWISE(1),
                                              .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                              .accuracy = TENON__EXACT,
                                              .imports = imports,
                                              .read = read,
                                              TENON__REF(ref)};
