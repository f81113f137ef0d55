/* SPDX-License-Identifier: Apache-2.0 */
/* Elu: y = x > 0 ? x : alpha * (exp(x) - 1). Any shape; f32 and f64 (f16 and bf16 widened). Source:
 * ONNX Elu-22. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    a->p[1] = a->p[2] = 1.0f;
    tenon_status status = tenon__eltwise_parameter(node, "alpha", 1.0f, &a->p[0], err);
    return status ? status : tenon__eltwise_read(node, a, TENON__F_ELU, err);
}

TENON__ELTWISE_REF(x[0] > 0 ? x[0] : (double)p[0] * expm1(x[0]))

static const tenon__import imports[] = {{"onnx", "", "Elu", 1, 0, NULL}, {0}};

const tenon__op tenon__op_elu = {.name = "Elu",
                                 .doc = "x, falling exponentially towards -alpha below zero",
                                 TENON__ELTWISE(1),
                                 .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                 .accuracy = TENON__ROUNDS,
                                 .imports = imports,
                                 .read = read,
                                 TENON__REF(ref)};
