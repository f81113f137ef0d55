/* SPDX-License-Identifier: Apache-2.0 */
/* GlobalLpPool: (sum of |x|^p)^(1/p) over all spatial axes, which become 1. f32, f64. Source: ONNX GlobalLpPool-2 .. 22. */
#include "opkit/pool.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out, tenon_error *err)
{
    tenon__pool_attrs *a = out;
    (void)graph;
    a->p = (double)tenon__attr_int(node, "p", 2);
    a->kind = a->p == 1 ? TENON__POOL_LP1 : TENON__POOL_LP2;
    if (a->p < 1 || a->p > 64) return tenon__fail(err, TENON_EFORMAT, "p is %g; it must be from 1 to 64", a->p);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "GlobalLpPool", 1, 0, NULL}, {0}};

const tenon__op tenon__op_global_lp_pool = {
    .name = "GlobalLpPool",
    .doc = "The p-norm of each plane",
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
};
