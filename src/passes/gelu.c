/* SPDX-License-Identifier: Apache-2.0 */
/* x / 2 * (1 + erf(x / sqrt 2)), in the orders that exporters write it, is Gelu(x); so is
 * x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))), its approximation. */
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

/* The x of erf(x / sqrt 2), or TENON__NO_VALUE. */
static tenon__value_id under_erf(const tenon__pass_context *c, const tenon__node *erf)
{
    const tenon__node *div = tenon__match_sole(c, erf->inputs[0], "Div"),
                      *mul = tenon__match_sole(c, erf->inputs[0], "Mul");
    if (div) return is_number(c, div->inputs[1], sqrt(2)) ? div->inputs[0] : TENON__NO_VALUE;
    return mul ? beside(c, mul, sqrt(0.5)) : TENON__NO_VALUE;
}

static bool is_square(const tenon__pass_context *c, tenon__value_id id, tenon__value_id x)
{
    const tenon__node *pow = tenon__match_sole(c, id, "Pow"),
                      *mul = tenon__match_sole(c, id, "Mul");
    if (pow) return pow->inputs[0] == x && is_number(c, pow->inputs[1], 2);
    return mul && mul->inputs[0] == x && mul->inputs[1] == x;
}

static bool is_cube(const tenon__pass_context *c, tenon__value_id id, tenon__value_id x)
{
    const tenon__node *pow = tenon__match_sole(c, id, "Pow"),
                      *mul = tenon__match_sole(c, id, "Mul");
    if (pow) return pow->inputs[0] == x && is_number(c, pow->inputs[1], 3);
    for (uint32_t i = 0; mul && i < 2; i++)
        if (mul->inputs[i] == x && is_square(c, mul->inputs[1 - i], x)) return true;
    return false;
}

/* The x of tanh(sqrt(2 / pi) * (x + 0.044715 x^3)), or TENON__NO_VALUE. */
static tenon__value_id under_tanh(const tenon__pass_context *c, const tenon__node *tanh)
{
    const tenon__node *mul = tenon__match_sole(c, tanh->inputs[0], "Mul"),
                      *add = mul ? tenon__match_sole(c, beside(c, mul, 0.7978845608), "Add") : NULL;
    for (uint32_t i = 0; add && i < 2; i++) {
        const tenon__node *third = tenon__match_sole(c, add->inputs[1 - i], "Mul");
        if (third && is_cube(c, beside(c, third, 0.044715), add->inputs[i])) return add->inputs[i];
    }
    return TENON__NO_VALUE;
}

/* 1 + what is above: x, or TENON__NO_VALUE. */
static tenon__value_id gate_of(const tenon__pass_context *c, tenon__value_id id, bool *approximate)
{
    const tenon__node *add = tenon__match_sole(c, id, "Add");
    if (!add) return TENON__NO_VALUE;
    const tenon__node *erf = tenon__match_sole(c, beside(c, add, 1), "Erf"),
                      *tanh = tenon__match_sole(c, beside(c, add, 1), "Tanh");
    *approximate = tanh != NULL;
    return erf ? under_erf(c, erf) : tanh ? under_tanh(c, tanh) : TENON__NO_VALUE;
}

/* The x of a node that is a * b with a, b in {x, gate(x)}, or x / 2 in place of x where `half`. */
static tenon__value_id product_of(const tenon__pass_context *c, const tenon__node *mul, bool half,
                                  bool *approximate)
{
    for (uint32_t i = 0; i < 2 && mul->input_count == 2; i++) {
        tenon__value_id x = gate_of(c, mul->inputs[i], approximate), other = mul->inputs[1 - i];
        if (x == TENON__NO_VALUE) continue;
        if (!half && other == x) return x;
        const tenon__node *scaled = half ? tenon__match_sole(c, other, "Mul") : NULL;
        if (scaled && beside(c, scaled, 0.5) == x) return x;
    }
    return TENON__NO_VALUE;
}

static tenon__value_id gelu_of(const tenon__pass_context *c, const tenon__node *node,
                               bool *approximate)
{
    tenon__value_id x = product_of(c, node, true, approximate); /* (x / 2) * gate */
    if (x != TENON__NO_VALUE) return x;
    const tenon__node *product =
        tenon__match_sole(c, beside(c, node, 0.5), "Mul"); /* (x * gate) / 2 */
    if (product) return product_of(c, product, false, approximate);
    for (uint32_t i = 0; i < 2 && node->input_count == 2; i++) { /* x * (gate / 2) */
        const tenon__node *scaled = tenon__match_sole(c, node->inputs[i], "Mul");
        if (scaled && gate_of(c, beside(c, scaled, 0.5), approximate) == node->inputs[1 - i])
            return node->inputs[1 - i];
    }
    return TENON__NO_VALUE;
}

tenon_status tenon__pass_gelu(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *node = c->graph->nodes.items[n];
        if (node->dead || !tenon__match_is(node, "Mul")) continue;
        bool approximate = false;
        tenon__value_id x = gelu_of(c, node, &approximate);
        if (x == TENON__NO_VALUE || tenon__match_view(c, x)->dtype != TENON_F32) continue;
        const int rank = tenon__match_view(c, x)->rank; /* constants may have more dims */
        if (rank < 0 || rank != tenon__match_view(c, node->outputs[0])->rank) continue;
        tenon__attr attr = tenon__attr_of_text("approximate", "tanh");
        tenon_status st = tenon__rewrite_op(c, node, "Gelu", &x, 1, &attr, approximate);
        if (st) return st;
    }
    return TENON_OK;
}
