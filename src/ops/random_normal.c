/* SPDX-License-Identifier: Apache-2.0 */
/* RandomNormal: normally distributed numbers of the given mean and deviation (scale), in the
 * given shape and dtype. Which numbers, opkit/random.h says. Source: ONNX RandomNormal-22. */
#include "opkit/random.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    tenon_status status = tenon__random_read(node, 1, attrs, err);
    if (!status) status = tenon__random_read_range(node, false, attrs, err);
    return status ? status : tenon__random_read_shape(node, attrs, err);
}

static tenon_status run(const tenon__run *r)
{
    return tenon__random_fill(r, tenon__random_next_normal);
}

static const tenon__import imports[] = {{"onnx", "", "RandomNormal", 1, 0, NULL}, {0}};

const tenon__op tenon__op_random_normal = {
    .name = "RandomNormal",
    .doc = "Normally distributed random numbers",
    .min_inputs = 0,
    .max_inputs = 0,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_IMPURE,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__random_attrs),
    .params_bytes = sizeof(tenon__random_params),
    .read = read,
    .infer = tenon__random_infer,
    .bind = tenon__random_bind,
    .run = run,
};
