/* SPDX-License-Identifier: Apache-2.0 */
/* LpPool: (sum of |x|^p)^(1/p) under each window. f32, f64. Source: ONNX LpPool-2 .. 22. */
#include "opkit/pool.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out, tenon_error *err)
{
    tenon__pool_attrs *a = out;
    (void)graph;
    a->p = (double)tenon__attr_int(node, "p", 2);
    a->kind = a->p == 1 ? TENON__POOL_LP1 : TENON__POOL_LP2;
    if (a->p < 1 || a->p > 64) return tenon__fail(err, TENON_EFORMAT, "p is %g; it must be from 1 to 64", a->p);
    return tenon__window_read(node, &a->window, err);
}

static const tenon__import imports[] = {{"onnx", "", "LpPool", 1, 0, NULL}, {0}};

const tenon__op tenon__op_lp_pool = {
    .name = "LpPool",
    .doc = "The p-norm of the elements under each window",
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
