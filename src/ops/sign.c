/* SPDX-License-Identifier: Apache-2.0 */
/* Sign: y = x < 0 ? -1 : x > 0 ? 1 : 0. Any shape; reals (f16 and bf16 widened) and integers.
 * NaN stays NaN. Source: ONNX Sign-13. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_SIGN, err);
}

TENON__ELTWISE_REF(x[0]<0 ? -1 : x[0]> 0 ? 1 : isnan(x[0]) ? x[0] : 0)

static const tenon__import imports[] = {{"onnx", "", "Sign", 9, 0, NULL}, {0}};

const tenon__op tenon__op_sign = {.name = "Sign",
                                  .doc = "The sign",
                                  TENON__ELTWISE(1),
                                  .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                  .accuracy = TENON__EXACT,
                                  .imports = imports,
                                  .read = read,
                                  TENON__REF(ref)};
