/* SPDX-License-Identifier: Apache-2.0 */
/* GlobalMaxPool: the largest element over all spatial axes, which become 1. f32, f64. Source: ONNX GlobalMaxPool-1 .. 22. */
#include "opkit/pool.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out, tenon_error *err)
{
    tenon__pool_attrs *a = out;
    (void)graph;
    a->kind = TENON__POOL_MAX;
    (void)node;
    (void)err;
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "GlobalMaxPool", 1, 0, NULL}, {0}};

const tenon__op tenon__op_global_max_pool = {
    .name = "GlobalMaxPool",
    .doc = "The largest element of each plane",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__pool_attrs),
    .params_bytes = sizeof(tenon__pool_params),
    .read = read,
    .infer = tenon__global_pool_infer,
    .bind = tenon__global_pool_bind,
    .run = tenon__global_pool_run,
    .blocked = tenon__pool_blocked,
};
