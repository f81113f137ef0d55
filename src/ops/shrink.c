/* SPDX-License-Identifier: Apache-2.0 */
/* Shrink: y = x < -lambd ? x + bias : x > lambd ? x - bias : 0. Any shape; f32 and f64 (f16 and
 * bf16 widened). Source: ONNX Shrink-9. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__eltwise_parameter(node, "lambd", 0.5f, &a->p[0], err);
    if (!status) status = tenon__eltwise_parameter(node, "bias", 0.0f, &a->p[1], err);
    return status ? status : tenon__eltwise_read(node, a, TENON__F_SHRINK, err);
}

TENON__ELTWISE_REF(x[0]<-(double)p[0] ? x[0] + (double)p[1] : x[0]>(double) p[0]
                       ? x[0] - (double)p[1]
                   : isnan(x[0]) ? x[0]
                                 : 0)

static const tenon__import imports[] = {{"onnx", "", "Shrink", 9, 0, NULL}, {0}};

const tenon__op tenon__op_shrink = {.name = "Shrink",
                                    .doc = "Zero near zero, x drawn towards it elsewhere",
                                    TENON__ELTWISE(1),
                                    .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                    .accuracy = TENON__SUMS,
                                    .imports = imports,
                                    .read = read,
                                    TENON__REF(ref)};
