/* SPDX-License-Identifier: Apache-2.0 */
/* Mul: y = a * b, with broadcasting; reals (f16 and bf16 widened) and integers, which wrap.
 * Source: ONNX Mul-14, and with attributes axis and broadcast before opset 7. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_MUL, err);
}

TENON__ELTWISE_REF(x[0] * x[1])

static const tenon__import imports[] = {{"onnx", "", "Mul", 1, 0, NULL}, {0}};

const tenon__op tenon__op_mul = {.name = "Mul",
                                 .doc = "The product of two tensors, element by element",
                                 TENON__ELTWISE(2),
                                 .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                 .accuracy = TENON__ROUNDS,
                                 .imports = imports,
                                 .read = read,
                                 TENON__REF(ref)};
