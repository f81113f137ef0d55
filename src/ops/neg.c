/* SPDX-License-Identifier: Apache-2.0 */
/* Neg: y = -x. Any shape; reals (f16 and bf16 widened) and signed integers. The least integer
 * stays itself. Source: ONNX Neg-13. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_NEG, err);
}

TENON__ELTWISE_REF(-x[0])

static const tenon__import imports[] = {{"onnx", "", "Neg", 1, 0, NULL}, {0}};

const tenon__op tenon__op_neg = {.name = "Neg",
                                 .doc = "The opposite number",
                                 TENON__ELTWISE(1),
                                 .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                 .accuracy = TENON__EXACT,
                                 .imports = imports,
                                 .read = read,
                                 TENON__REF(ref)};
