/* SPDX-License-Identifier: Apache-2.0 */
/* SwiGLU: y = a * sigmoid(alpha * a) * b, made of Swish and Mul. a and b have the same shape;
 * floats. ONNX SwiGLU-28. */
#include "opkit/norm.h"

typedef struct attrs {
    float alpha;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    (void)graph;
    ((attrs *)parsed)->alpha = tenon__attr_float(node, "alpha", 1.0f);
    return tenon__attr_check(node, "alpha", TENON__ATTR_FLOAT, err);
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *a = c->in[0], *b = c->in[1];
    tenon_status st = tenon__norm_check_dtype(c, 0);
    if (st) return st;
    tenon__infer_like(c, 0, 0);
    if (a->dtype != TENON_NONE && b->dtype != TENON_NONE && a->dtype != b->dtype)
        return tenon__fail(c->err, TENON_ETYPE, "A is %s, B is %s; they must be the same",
                           tenon_dtype_text(a->dtype), tenon_dtype_text(b->dtype));
    if (tenon__infer_rank_unknown(c, 2)) return TENON_OK;
    bool same = a->rank == b->rank;
    for (int k = 0; same && k < a->rank; k++)
        same = tenon__dim_agrees(a->dims[k], b->dims[k]);
    if (same) return TENON_OK;
    char text_a[128], text_b[128];
    return tenon__fail(c->err, TENON_ESHAPE, "A is %s, B is %s; they must have the same shape",
                       tenon__view_print(a, text_a, sizeof text_a),
                       tenon__view_print(b, text_b, sizeof text_b));
}

static tenon_status expand(tenon__expand *c)
{
    const attrs *a = c->attrs;
    tenon__attr alpha = {.name = TENON__STR("alpha"), .type = TENON__ATTR_FLOAT, .f = a->alpha};
    tenon__value_id gate =
        tenon__expand_node(c, "Swish", c->node->inputs, 1, &alpha, 1, TENON__NO_VALUE);
    tenon__expand_node(c, "Mul", (tenon__value_id[]){gate, c->node->inputs[1]}, 2, NULL, 0,
                       c->node->outputs[0]);
    c->node->dead = true;
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "SwiGLU", 28, 0, NULL}, {0}};

const tenon__op tenon__op_swi_glu = {
    .name = "SwiGLU",
    .doc = "A gate through Swish, times a value",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .expand = expand,
};
