/* SPDX-License-Identifier: Apache-2.0 */
/* HardSigmoid: y = max(0, min(1, alpha * x + beta)). Any shape; f32 and f64 (f16 and bf16
 * widened). Source: ONNX HardSigmoid-22. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__eltwise_parameter(node, "alpha", 0.2f, &a->p[0], err);
    if (!status) status = tenon__eltwise_parameter(node, "beta", 0.5f, &a->p[1], err);
    return status ? status : tenon__eltwise_read(node, a, TENON__F_HARD_SIGMOID, err);
}

TENON__ELTWISE_REF(isnan(x[0]) ? x[0] : fmin(fmax((double)p[0] * x[0] + (double)p[1], 0), 1))

static const tenon__import imports[] = {{"onnx", "", "HardSigmoid", 1, 0, NULL}, {0}};

const tenon__op tenon__op_hard_sigmoid = {.name = "HardSigmoid",
                                          .doc = "A sigmoid of three straight lines",
                                          TENON__ELTWISE(1),
                                          .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                          .accuracy = TENON__SUMS,
                                          .imports = imports,
                                          .read = read,
                                          TENON__REF(ref)};
