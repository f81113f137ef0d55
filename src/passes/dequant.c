/* SPDX-License-Identifier: Apache-2.0 */
/* What dynamic quantisation writes: the sums of a MatMulInteger cast to float32, scaled, and with a
 * bias by column added, become its inputs 4 and 5. Passes residual and activation go on from there.
 */
#include "passes/match.h"

static bool is_absent(const tenon__node *node, uint32_t i)
{
    return tenon__match_input(node, i) == TENON__NO_VALUE;
}

/* One number, or one for each column of `product`, in any shape that leaves the product's. */
static bool is_per_column(const tenon__pass_context *c, tenon__value_id id,
                          const tenon__node *product, bool one)
{
    const tenon__view *v = tenon__match_view(c, id), *y = tenon__match_view(c, product->outputs[0]),
                      *b = tenon__match_view(c, product->inputs[1]);
    if (v->dtype != TENON_F32 || v->rank < 0 || v->rank > y->rank || !tenon__dims_known(v))
        return false;
    int64_t count = tenon__view_count(v);
    if (one && count == 1) return true;
    /* The product by a vector has rows only. */
    return b->rank >= 2 && v->rank >= 1 && count == v->dims[v->rank - 1] &&
           count == y->dims[y->rank - 1];
}

static tenon_status scale(tenon__pass_context *c, tenon__node *mul)
{
    for (uint32_t i = 0; i < 2; i++) {
        tenon__node *cast = tenon__match_sole(c, mul->inputs[i], "Cast");
        tenon__node *product = cast ? tenon__match_sole(c, cast->inputs[0], "MatMulInteger") : NULL;
        if (!product || product->input_count > 4 ||
            tenon__match_view(c, cast->outputs[0])->dtype != TENON_F32 ||
            !is_per_column(c, mul->inputs[1 - i], product, true))
            continue;
        tenon_status st = tenon__rewrite_input(c, product, 4, mul->inputs[1 - i]);
        if (st) return st;
        tenon__rewrite_output(c, product, mul->outputs[0]);
        cast->dead = mul->dead = true;
        break;
    }
    return TENON_OK;
}

static tenon_status bias(tenon__pass_context *c, tenon__node *add)
{
    for (uint32_t i = 0; i < 2; i++) {
        tenon__node *product = tenon__match_sole(c, add->inputs[i], "MatMulInteger");
        if (!product || is_absent(product, 4) || !is_absent(product, 5) ||
            !tenon__match_const(c, add->inputs[1 - i]) ||
            !is_per_column(c, add->inputs[1 - i], product, false))
            continue;
        tenon_status st = tenon__rewrite_input(c, product, 5, add->inputs[1 - i]);
        if (st) return st;
        tenon__rewrite_output(c, product, add->outputs[0]);
        add->dead = true;
        break;
    }
    return TENON_OK;
}

tenon_status tenon__pass_dequant(tenon__pass_context *c)
{
    tenon_status st = TENON_OK;
    for (size_t n = 0; n < c->graph->nodes.count && st == TENON_OK; n++) {
        tenon__node *node = c->graph->nodes.items[n];
        if (node->dead || node->input_count != 2) continue;
        if (tenon__match_is(node, "Mul")) st = scale(c, node);
        if (tenon__match_is(node, "Add")) st = bias(c, node);
    }
    return st;
}
