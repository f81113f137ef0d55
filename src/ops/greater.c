/* SPDX-License-Identifier: Apache-2.0 */
/* Greater: y = a > b, with broadcasting; reals (f16 and bf16 widened) and integers; bool comes
 * out. False where one is NaN. Source: ONNX Greater-13, and with attributes axis and broadcast
 * before opset 7. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    a->reversed = true; /* b is less */
    return tenon__eltwise_read(node, a, TENON__F_LESS, err);
}

TENON__ELTWISE_REF(x[0] > x[1])

static const tenon__import imports[] = {{"onnx", "", "Greater", 1, 0, NULL}, {0}};

const tenon__op tenon__op_greater = {.name = "Greater",
                                     .doc = "Whether the first is greater",
                                     TENON__ELTWISE(2),
                                     .flags = TENON__OP_WIDEN,
                                     .accuracy = TENON__EXACT,
                                     .imports = imports,
                                     .read = read,
                                     TENON__REF(ref)};
