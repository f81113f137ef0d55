/* SPDX-License-Identifier: Apache-2.0 */
/* (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) * scale + bias over the last axis, as
 * exporters write it before opset 17, is LayerNormalization. */
#include "passes/match.h"
#include "tensor/convert.h"

/* A mean over the last axis alone, kept as 1. */
static bool is_last_mean(const tenon__pass_context *c, const tenon__node *node)
{
    size_t count = 0;
    int64_t axis = 0;
    const tenon__view *x = tenon__match_view(c, node->inputs[0]),
                      *list = tenon__match_view(c, tenon__match_input(node, 1));
    const int64_t *axes = tenon__attr_ints(node, "axes", &count);
    if (!tenon__attr_int(node, "keepdims", 1)) return false;
    if (axes && count == 1)
        axis = axes[0];
    else if (list && tenon__match_const(c, node->inputs[1]) && tenon__view_count(list) == 1)
        axis = tenon__get_i64(list->dtype, list->data, 0);
    else
        return false;
    return axis == -1 || (x->rank > 0 && axis == x->rank - 1);
}

/* The square of a value: d * d or d ^ 2; TENON__NO_VALUE otherwise. */
static tenon__value_id root_of_square(const tenon__pass_context *c, tenon__value_id id)
{
    double power;
    const tenon__node *pow = tenon__match_sole(c, id, "Pow"),
                      *mul = tenon__match_sole(c, id, "Mul");
    if (pow && tenon__match_scalar(c, pow->inputs[1], &power) && power == 2) return pow->inputs[0];
    return mul && mul->inputs[0] == mul->inputs[1] ? mul->inputs[0] : TENON__NO_VALUE;
}

/* sqrt(mean(d^2) + epsilon) for this d. */
static bool is_deviation(const tenon__pass_context *c, tenon__value_id id, tenon__value_id d,
                         double *epsilon)
{
    const tenon__node *sqrt = tenon__match_sole(c, id, "Sqrt");
    const tenon__node *add = sqrt ? tenon__match_sole(c, sqrt->inputs[0], "Add") : NULL;
    for (uint32_t i = 0; add && i < 2; i++) {
        const tenon__node *mean = tenon__match_sole(c, add->inputs[i], "ReduceMean");
        if (mean && tenon__match_scalar(c, add->inputs[1 - i], epsilon) && is_last_mean(c, mean) &&
            root_of_square(c, mean->inputs[0]) == d)
            return true;
    }
    return false;
}

/* x of Div(x - mean(x), deviation); TENON__NO_VALUE otherwise. */
static tenon__value_id normalised(const tenon__pass_context *c, const tenon__node *div,
                                  double *epsilon)
{
    const tenon__node *sub = tenon__match_producer(c, div->inputs[0]);
    if (!sub || !tenon__match_is(sub, "Sub") ||
        !is_deviation(c, div->inputs[1], div->inputs[0], epsilon))
        return TENON__NO_VALUE;
    const tenon__node *mean = tenon__match_sole(c, sub->inputs[1], "ReduceMean");
    return mean && mean->inputs[0] == sub->inputs[0] && is_last_mean(c, mean) ? sub->inputs[0]
                                                                              : TENON__NO_VALUE;
}

/* The constant vector beside `id` in a node of two inputs, as long as the last axis. */
static tenon__value_id vector_beside(const tenon__pass_context *c, const tenon__node *node,
                                     tenon__value_id id, int64_t length)
{
    for (uint32_t i = 0; i < 2 && node->input_count == 2; i++) {
        const tenon__view *v = tenon__match_view(c, node->inputs[1 - i]);
        if (node->inputs[i] == id && tenon__match_const(c, node->inputs[1 - i]) && v->rank == 1 &&
            v->dims[0] == length && v->dtype == TENON_F32)
            return node->inputs[1 - i];
    }
    return TENON__NO_VALUE;
}

static tenon_status recognise(tenon__pass_context *c, tenon__node *add)
{
    for (uint32_t i = 0; i < 2; i++) {
        double epsilon;
        tenon__node *mul = tenon__match_sole(c, add->inputs[i], "Mul");
        for (uint32_t k = 0; mul && k < 2; k++) {
            const tenon__node *div = tenon__match_sole(c, mul->inputs[k], "Div");
            tenon__value_id x = div ? normalised(c, div, &epsilon) : TENON__NO_VALUE;
            const tenon__view *v = tenon__match_view(c, x);
            if (!v || v->dtype != TENON_F32 || v->rank < 1 || v->dims[v->rank - 1] <= 0) continue;
            if (!tenon__match_numpy(mul) || v->rank != tenon__match_view(c, add->outputs[0])->rank)
                continue;
            int64_t length = v->dims[v->rank - 1];
            tenon__value_id in[3] = {x, vector_beside(c, mul, mul->inputs[k], length),
                                     vector_beside(c, add, add->inputs[i], length)};
            if (in[1] == TENON__NO_VALUE || in[2] == TENON__NO_VALUE) continue;
            tenon__attr attrs[2] = {tenon__attr_of_int("axis", -1),
                                    tenon__attr_of_float("epsilon", (float)epsilon)};
            return tenon__rewrite_op(c, add, "LayerNormalization", in, 3, attrs, 2);
        }
    }
    return TENON_OK;
}

tenon_status tenon__pass_layer_norm(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *add = c->graph->nodes.items[n];
        if (add->dead || !tenon__match_is(add, "Add") || add->input_count != 2 ||
            !tenon__match_numpy(add))
            continue;
        tenon_status st = recognise(c, add);
        if (st) return st;
    }
    return TENON_OK;
}
