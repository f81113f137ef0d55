/* SPDX-License-Identifier: Apache-2.0 */
/* Add of a value of the same shape behind a convolution or matrix product becomes its input 3; of a
 * MatMulInteger that is scaled, input 6. */
#include "passes/match.h"

static bool is_sum(const tenon__node *node)
{
    return (tenon__match_is(node, "Add") || tenon__match_is(node, "Sum")) &&
           node->input_count == 2 && node->inputs[0] != TENON__NO_VALUE &&
           node->inputs[1] != TENON__NO_VALUE;
}

static uint32_t residual_input(const tenon__node *conv)
{
    return tenon__match_is(conv, "MatMulInteger") ? 6 : 3;
}

static bool takes_residual(const tenon__pass_context *c, const tenon__node *conv)
{
    return tenon__match_input(conv, residual_input(conv)) == TENON__NO_VALUE &&
           !tenon__attr_find(conv, "activation") &&
           tenon__match_view(c, conv->outputs[0])->dtype == TENON_F32;
}

static tenon__node *host(const tenon__pass_context *c, tenon__value_id id)
{
    static const char *const ops[] = {"Conv", "MatMul", "MatMulInteger"};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        tenon__node *node = tenon__match_sole(c, id, ops[i]);
        if (node) return node;
    }
    return NULL;
}

tenon_status tenon__pass_residual(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *add = c->graph->nodes.items[n];
        if (add->dead || !is_sum(add)) continue;
        /* The later of two convolutions takes the other's output: then it is there. */
        for (uint32_t k = 0; k < 2; k++) {
            uint32_t i = 1 - k;
            tenon__node *conv = host(c, add->inputs[i]), *other = host(c, add->inputs[1 - i]);
            if (conv && other && other->index > conv->index) conv = NULL;
            if (!conv || !takes_residual(c, conv) ||
                !tenon__match_same_shape(c, add->inputs[0], add->inputs[1]))
                continue;
            tenon_status st =
                tenon__rewrite_input(c, conv, residual_input(conv), add->inputs[1 - i]);
            if (st) return st;
            tenon__rewrite_output(c, conv, add->outputs[0]);
            add->dead = true;
            break;
        }
    }
    return TENON_OK;
}
