/* SPDX-License-Identifier: Apache-2.0 */
/* Not: y = !x. Any shape; bool. Source: ONNX Not-1. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_NOT, err);
}

TENON__ELTWISE_REF(x[0] == 0)

static const tenon__import imports[] = {{"onnx", "", "Not", 1, 0, NULL}, {0}};

const tenon__op tenon__op_not = {.name = "Not",
                                 .doc = "True for false, false for true",
                                 TENON__ELTWISE(1),
                                 .flags = TENON__OP_INPLACE,
                                 .accuracy = TENON__EXACT,
                                 .imports = imports,
                                 .read = read,
                                 TENON__REF(ref)};
