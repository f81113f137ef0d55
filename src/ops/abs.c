/* SPDX-License-Identifier: Apache-2.0 */
/* Abs: y = |x|. Any shape; reals (f16 and bf16 widened) and integers. The least signed integer
 * stays itself. Source: ONNX Abs-13. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_ABS, err);
}

TENON__ELTWISE_REF(fabs(x[0]))

static const tenon__import imports[] = {{"onnx", "", "Abs", 1, 0, NULL}, {0}};

const tenon__op tenon__op_abs = {.name = "Abs",
                                 .doc = "The absolute value",
                                 TENON__ELTWISE(1),
                                 .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                 .accuracy = TENON__EXACT,
                                 .imports = imports,
                                 .read = read,
                                 TENON__REF(ref)};
