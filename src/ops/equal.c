/* SPDX-License-Identifier: Apache-2.0 */
/* Equal: y = a == b, with broadcasting; reals (f16 and bf16 widened), integers, bool and strings
 * (by their bytes); bool comes out. NaN equals nothing. Source: ONNX Equal-19, and with attributes
 * axis and broadcast before opset 7. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_EQUAL, err);
}

static const tenon__import imports[] = {{"onnx", "", "Equal", 1, 0, NULL}, {0}};

const tenon__op tenon__op_equal = {
    .name = "Equal",
    .doc = "Whether two elements are the same",
    TENON__ELTWISE(2),
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .read = read,
};
