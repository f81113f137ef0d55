/* SPDX-License-Identifier: Apache-2.0 */
/* Sum: the sum of several tensors, element by element, with broadcasting; reals (f16 and bf16
 * widened). Added from the left. Source: ONNX Sum-13. */
#include "opkit/eltwise.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__eltwise_read(node, a, TENON__F_ADD, err);
    a->dtypes &= TENON__REAL_DTYPES;
    return status;
}

static const tenon__import imports[] = {{"onnx", "", "Sum", 1, 0, NULL}, {0}};

const tenon__op tenon__op_sum = {
    .name = "Sum",
    .doc = "The sum of several tensors",
    TENON__VARIADIC,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .read = read,
};
