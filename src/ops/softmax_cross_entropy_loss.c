/* SPDX-License-Identifier: Apache-2.0 */
/* SoftmaxCrossEntropyLoss: log_prob = LogSoftmax(scores, axis 1), the optional second output, and
 * NegativeLogLikelihoodLoss of it, with the same attributes. ONNX SoftmaxCrossEntropyLoss-13. */
#include "opkit/norm.h"

static tenon_status infer(tenon__infer *c)
{
    c->out[0]->dtype = c->in[0]->dtype;
    tenon__infer_like(c, 1, 0);
    return tenon__norm_check_dtype(c, 0);
}

static tenon_status expand(tenon__expand *c)
{
    tenon__node *node = c->node;
    tenon__attr axis = {.name = TENON__STR("axis"), .type = TENON__ATTR_INT, .i = 1};
    tenon__value_id inputs[3] = {TENON__NO_VALUE, node->inputs[1], TENON__NO_VALUE};
    if (node->input_count > 2) inputs[2] = node->inputs[2];
    inputs[0] = tenon__expand_node(c, "LogSoftmax", node->inputs, 1, &axis, 1,
                                   node->output_count > 1 ? node->outputs[1] : TENON__NO_VALUE);
    tenon__expand_node(c, "NegativeLogLikelihoodLoss", inputs, node->input_count, node->attrs,
                       node->attr_count, node->outputs[0]);
    node->dead = true;
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "SoftmaxCrossEntropyLoss", 12, 0, NULL}, {0}};

const tenon__op tenon__op_softmax_cross_entropy_loss = {
    .name = "SoftmaxCrossEntropyLoss",
    .doc = "The negative logarithm of the wanted class's Softmax, weighted",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 2,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .infer = infer,
    .expand = expand,
};
