/* SPDX-License-Identifier: Apache-2.0 */
/* Gelu: y = x / 2 * (1 + erf(x / sqrt 2)), or with approximate = "tanh"
 * y = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))). Any shape; f32 and f64 (f16 and bf16
 * widened). Sources: ONNX Gelu-20, onnxruntime's com.microsoft Gelu-1. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__attr_check(node, "approximate", TENON__ATTR_STRING, err);
    if (status) return status;
    tenon__str approximate = tenon__attr_str(node, "approximate", "none");
    bool tanh_form = tenon__str_is(approximate, "tanh");
    if (!tanh_form && !tenon__str_is(approximate, "none"))
        return tenon__fail(err, TENON_EFORMAT, "approximate is '%.*s'; it can be 'none' or 'tanh'",
                           TENON__STR_ARG(approximate));
    a->p[0] = tanh_form; /* for the reference */
    return tenon__eltwise_read(node, a, tanh_form ? TENON__F_GELU_TANH : TENON__F_GELU, err);
}

TENON__ELTWISE_REF(p[0] == 0 ? 0.5 * x[0] * erfc(-x[0] * 0.70710678118654752)
                             : 0.5 * x[0] *
                                   (1 + tanh(0.79788456080286536 *
                                             (x[0] + 0.044715 * x[0] * x[0] * x[0]))))

static const tenon__import imports[] = {
    {"onnx", "", "Gelu", 20, 0, NULL}, {"onnx", "com.microsoft", "Gelu", 1, 0, NULL}, {0}};

const tenon__op tenon__op_gelu = {.name = "Gelu",
                                  .doc = "x times the share of a normal distribution below it",
                                  TENON__ELTWISE(1),
                                  .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                  .accuracy = TENON__SUMS, /* far below zero the sum cancels */
                                  .imports = imports,
                                  .read = read,
                                  TENON__REF(ref)};
