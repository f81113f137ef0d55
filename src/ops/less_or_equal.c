/* SPDX-License-Identifier: Apache-2.0 */
/* LessOrEqual: y = a <= b, with broadcasting; reals (f16 and bf16 widened) and integers; bool
 * comes out. False where one is NaN. Source: ONNX LessOrEqual-16. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_LESS_EQUAL, err);
}

TENON__ELTWISE_REF(x[0] <= x[1])

static const tenon__import imports[] = {{"onnx", "", "LessOrEqual", 12, 0, NULL}, {0}};

const tenon__op tenon__op_less_or_equal = {.name = "LessOrEqual",
                                           .doc = "Whether the first is not greater",
                                           TENON__ELTWISE(2),
                                           .flags = TENON__OP_WIDEN,
                                           .accuracy = TENON__EXACT,
                                           .imports = imports,
                                           .read = read,
                                           TENON__REF(ref)};
