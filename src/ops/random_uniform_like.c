/* SPDX-License-Identifier: Apache-2.0 */
/* RandomUniformLike: numbers evenly spread over [low, high), in the input's shape, and in its
 * dtype unless dtype says otherwise. Which numbers, opkit/random.h says. Source: ONNX
 * RandomUniformLike-22. */
#include "opkit/random.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    tenon_status status = tenon__random_read(node, 0, attrs, err);
    if (!status) status = tenon__random_read_range(node, true, attrs, err);
    return status;
}

static tenon_status run(const tenon__run *r)
{
    return tenon__random_fill(r, tenon__random_next_uniform);
}

static const tenon__import imports[] = {{"onnx", "", "RandomUniformLike", 1, 0, NULL}, {0}};

const tenon__op tenon__op_random_uniform_like = {
    .name = "RandomUniformLike",
    .doc = "Evenly distributed random numbers in the shape of a tensor",
    .min_inputs = 1,
    .max_inputs = 1,
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
