/* SPDX-License-Identifier: Apache-2.0 */
/* Ceil: y = ceil(x). Any shape; f32 and f64 (f16 and bf16 widened). Source: ONNX Ceil-13. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_CEIL, err);
}

TENON__ELTWISE_REF(ceil(x[0]))

static const tenon__import imports[] = {{"onnx", "", "Ceil", 1, 0, NULL}, {0}};

const tenon__op tenon__op_ceil = {.name = "Ceil",
                                  .doc = "The least integer not below",
                                  TENON__ELTWISE(1),
                                  .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                  .accuracy = TENON__EXACT,
                                  .imports = imports,
                                  .read = read,
                                  TENON__REF(ref)};
