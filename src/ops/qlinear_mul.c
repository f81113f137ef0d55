/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearMul: y = saturate(round((a - a_zero) * (b - b_zero) * (a_scale * b_scale / y_scale)) +
 * y_zero), halves to even, with broadcasting; uint8 or int8 throughout. Scales and zero points
 * have one element; a missing zero point is 0. Source: onnxruntime's com.microsoft QLinearMul-1. */
#include "opkit/qlinear.h"

static tenon_status run(const tenon__run *r)
{
    return tenon__qlinear_binary_run(r, true);
}

static const tenon__import imports[] = {{"onnx", "com.microsoft", "QLinearMul", 1, 0, NULL}, {0}};

const tenon__op tenon__op_qlinear_mul = {
    .name = "QLinearMul",
    .doc = "The product of two tensors of bytes with scales",
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
