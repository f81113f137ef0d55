/* SPDX-License-Identifier: Apache-2.0 */
/* Dropout: made of other operators. Outside training it is the identity, and the mask is all true.
 * With training_mode, mask = u >= ratio, u even in [0, 1) as RandomUniformLike draws it (the
 * numbers of numpy's RandomState(seed)), and y = mask ? x / (1 - ratio) : 0. Before opset 12 there
 * is no training, and before opset 10 the mask is of the input's dtype. Source: ONNX Dropout-22. */
#include "graph/op.h"

typedef struct attributes {
    bool has_seed, old_mask;
    int64_t seed;
} attributes;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    attributes *a = attrs;
    (void)graph;
    tenon_status status = tenon__attr_check(node, "seed", TENON__ATTR_INT, err);
    a->has_seed = tenon__attr_find(node, "seed") != NULL;
    a->seed = status ? 0 : tenon__attr_int(node, "seed", 0);
    a->old_mask = node->opset < 10;
    return status;
}

static tenon_status infer(tenon__infer *c)
{
    tenon__infer_like(c, 0, 0);
    if (c->out_count > 1) tenon__infer_set(c, 1, TENON_BOOL, c->in[0]->rank, c->in[0]->dims);
    return TENON_OK;
}

/* All true, in the shape of x. */
static void expand_mask(tenon__expand *c, tenon__value_id x, tenon__value_id out)
{
    const attributes *a = c->attrs;
    tenon__value_id shape = tenon__expand_node(c, "Shape", &x, 1, NULL, 0, TENON__NO_VALUE);
    tenon__value_id yes = tenon__expand_const(c, TENON_BOOL, 0, NULL, &(uint8_t){1});
    tenon__value_id all = tenon__expand_node(c, "Expand", (tenon__value_id[]){yes, shape}, 2, NULL,
                                             0, a->old_mask ? TENON__NO_VALUE : out);
    if (a->old_mask)
        tenon__expand_node(c, "CastLike", (tenon__value_id[]){all, x}, 2, NULL, 0, out);
}

/* mask = not training or u >= ratio; y = mask ? x * (training ? 1 / (1 - ratio) : 1) : 0. */
static void expand_training(tenon__expand *c)
{
    const attributes *a = c->attrs;
    const tenon__node *node = c->node;
    const tenon__value_id none = TENON__NO_VALUE;
    tenon__value_id x = node->inputs[0], ratio = node->inputs[1], training = node->inputs[2];
    tenon__attr random[] = {
        {.name = TENON__STR("dtype"), .type = TENON__ATTR_INT, .i = 11},
        {.name = TENON__STR("seed"), .type = TENON__ATTR_FLOAT, .f = (float)a->seed}};
    tenon__attr to_f64 = {.name = TENON__STR("to"), .type = TENON__ATTR_INT, .i = 11};
    tenon__value_id u =
        tenon__expand_node(c, "RandomUniformLike", &x, 1, random, a->has_seed ? 2 : 1, none);
    if (ratio == none) ratio = tenon__expand_const(c, TENON_F32, 0, NULL, &(float){0.5f});
    tenon__value_id ratio64 = tenon__expand_node(c, "Cast", &ratio, 1, &to_f64, 1, none);
    tenon__value_id one = tenon__expand_const(c, TENON_F64, 0, NULL, &(double){1.0});
    tenon__value_id kept =
        tenon__expand_node(c, "GreaterOrEqual", (tenon__value_id[]){u, ratio64}, 2, NULL, 0, none);
    tenon__value_id idle = tenon__expand_node(c, "Not", &training, 1, NULL, 0, none);
    tenon__value_id mask_out = node->output_count > 1 ? node->outputs[1] : none;
    tenon__value_id mask =
        tenon__expand_node(c, "Or", (tenon__value_id[]){idle, kept}, 2, NULL, 0, mask_out);
    if (node->outputs[0] == none) return;
    tenon__value_id rest =
        tenon__expand_node(c, "Sub", (tenon__value_id[]){one, ratio64}, 2, NULL, 0, none);
    tenon__value_id share =
        tenon__expand_node(c, "Where", (tenon__value_id[]){training, rest, one}, 3, NULL, 0, none);
    tenon__value_id divisor =
        tenon__expand_node(c, "CastLike", (tenon__value_id[]){share, x}, 2, NULL, 0, none);
    tenon__value_id scaled =
        tenon__expand_node(c, "Div", (tenon__value_id[]){x, divisor}, 2, NULL, 0, none);
    tenon__value_id nought = tenon__expand_const(c, TENON_F32, 0, NULL, &(float){0});
    tenon__value_id zero =
        tenon__expand_node(c, "CastLike", (tenon__value_id[]){nought, x}, 2, NULL, 0, none);
    tenon__expand_node(c, "Where", (tenon__value_id[]){mask, scaled, zero}, 3, NULL, 0,
                       node->outputs[0]);
}

static tenon_status expand(tenon__expand *c)
{
    tenon__node *node = c->node;
    if (node->input_count > 2 && node->inputs[2] != TENON__NO_VALUE) {
        expand_training(c);
    } else {
        if (node->outputs[0] != TENON__NO_VALUE)
            tenon__expand_node(c, "Identity", node->inputs, 1, NULL, 0, node->outputs[0]);
        if (node->output_count > 1 && node->outputs[1] != TENON__NO_VALUE)
            expand_mask(c, node->inputs[0], node->outputs[1]);
    }
    node->dead = true;
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Dropout", 1, 0, NULL}, {0}};

const tenon__op tenon__op_dropout = {
    .name = "Dropout",
    .doc = "The input; in training, some elements dropped at random",
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 2,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(attributes),
    .read = read,
    .infer = infer,
    .expand = expand,
};
