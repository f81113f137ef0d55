/* SPDX-License-Identifier: Apache-2.0 */
/* Celu: y = x > 0 ? x : alpha * (exp(x / alpha) - 1). Any shape; f32 and f64 (f16 and bf16
 * widened). alpha is not 0. Source: ONNX Celu-28. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__eltwise_parameter(node, "alpha", 1.0f, &a->p[0], err);
    if (status) return status;
    if (a->p[0] == 0) return tenon__fail(err, TENON_EFORMAT, "alpha is 0; it divides");
    a->p[1] = a->p[0];
    a->p[2] = 1.0f;
    return tenon__eltwise_read(node, a, TENON__F_ELU, err);
}

TENON__ELTWISE_REF(x[0] > 0 ? x[0] : (double)p[0] * expm1(x[0] / (double)p[0]))

static const tenon__import imports[] = {{"onnx", "", "Celu", 12, 0, NULL}, {0}};

const tenon__op tenon__op_celu = {
    .name = "Celu",
    .doc = "x, falling exponentially towards -alpha below zero, with slope 1 at zero",
    TENON__ELTWISE(1),
    .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .read = read,
    TENON__REF(ref)};
