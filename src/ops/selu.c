/* SPDX-License-Identifier: Apache-2.0 */
/* Selu: y = gamma * (x > 0 ? x : alpha * (exp(x) - 1)). Any shape; f32 and f64 (f16 and bf16
 * widened). Source: ONNX Selu-22. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    float alpha;
    (void)graph;
    tenon_status status = tenon__eltwise_parameter(node, "alpha", 1.67326319f, &alpha, err);
    if (!status) status = tenon__eltwise_parameter(node, "gamma", 1.05070102f, &a->p[2], err);
    if (status) return status;
    a->p[0] = alpha * a->p[2];
    a->p[1] = 1.0f;
    return tenon__eltwise_read(node, a, TENON__F_ELU, err);
}

TENON__ELTWISE_REF(x[0] > 0 ? (double)p[2] * x[0] : (double)p[0] * expm1(x[0]))

static const tenon__import imports[] = {{"onnx", "", "Selu", 1, 0, NULL}, {0}};

const tenon__op tenon__op_selu = {.name = "Selu",
                                  .doc = "A scaled Elu that keeps mean and variance",
                                  TENON__ELTWISE(1),
                                  .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                  .accuracy = TENON__ROUNDS,
                                  .imports = imports,
                                  .read = read,
                                  TENON__REF(ref)};
