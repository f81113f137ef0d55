/* SPDX-License-Identifier: Apache-2.0 */
/* Less: y = a < b, with broadcasting; reals (f16 and bf16 widened) and integers; bool comes out.
 * False where one is NaN. Source: ONNX Less-13, and with attributes axis and broadcast before
 * opset 7. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_LESS, err);
}

TENON__ELTWISE_REF(x[0] < x[1])

static const tenon__import imports[] = {{"onnx", "", "Less", 1, 0, NULL}, {0}};

const tenon__op tenon__op_less = {.name = "Less",
                                  .doc = "Whether the first is less",
                                  TENON__ELTWISE(2),
                                  .flags = TENON__OP_WIDEN,
                                  .accuracy = TENON__EXACT,
                                  .imports = imports,
                                  .read = read,
                                  TENON__REF(ref)};
