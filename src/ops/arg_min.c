/* SPDX-License-Identifier: Apache-2.0 */
/* ArgMin: the index of the smallest element along an axis, int64. ONNX ArgMin-1 .. 13.
 *
 * axis (default 0) stays as 1 where keepdims (default 1). Of equal elements the first is taken, the
 * last where select_last_index is set. NaN counts as the smallest. The axis is not empty. Numbers.
 */
#include "opkit/arg.h"

static tenon_status run(const tenon__run *r)
{
    return tenon__arg_run(r, false);
}

static const tenon__import imports[] = {{"onnx", "", "ArgMin", 1, 0, NULL}, {0}};

const tenon__op tenon__op_arg_min = {
    .name = "ArgMin",
    .doc = "The index of the smallest element along an axis",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__arg_attrs),
    .params_bytes = sizeof(tenon__arg_params),
    .read = tenon__arg_read,
    .infer = tenon__arg_infer,
    .bind = tenon__arg_bind,
    .run = run,
};
