/* SPDX-License-Identifier: Apache-2.0 */
/* x * Sigmoid(x) is Silu(x). */
#include "passes/match.h"

tenon_status tenon__pass_silu(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *mul = c->graph->nodes.items[n];
        if (mul->dead || !tenon__match_is(mul, "Mul") || mul->input_count != 2) continue;
        for (uint32_t i = 0; i < 2; i++) {
            tenon__node *sigmoid = tenon__match_sole(c, mul->inputs[i], "Sigmoid");
            tenon__value_id x = mul->inputs[1 - i];
            if (!sigmoid || sigmoid->inputs[0] != x || tenon__match_view(c, x)->dtype != TENON_F32)
                continue;
            tenon_status st = tenon__rewrite_op(c, mul, "Silu", &x, 1, NULL, 0);
            if (st) return st;
            sigmoid->dead = true;
            if (c->uses[x]) c->uses[x]--;
            break;
        }
    }
    return TENON_OK;
}
