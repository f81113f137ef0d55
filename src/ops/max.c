/* SPDX-License-Identifier: Apache-2.0 */
/* Max: the largest of several tensors, element by element, with broadcasting; reals (f16 and bf16
 * widened) and integers. NaN wins. Source: ONNX Max-13. */
#include "opkit/eltwise.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_MAX, err);
}

static const tenon__import imports[] = {{"onnx", "", "Max", 1, 0, NULL}, {0}};

const tenon__op tenon__op_max = {
    .name = "Max",
    .doc = "The largest of several tensors",
    TENON__VARIADIC,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .read = read,
};
