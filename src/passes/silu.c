/* SPDX-License-Identifier: Apache-2.0 */
/* x * Sigmoid(x) is Silu(x); x * Tanh(Softplus(x)) is Mish(x). */
#include "passes/match.h"

/* Marks what makes `id` of x dead and says what x times it is; NULL where that is nothing known. */
static const char *take_gate(const tenon__pass_context *c, tenon__value_id id, tenon__value_id x)
{
    tenon__node *sigmoid = tenon__match_sole(c, id, "Sigmoid"),
                *tanh = tenon__match_sole(c, id, "Tanh"),
                *softplus = tanh ? tenon__match_sole(c, tanh->inputs[0], "Softplus") : NULL;
    if (sigmoid && sigmoid->inputs[0] == x) {
        sigmoid->dead = true;
        return "Silu";
    }
    if (!softplus || softplus->inputs[0] != x) return NULL;
    tanh->dead = softplus->dead = true;
    return "Mish";
}

tenon_status tenon__pass_silu(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *mul = c->graph->nodes.items[n];
        if (mul->dead || !tenon__match_is(mul, "Mul") || mul->input_count != 2) continue;
        for (uint32_t i = 0; i < 2; i++) {
            tenon__value_id x = mul->inputs[1 - i];
            if (tenon__match_view(c, x)->dtype != TENON_F32) continue;
            const char *op = take_gate(c, mul->inputs[i], x);
            if (!op) continue;
            tenon_status st = tenon__rewrite_op(c, mul, op, &x, 1, NULL, 0);
            if (st) return st;
            if (c->uses[x]) c->uses[x]--;
            break;
        }
    }
    return TENON_OK;
}
