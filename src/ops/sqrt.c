/* SPDX-License-Identifier: Apache-2.0 */
/* Sqrt: y = sqrt(x). Any shape; f32 and f64 (f16 and bf16 widened). NaN below zero. Source: ONNX
 * Sqrt-13. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_SQRT, err);
}

TENON__ELTWISE_REF(sqrt(x[0]))

static const tenon__import imports[] = {{"onnx", "", "Sqrt", 1, 0, NULL}, {0}};

const tenon__op tenon__op_sqrt = {.name = "Sqrt",
                                  .doc = "The square root",
                                  TENON__ELTWISE(1),
                                  .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                  .accuracy = TENON__ROUNDS,
                                  .imports = imports,
                                  .read = read,
                                  TENON__REF(ref)};
