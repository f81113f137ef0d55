/* SPDX-License-Identifier: Apache-2.0 */
/* IsInf: whether x is -inf (where detect_negative) or inf (where detect_positive). Any shape; f32
 * and f64 (f16, bf16 and f8 widened); bool comes out. Source: ONNX IsInf-20. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__attr_check(node, "detect_negative", TENON__ATTR_INT, err);
    if (!status) status = tenon__attr_check(node, "detect_positive", TENON__ATTR_INT, err);
    if (status) return status;
    a->p[0] = tenon__attr_int(node, "detect_negative", 1) != 0;
    a->p[1] = tenon__attr_int(node, "detect_positive", 1) != 0;
    status = tenon__eltwise_read(node, a, TENON__F_IS_INF, err);
    a->dtypes |= TENON__F8_DTYPES;
    return status;
}

TENON__ELTWISE_REF(isinf(x[0]) && p[x[0] > 0] != 0)

static const tenon__import imports[] = {{"onnx", "", "IsInf", 10, 0, NULL}, {0}};

const tenon__op tenon__op_is_inf = {.name = "IsInf",
                                    .doc = "Whether x is infinite",
                                    TENON__ELTWISE(1),
                                    .flags = TENON__OP_WIDEN,
                                    .accuracy = TENON__EXACT,
                                    .imports = imports,
                                    .read = read,
                                    TENON__REF(ref)};
