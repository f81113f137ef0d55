/* SPDX-License-Identifier: Apache-2.0 */
/* Log: y = log(x). Any shape; f32 and f64 (f16 and bf16 widened). log(0) is -inf, NaN below.
 * Source: ONNX Log-13. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_LOG, err);
}

TENON__ELTWISE_REF(log(x[0]))

static const tenon__import imports[] = {{"onnx", "", "Log", 1, 0, NULL}, {0}};

const tenon__op tenon__op_log = {.name = "Log",
                                 .doc = "The natural logarithm",
                                 TENON__ELTWISE(1),
                                 .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                 .accuracy = TENON__ROUNDS,
                                 .imports = imports,
                                 .read = read,
                                 TENON__REF(ref)};
