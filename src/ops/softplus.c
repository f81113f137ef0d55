/* SPDX-License-Identifier: Apache-2.0 */
/* Softplus: y = log(1 + exp(x)). Any shape; f32 and f64 (f16 and bf16 widened). Source: ONNX
 * Softplus-22. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_SOFTPLUS, err);
}

TENON__ELTWISE_REF((x[0] > 0 ? x[0] : 0) + log1p(exp(-fabs(x[0]))))

static const tenon__import imports[] = {{"onnx", "", "Softplus", 1, 0, NULL}, {0}};

const tenon__op tenon__op_softplus = {.name = "Softplus",
                                      .doc = "A smooth max(x, 0)",
                                      TENON__ELTWISE(1),
                                      .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                      .accuracy = TENON__ROUNDS,
                                      .imports = imports,
                                      .read = read,
                                      TENON__REF(ref)};
