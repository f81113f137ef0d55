/* SPDX-License-Identifier: Apache-2.0 */
/* Round: y = the integer nearest to x, the even one where there are two. Any shape; f32 and f64
 * (f16 and bf16 widened). Source: ONNX Round-22. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_ROUND, err);
}

TENON__ELTWISE_REF(nearbyint(x[0]))

static const tenon__import imports[] = {{"onnx", "", "Round", 11, 0, NULL}, {0}};

const tenon__op tenon__op_round = {.name = "Round",
                                   .doc = "The nearest integer",
                                   TENON__ELTWISE(1),
                                   .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                   .accuracy = TENON__EXACT,
                                   .imports = imports,
                                   .read = read,
                                   TENON__REF(ref)};
