/* SPDX-License-Identifier: Apache-2.0 */
/* CastLike: x as the dtype of the second input, whose elements are not read; otherwise as Cast.
 * Source: ONNX CastLike-25. */
#include "opkit/cast.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__cast_read(node, attrs, err);
}

static const tenon__import imports[] = {{"onnx", "", "CastLike", 15, 0, NULL}, {0}};

const tenon__op tenon__op_cast_like = {
    .name = "CastLike",
    .doc = "Elements of one tensor as the type of another",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__cast_attrs),
    .params_bytes = sizeof(tenon__cast_params),
    .read = read,
    .infer = tenon__cast_infer,
    .bind = tenon__cast_bind,
    .run = tenon__cast_run,
};
