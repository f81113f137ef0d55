/* SPDX-License-Identifier: Apache-2.0 */
/* BitwiseAnd: y = a & b, with broadcasting; integers. Source: ONNX BitwiseAnd-18. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__eltwise_read(node, a, TENON__F_AND, err);
    a->dtypes &= ~TENON__DTYPE_BIT(BOOL);
    return status;
}

TENON__ELTWISE_REF((double)((int64_t)x[0] & (int64_t)x[1]))

static const tenon__import imports[] = {{"onnx", "", "BitwiseAnd", 18, 0, NULL}, {0}};

const tenon__op tenon__op_bitwise_and = {.name = "BitwiseAnd",
                                         .doc = "Bitwise and",
                                         TENON__ELTWISE(2),
                                         .flags = TENON__OP_INPLACE,
                                         .accuracy = TENON__EXACT,
                                         .imports = imports,
                                         .read = read,
                                         TENON__REF(ref)};
