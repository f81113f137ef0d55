/* SPDX-License-Identifier: Apache-2.0 */
/* AveragePool: the mean of the elements under each window; pads count where count_include_pad is 1, what lies past the pads
 * (ceil_mode) never. f32, f64. Source: ONNX AveragePool-1 .. 22. */
#include "opkit/pool.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out, tenon_error *err)
{
    tenon__pool_attrs *a = out;
    (void)graph;
    a->kind = TENON__POOL_AVERAGE;
    a->include_pad = tenon__attr_int(node, "count_include_pad", 0) != 0;
    return tenon__window_read(node, &a->window, err);
}

static const tenon__import imports[] = {{"onnx", "", "AveragePool", 1, 0, NULL}, {0}};

const tenon__op tenon__op_average_pool = {
    .name = "AveragePool",
    .doc = "The mean of the elements under each window",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__pool_attrs),
    .params_bytes = sizeof(tenon__pool_params),
    .read = read,
    .infer = tenon__pool_infer,
    .bind = tenon__pool_bind,
    .run = tenon__pool_run,
    .blocked = tenon__pool_blocked,
};
