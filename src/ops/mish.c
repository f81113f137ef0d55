/* SPDX-License-Identifier: Apache-2.0 */
/* Mish: y = x * tanh(log(1 + exp(x))). Any shape; f32 and f64 (f16 and bf16 widened). Source:
 * ONNX Mish-22. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_MISH, err);
}

TENON__ELTWISE_REF(x[0] * tanh(x[0] > 30 ? x[0] : log1p(exp(x[0]))))

static const tenon__import imports[] = {{"onnx", "", "Mish", 18, 0, NULL}, {0}};

const tenon__op tenon__op_mish = {.name = "Mish",
                                  .doc = "X times the tanh of its softplus",
                                  TENON__ELTWISE(1),
                                  .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                  .accuracy = TENON__ROUNDS,
                                  .imports = imports,
                                  .read = read,
                                  TENON__REF(ref)};
