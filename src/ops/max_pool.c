/* SPDX-License-Identifier: Apache-2.0 */
/* MaxPool: the largest element under each window, NaN winning; f32, f64, int8, uint8. Output 1, if asked for: its index in X
 * flattened ([N, C, D1, ...]; with storage_order 1 the spatial axes count column-major). Attributes as in opkit/window.h.
 * Source: ONNX MaxPool-1 .. 22. */
#include "opkit/pool.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out, tenon_error *err)
{
    tenon__pool_attrs *a = out;
    (void)graph;
    a->kind = TENON__POOL_MAX;
    a->column_major = tenon__attr_int(node, "storage_order", 0) != 0;
    return tenon__window_read(node, &a->window, err);
}

static const tenon__import imports[] = {{"onnx", "", "MaxPool", 1, 0, NULL}, {0}};

const tenon__op tenon__op_max_pool = {
    .name = "MaxPool",
    .doc = "The largest element under each window",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 2,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__pool_attrs),
    .params_bytes = sizeof(tenon__pool_params),
    .read = read,
    .infer = tenon__pool_infer,
    .bind = tenon__pool_bind,
    .run = tenon__pool_run,
    .blocked = tenon__pool_blocked,
};
