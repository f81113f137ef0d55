/* SPDX-License-Identifier: Apache-2.0 */
/* Reciprocal: y = 1 / x. Any shape; f32 and f64 (f16 and bf16 widened). Infinite at zero, with
 * its sign. Source: ONNX Reciprocal-13. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_RECIPROCAL, err);
}

TENON__ELTWISE_REF(1 / x[0])

static const tenon__import imports[] = {{"onnx", "", "Reciprocal", 1, 0, NULL}, {0}};

const tenon__op tenon__op_reciprocal = {.name = "Reciprocal",
                                        .doc = "One by x",
                                        TENON__ELTWISE(1),
                                        .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                        .accuracy = TENON__ROUNDS,
                                        .imports = imports,
                                        .read = read,
                                        TENON__REF(ref)};
