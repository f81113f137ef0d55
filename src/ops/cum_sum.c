/* SPDX-License-Identifier: Apache-2.0 */
/* CumSum: running sums along an axis, y[i] = x[0] + .. + x[i]. ONNX CumSum-11, 14.
 *
 * axis is a scalar input. exclusive leaves the element itself out (the first is then 0); reverse
 * starts at the end. Numbers; integers wrap. */
#include "opkit/cumulate.h"

static tenon_status run(const tenon__run *r)
{
    return tenon__cumulate_run(r, false);
}

static const tenon__import imports[] = {{"onnx", "", "CumSum", 11, 0, NULL}, {0}};

const tenon__op tenon__op_cum_sum = {
    .name = "CumSum",
    .doc = "Running sums along an axis",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__cumulate_attrs),
    .params_bytes = sizeof(tenon__cumulate_params),
    .read = tenon__cumulate_read,
    .infer = tenon__cumulate_infer,
    .bind = tenon__cumulate_bind,
    .run = run,
};
