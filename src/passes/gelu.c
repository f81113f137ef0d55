/* SPDX-License-Identifier: Apache-2.0 */
/* x / 2 * (1 + erf(x / sqrt 2)), in the orders that exporters write it, is Gelu(x). */
#include <math.h>

#include "passes/match.h"

static bool is_number(const tenon__pass_context *c, tenon__value_id id, double want)
{
    double x;
    return tenon__match_scalar(c, id, &x) && fabs(x - want) < 1e-4 * want;
}

/* The operand of a two-input node beside a constant of this value; TENON__NO_VALUE otherwise. */
static tenon__value_id beside(const tenon__pass_context *c, const tenon__node *node, double want)
{
    for (uint32_t i = 0; i < 2 && node->input_count == 2; i++)
        if (is_number(c, node->inputs[i], want)) return node->inputs[1 - i];
    return TENON__NO_VALUE;
}

/* 1 + erf(x / sqrt 2): x, or TENON__NO_VALUE. */
static tenon__value_id gate_of(const tenon__pass_context *c, tenon__value_id id)
{
    const tenon__node *add = tenon__match_sole(c, id, "Add");
    if (!add) return TENON__NO_VALUE;
    const tenon__node *erf = tenon__match_sole(c, beside(c, add, 1), "Erf");
    if (!erf) return TENON__NO_VALUE;
    const tenon__node *div = tenon__match_sole(c, erf->inputs[0], "Div"),
                      *mul = tenon__match_sole(c, erf->inputs[0], "Mul");
    if (div) return is_number(c, div->inputs[1], sqrt(2)) ? div->inputs[0] : TENON__NO_VALUE;
    return mul ? beside(c, mul, sqrt(0.5)) : TENON__NO_VALUE;
}

/* The x of a node that is a * b with a, b in {x, gate(x)}, or x / 2 in place of x where `half`. */
static tenon__value_id product_of(const tenon__pass_context *c, const tenon__node *mul, bool half)
{
    for (uint32_t i = 0; i < 2 && mul->input_count == 2; i++) {
        tenon__value_id x = gate_of(c, mul->inputs[i]), other = mul->inputs[1 - i];
        if (x == TENON__NO_VALUE) continue;
        if (!half && other == x) return x;
        const tenon__node *scaled = half ? tenon__match_sole(c, other, "Mul") : NULL;
        if (scaled && beside(c, scaled, 0.5) == x) return x;
    }
    return TENON__NO_VALUE;
}

static tenon__value_id gelu_of(const tenon__pass_context *c, const tenon__node *node)
{
    tenon__value_id x = product_of(c, node, true); /* (x / 2) * gate */
    if (x != TENON__NO_VALUE) return x;
    const tenon__node *product =
        tenon__match_sole(c, beside(c, node, 0.5), "Mul"); /* (x * gate) / 2 */
    if (product) return product_of(c, product, false);
    for (uint32_t i = 0; i < 2 && node->input_count == 2; i++) { /* x * (gate / 2) */
        const tenon__node *scaled = tenon__match_sole(c, node->inputs[i], "Mul");
        if (scaled && gate_of(c, beside(c, scaled, 0.5)) == node->inputs[1 - i])
            return node->inputs[1 - i];
    }
    return TENON__NO_VALUE;
}

tenon_status tenon__pass_gelu(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *node = c->graph->nodes.items[n];
        if (node->dead || !tenon__match_is(node, "Mul")) continue;
        tenon__value_id x = gelu_of(c, node);
        if (x == TENON__NO_VALUE || tenon__match_view(c, x)->dtype != TENON_F32) continue;
        tenon_status st = tenon__rewrite_op(c, node, "Gelu", &x, 1, NULL, 0);
        if (st) return st;
    }
    return TENON_OK;
}
