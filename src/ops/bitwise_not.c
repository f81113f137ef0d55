/* SPDX-License-Identifier: Apache-2.0 */
/* BitwiseNot: y = ~x. Any shape; integers. Source: ONNX BitwiseNot-18. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_BITWISE_NOT, err);
}

TENON__ELTWISE_REF(-1 - x[0])

static const tenon__import imports[] = {{"onnx", "", "BitwiseNot", 18, 0, NULL}, {0}};

const tenon__op tenon__op_bitwise_not = {.name = "BitwiseNot",
                                         .doc = "The complement of each bit",
                                         TENON__ELTWISE(1),
                                         .flags = TENON__OP_INPLACE,
                                         .accuracy = TENON__EXACT,
                                         .imports = imports,
                                         .read = read,
                                         TENON__REF(ref)};
