/* SPDX-License-Identifier: Apache-2.0 */
/* Atan: y = atan(x). Any shape; f32 and f64 (f16 and bf16 widened). Source: ONNX Atan-22. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_ATAN, err);
}

TENON__ELTWISE_REF(atan(x[0]))

static const tenon__import imports[] = {{"onnx", "", "Atan", 7, 0, NULL}, {0}};

const tenon__op tenon__op_atan = {.name = "Atan",
                                  .doc = "The arc tangent",
                                  TENON__ELTWISE(1),
                                  .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                  .accuracy = TENON__ROUNDS,
                                  .imports = imports,
                                  .read = read,
                                  TENON__REF(ref)};
