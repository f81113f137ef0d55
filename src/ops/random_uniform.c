/* SPDX-License-Identifier: Apache-2.0 */
/* RandomUniform: numbers evenly spread over [low, high), in the given shape and dtype. Which
 * numbers, opkit/random.h says. Source: ONNX RandomUniform-22. */
#include "opkit/random.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    tenon_status status = tenon__random_read(node, 1, attrs, err);
    if (!status) status = tenon__random_read_range(node, true, attrs, err);
    return status ? status : tenon__random_read_shape(node, attrs, err);
}

static tenon_status run(const tenon__run *r)
{
    return tenon__random_fill(r, tenon__random_next_uniform);
}

static const tenon__import imports[] = {{"onnx", "", "RandomUniform", 1, 0, NULL}, {0}};

const tenon__op tenon__op_random_uniform = {
    .name = "RandomUniform",
    .doc = "Evenly distributed random numbers",
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
