/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearSigmoid: y = quantised(1 / (1 + exp(-x))), where x is what the byte stands for; uint8
 * or int8 in and out, any shape. Scales and zero points have one element; a missing zero point
 * is 0. Source: onnxruntime's com.microsoft QLinearSigmoid-1. */
#include <math.h>

#include "opkit/qlinear.h"

static double sigmoid(const void *attrs, double x)
{
    (void)attrs;
    return 1 / (1 + exp(-x));
}

static tenon_status run(const tenon__run *r)
{
    return tenon__qlinear_unary_run(r, sigmoid);
}

static const tenon__import imports[] = {{"onnx", "com.microsoft", "QLinearSigmoid", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_qlinear_sigmoid = {
    .name = "QLinearSigmoid",
    .doc = "The sigmoid of bytes with a scale",
    .min_inputs = 4,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_INPLACE,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .params_bytes = sizeof(tenon__qlinear_params),
    .infer = tenon__qlinear_unary_infer,
    .bind = tenon__qlinear_unary_bind,
    .run = run,
};
