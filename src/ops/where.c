/* SPDX-License-Identifier: Apache-2.0 */
/* Where: y = condition ? a : b, with broadcasting of all three. The condition is bool; a and b are
 * of one dtype, any of whole bytes, strings too (whose bytes are shared). Source: ONNX Where-16. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_WHERE, err);
}

static const tenon__import imports[] = {{"onnx", "", "Where", 9, 0, NULL}, {0}};

const tenon__op tenon__op_where = {
    .name = "Where",
    .doc = "One of two tensors, element by element",
    TENON__ELTWISE(3),
    .flags = TENON__OP_INPLACE,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .read = read,
};
