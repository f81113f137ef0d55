/* SPDX-License-Identifier: Apache-2.0 */
/* Min: the smallest of several tensors, element by element, with broadcasting; reals (f16 and bf16
 * widened) and integers. NaN wins. Source: ONNX Min-13. */
#include "opkit/eltwise.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_MIN, err);
}

static const tenon__import imports[] = {{"onnx", "", "Min", 1, 0, NULL}, {0}};

const tenon__op tenon__op_min = {
    .name = "Min",
    .doc = "The smallest of several tensors",
    TENON__VARIADIC,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .read = read,
};
