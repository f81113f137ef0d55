/* SPDX-License-Identifier: Apache-2.0 */
/* HardSwish: y = x * max(0, min(1, x / 6 + 1 / 2)). Any shape; f32 and f64 (f16 and bf16
 * widened). Source: ONNX HardSwish-22. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_HARD_SWISH, err);
}

TENON__ELTWISE_REF(x[0] * fmin(fmax(x[0] / 6 + 0.5, 0), 1))

static const tenon__import imports[] = {{"onnx", "", "HardSwish", 14, 0, NULL}, {0}};

const tenon__op tenon__op_hard_swish = {.name = "HardSwish",
                                        .doc = "X times a sigmoid of three straight lines",
                                        TENON__ELTWISE(1),
                                        .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                        .accuracy = TENON__SUMS,
                                        .imports = imports,
                                        .read = read,
                                        TENON__REF(ref)};
