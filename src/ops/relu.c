/* SPDX-License-Identifier: Apache-2.0 */
/* Relu: y = max(x, 0). Any shape; reals (f16 and bf16 widened) and integers. NaN stays NaN.
 * Source: ONNX Relu-14. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_RELU, err);
}

TENON__ELTWISE_REF(x[0] < 0 ? 0 : x[0])

static const tenon__import imports[] = {{"onnx", "", "Relu", 1, 0, NULL}, {0}};

const tenon__op tenon__op_relu = {.name = "Relu",
                                  .doc = "X, zero below zero",
                                  TENON__ELTWISE(1),
                                  .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                  .accuracy = TENON__EXACT,
                                  .imports = imports,
                                  .read = read,
                                  TENON__REF(ref)};
