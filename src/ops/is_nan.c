/* SPDX-License-Identifier: Apache-2.0 */
/* IsNaN: whether x is not a number. Any shape; f32 and f64 (f16, bf16 and f8 widened); bool comes
 * out. Source: ONNX IsNaN-20. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__eltwise_read(node, a, TENON__F_IS_NAN, err);
    a->dtypes |= TENON__F8_DTYPES;
    return status;
}

TENON__ELTWISE_REF(isnan(x[0]))

static const tenon__import imports[] = {{"onnx", "", "IsNaN", 9, 0, NULL}, {0}};

const tenon__op tenon__op_is_nan = {.name = "IsNaN",
                                    .doc = "Whether x is not a number",
                                    TENON__ELTWISE(1),
                                    .flags = TENON__OP_WIDEN,
                                    .accuracy = TENON__EXACT,
                                    .imports = imports,
                                    .read = read,
                                    TENON__REF(ref)};
