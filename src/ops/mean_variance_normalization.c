/* SPDX-License-Identifier: Apache-2.0 */
/* MeanVarianceNormalization: y = (x - E x) / (sqrt(E (x - E x)^2) + 1e-9) over `axes` (default 0,
 * 2, 3), made of ReduceMean and arithmetic. Floats. ONNX MeanVarianceNormalization-13. */
#include "opkit/norm.h"

typedef struct attrs {
    const int64_t *axes;
    size_t count;
} attrs;

static const int64_t default_axes[] = {0, 2, 3};

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    a->axes = tenon__attr_ints(node, "axes", &a->count);
    if (!tenon__attr_find(node, "axes")) {
        a->axes = default_axes;
        a->count = sizeof default_axes / sizeof *default_axes;
    }
    if (a->count > TENON_MAX_RANK)
        return tenon__fail(err, TENON_EFORMAT, "axes has %zu numbers; at most %d axes exist",
                           a->count, TENON_MAX_RANK);
    return tenon__attr_check(node, "axes", TENON__ATTR_INTS, err);
}

static tenon_status infer(tenon__infer *c)
{
    tenon__infer_like(c, 0, 0);
    return tenon__norm_check_dtype(c, 0);
}

static tenon_status expand(tenon__expand *c)
{
    const attrs *a = c->attrs;
    tenon__value_id x = c->node->inputs[0];
    const float tiny = 1e-9f;
    int64_t count = (int64_t)a->count;
    tenon__value_id axes = tenon__expand_const(c, TENON_I64, 1, &count, a->axes);
    tenon__value_id mean = tenon__expand_node(c, "ReduceMean", (tenon__value_id[]){x, axes}, 2,
                                              NULL, 0, TENON__NO_VALUE);
    tenon__value_id d =
        tenon__expand_node(c, "Sub", (tenon__value_id[]){x, mean}, 2, NULL, 0, TENON__NO_VALUE);
    tenon__value_id square =
        tenon__expand_node(c, "Mul", (tenon__value_id[]){d, d}, 2, NULL, 0, TENON__NO_VALUE);
    tenon__value_id variance = tenon__expand_node(
        c, "ReduceMean", (tenon__value_id[]){square, axes}, 2, NULL, 0, TENON__NO_VALUE);
    tenon__value_id deviation =
        tenon__expand_node(c, "Sqrt", &variance, 1, NULL, 0, TENON__NO_VALUE);
    tenon__value_id least = tenon__expand_const(c, TENON_F32, 0, NULL, &tiny);
    least = tenon__expand_node(c, "CastLike", (tenon__value_id[]){least, x}, 2, NULL, 0,
                               TENON__NO_VALUE);
    deviation = tenon__expand_node(c, "Add", (tenon__value_id[]){deviation, least}, 2, NULL, 0,
                                   TENON__NO_VALUE);
    tenon__expand_node(c, "Div", (tenon__value_id[]){d, deviation}, 2, NULL, 0,
                       c->node->outputs[0]);
    c->node->dead = true;
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "MeanVarianceNormalization", 9, 0, NULL}, {0}};

const tenon__op tenon__op_mean_variance_normalization = {
    .name = "MeanVarianceNormalization",
    .doc = "Mean 0 and variance 1 over some axes",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .expand = expand,
};
