/* SPDX-License-Identifier: Apache-2.0 */
/* Xor: y = a or b, not both, with broadcasting; bool. Source: ONNX Xor-7, and with attributes
 * axis and broadcast before opset 7. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__eltwise_read(node, a, TENON__F_XOR, err);
    a->dtypes = TENON__DTYPE_BIT(BOOL);
    return status;
}

TENON__ELTWISE_REF((x[0] != 0) != (x[1] != 0))

static const tenon__import imports[] = {{"onnx", "", "Xor", 1, 0, NULL}, {0}};

const tenon__op tenon__op_xor = {.name = "Xor",
                                 .doc = "Logical exclusive or",
                                 TENON__ELTWISE(2),
                                 .flags = TENON__OP_INPLACE,
                                 .accuracy = TENON__EXACT,
                                 .imports = imports,
                                 .read = read,
                                 TENON__REF(ref)};
