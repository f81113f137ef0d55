/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearAdd: y = saturate(round(((a - a_zero) * a_scale + (b - b_zero) * b_scale) / y_scale) +
 * y_zero), halves to even, with broadcasting; uint8 or int8 throughout. Scales and zero points
 * have one element; a missing zero point is 0. Source: onnxruntime's com.microsoft QLinearAdd-1. */
#include "opkit/qlinear.h"

static tenon_status run(const tenon__run *r)
{
    return tenon__qlinear_binary_run(r, false);
}

static const tenon__import imports[] = {{"onnx", "com.microsoft", "QLinearAdd", 1, 0, NULL}, {0}};

const tenon__op tenon__op_qlinear_add = {
    .name = "QLinearAdd",
    .doc = "The sum of two tensors of bytes with scales",
    .min_inputs = 7,
    .max_inputs = 8,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .params_bytes = sizeof(tenon__qlinear_params),
    .infer = tenon__qlinear_binary_infer,
    .bind = tenon__qlinear_binary_bind,
    .run = run,
};
