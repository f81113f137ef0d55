/* SPDX-License-Identifier: Apache-2.0 */
/* Div: y = a / b, with broadcasting; reals (f16 and bf16 widened) and integers. Integers are
 * divided towards zero; by zero gives 0, the least integer by -1 itself. Source: ONNX Div-14,
 * and with attributes axis and broadcast before opset 7. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_DIV, err);
}

TENON__ELTWISE_REF(x[0] / x[1])

static const tenon__import imports[] = {{"onnx", "", "Div", 1, 0, NULL}, {0}};

const tenon__op tenon__op_div = {.name = "Div",
                                 .doc = "The quotient of two tensors, element by element",
                                 TENON__ELTWISE(2),
                                 .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                 .accuracy = TENON__ROUNDS,
                                 .imports = imports,
                                 .read = read,
                                 TENON__REF(ref)};
