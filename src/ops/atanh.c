/* SPDX-License-Identifier: Apache-2.0 */
/* Atanh: y = atanh(x). Any shape; f32 and f64 (f16 and bf16 widened). NaN outside [-1, 1],
 * infinite at the ends. Source: ONNX Atanh-22. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_ATANH, err);
}

TENON__ELTWISE_REF(atanh(x[0]))

static const tenon__import imports[] = {{"onnx", "", "Atanh", 9, 0, NULL}, {0}};

const tenon__op tenon__op_atanh = {.name = "Atanh",
                                   .doc = "The inverse hyperbolic tangent",
                                   TENON__ELTWISE(1),
                                   .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                   .accuracy = TENON__ROUNDS,
                                   .imports = imports,
                                   .read = read,
                                   TENON__REF(ref)};
