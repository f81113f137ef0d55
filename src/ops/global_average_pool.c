/* SPDX-License-Identifier: Apache-2.0 */
/* GlobalAveragePool: the mean over all spatial axes, which become 1. f32, f64. Source: ONNX GlobalAveragePool-1 .. 22. */
#include "opkit/pool.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out, tenon_error *err)
{
    tenon__pool_attrs *a = out;
    (void)graph;
    a->kind = TENON__POOL_AVERAGE;
    (void)node;
    (void)err;
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "GlobalAveragePool", 1, 0, NULL}, {0}};

const tenon__op tenon__op_global_average_pool = {
    .name = "GlobalAveragePool",
    .doc = "The mean of each plane",
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
    .infer = tenon__global_pool_infer,
    .bind = tenon__global_pool_bind,
    .run = tenon__global_pool_run,
    .blocked = tenon__pool_blocked,
};
