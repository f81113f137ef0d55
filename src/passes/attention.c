/* SPDX-License-Identifier: Apache-2.0 */
/* MatMul, scale, mask, Softmax over the last axis, MatMul, as exporters write attention, is one
 * Attend; scales stand on either operand or on the scores, Transposes of the operands and of the
 * output go into it. What broadcasts may be unknown yet: Attend takes what the operators took. */
#include <math.h>

#include "passes/match.h"

typedef struct operand {
    tenon__value_id value;
    const int64_t *order; /* NULL: as it is */
    size_t rank;
} operand;

typedef struct found {
    operand q, k, v;
    double scale;
    tenon__value_id factor[2]; /* of the scale, known when it runs */
    int factors;
    tenon__value_id mask;
    double fill;
    bool keeps, guard;
} found;

/* Whether each element of `id` is multiplied by one number: then `id` is what it was before. */
static bool peel_scale(const tenon__pass_context *c, tenon__value_id *id, found *f)
{
    const tenon__node *mul = tenon__match_sole(c, *id, "Mul"),
                      *div = tenon__match_sole(c, *id, "Div");
    double x;
    if (div) {
        if (!tenon__match_scalar(c, div->inputs[1], &x) || x == 0 ||
            tenon__match_view(c, div->inputs[1])->rank > tenon__match_view(c, div->inputs[0])->rank)
            return false;
        f->scale /= x;
        *id = div->inputs[0];
        return true;
    }
    for (uint32_t i = 0; mul && i < 2; i++) {
        tenon__value_id by = mul->inputs[i], rest = mul->inputs[1 - i];
        const tenon__view *v = tenon__match_view(c, by), *whole = tenon__match_view(c, rest);
        if (by == rest || v->rank < 0 || v->rank > whole->rank) continue;
        if (tenon__match_scalar(c, by, &x)) {
            f->scale *= x;
        } else if (f->factors < 2 && v->dtype == TENON_F32 && tenon__dims_known(v) &&
                   tenon__view_count(v) == 1 && !tenon__match_const(c, by)) {
            f->factor[f->factors++] = by;
        } else {
            continue;
        }
        *id = rest;
        return true;
    }
    return false;
}

/* Whether a Transpose can go into Attend as the order of its operand. */
static bool peel_order(const tenon__pass_context *c, operand *o, bool keys)
{
    const tenon__node *node = o->order ? NULL : tenon__match_sole(c, o->value, "Transpose");
    size_t count = 0;
    const int64_t *perm = node ? tenon__attr_ints(node, "perm", &count) : NULL;
    if (!perm || count < 2 || tenon__match_view(c, node->inputs[0])->rank != (int)count)
        return false;
    const int64_t end = (int64_t)count - 1;
    for (int64_t i = 0; i <= end; i++)
        if (perm[i] < 0) return false;
    bool fits = keys ? perm[end - 1] == end || (perm[end] == end && perm[end - 1] == end - 1)
                     : perm[end] == end;
    if (!fits) return false;
    *o = (operand){node->inputs[0], perm, count};
    return true;
}

static bool peel_operand(const tenon__pass_context *c, operand *o, found *f, bool scaled, bool keys)
{
    while ((scaled && peel_scale(c, &o->value, f)) || peel_order(c, o, keys))
        continue;
    const tenon__view *v = tenon__match_view(c, o->value);
    return v->rank >= 2 && v->dtype == TENON_F32;
}

/* scale * Q K: fills q, k and scale. */
static bool match_product(const tenon__pass_context *c, tenon__value_id id, found *f)
{
    while (peel_scale(c, &id, f))
        continue;
    const tenon__node *node = tenon__match_sole(c, id, "MatMul");
    if (!node || node->input_count != 2 || node->attr_count) return false;
    f->q = (operand){.value = node->inputs[0]};
    f->k = (operand){.value = node->inputs[1]};
    return peel_operand(c, &f->q, f, true, false) && peel_operand(c, &f->k, f, true, true);
}

/* Whether a constant leaves the rank of what it stands beside. */
static bool keeps_rank(const tenon__pass_context *c, tenon__value_id constant, tenon__value_id x)
{
    return tenon__match_view(c, constant)->rank <= tenon__match_view(c, x)->rank;
}

/* Scores with something added, or with numbers put in by a condition. */
static bool match_masked(const tenon__pass_context *c, tenon__value_id id, found *f)
{
    const tenon__node *add = tenon__match_sole(c, id, "Add"),
                      *where = tenon__match_sole(c, id, "Where");
    const found before = *f;
    for (uint32_t i = 0; add && tenon__match_numpy(add) && i < 2; i++) {
        const tenon__view *mask = tenon__match_view(c, add->inputs[1 - i]);
        *f = before;
        f->mask = add->inputs[1 - i];
        if (mask->rank >= 0 && mask->dtype == TENON_F32 && match_product(c, add->inputs[i], f))
            return true;
    }
    for (uint32_t i = 1; where && i < 3; i++) {
        *f = before;
        f->mask = where->inputs[0];
        f->keeps = i == 1;
        if (tenon__match_view(c, f->mask)->rank >= 0 &&
            tenon__match_scalar(c, where->inputs[3 - i], &f->fill) &&
            keeps_rank(c, where->inputs[3 - i], where->inputs[i]) &&
            match_product(c, where->inputs[i], f))
            return true;
    }
    *f = before;
    return !add && !where && match_product(c, id, f);
}

static bool is_last_axis(const tenon__pass_context *c, const tenon__node *softmax)
{
    int rank = tenon__match_view(c, softmax->inputs[0])->rank;
    int64_t axis = tenon__attr_int(softmax, "axis", softmax->opset >= 13 ? -1 : 1);
    return axis == -1 || (rank > 0 && axis == rank - 1);
}

/* The probabilities of `id`, with or without a guard against rows that are NaN. */
static const tenon__node *match_softmax(const tenon__pass_context *c, tenon__value_id id, found *f)
{
    const tenon__node *where = tenon__match_sole(c, id, "Where"), *softmax;
    double zero;
    if (!where) {
        softmax = tenon__match_sole(c, id, "Softmax");
        return softmax && is_last_axis(c, softmax) ? softmax : NULL;
    }
    const tenon__node *nan = tenon__match_sole(c, where->inputs[0], "IsNaN");
    if (!nan || nan->inputs[0] != where->inputs[2] ||
        !tenon__match_scalar(c, where->inputs[1], &zero) || zero != 0 ||
        !keeps_rank(c, where->inputs[1], where->inputs[2]))
        return NULL;
    tenon__value_id p = where->inputs[2];
    softmax = tenon__match_producer(c, p);
    if (!softmax || !tenon__match_is(softmax, "Softmax") || p >= c->use_count || c->uses[p] != 2)
        return NULL;
    f->guard = true;
    return is_last_axis(c, softmax) ? softmax : NULL;
}

static uint32_t add_order(tenon__attr *attrs, uint32_t count, const char *name, const operand *o)
{
    if (!o->order) return count;
    attrs[count] = (tenon__attr){
        .name = tenon__str_of(name), .type = TENON__ATTR_INTS, .count = o->rank, .ints = o->order};
    return count + 1;
}

/* The product of the factors that are numbers only when it runs. */
static tenon_status join_factors(tenon__pass_context *c, const found *f, tenon__value_id *out)
{
    tenon__node *node;
    *out = f->factors ? f->factor[0] : TENON__NO_VALUE;
    if (f->factors < 2) return TENON_OK;
    const tenon__view *a = tenon__match_view(c, f->factor[0]),
                      *b = tenon__match_view(c, f->factor[1]);
    tenon_status st = tenon__rewrite_value(c, a->rank > b->rank ? a : b, out);
    return st ? st
              : tenon__rewrite_add(c, "Mul", (tenon__str){NULL, 0}, f->factor, 2, out, 1, NULL, 0,
                                   &node);
}

static tenon_status fuse(tenon__pass_context *c, tenon__node *node, const found *f)
{
    tenon__attr attrs[7] = {tenon__attr_of_float("scale", (float)f->scale)};
    tenon__value_id factor, in[5] = {f->q.value, f->k.value, f->v.value, f->mask};
    uint32_t count = 1;
    if (f->guard) attrs[count++] = tenon__attr_of_int("guard", 1);
    if (f->mask != TENON__NO_VALUE && tenon__match_view(c, f->mask)->dtype == TENON_BOOL) {
        attrs[count++] = tenon__attr_of_int("keeps", f->keeps);
        attrs[count++] = tenon__attr_of_float("fill", (float)f->fill);
    }
    count = add_order(attrs, count, "q_order", &f->q);
    count = add_order(attrs, count, "k_order", &f->k);
    count = add_order(attrs, count, "v_order", &f->v);
    tenon_status st = join_factors(c, f, &factor);
    if (st) return st;
    in[4] = factor;
    return tenon__rewrite_op(c, node, "Attend", in, factor == TENON__NO_VALUE ? 4 : 5, attrs,
                             count);
}

static tenon_status visit(tenon__pass_context *c, tenon__node *node)
{
    found f = {.scale = 1, .mask = TENON__NO_VALUE, .keeps = true};
    if (node->input_count != 2 || node->attr_count) return TENON_OK;
    const tenon__node *softmax = match_softmax(c, node->inputs[0], &f);
    if (!softmax || !match_masked(c, softmax->inputs[0], &f)) return TENON_OK;
    f.v = (operand){.value = node->inputs[1]};
    if (!peel_operand(c, &f.v, &f, false, false)) return TENON_OK;
    /* MatMul packs constants once and for all. */
    if (tenon__match_const(c, f.k.value) || tenon__match_const(c, f.v.value)) return TENON_OK;
    return fuse(c, node, &f);
}

/* A Transpose behind Attend that keeps the last axis is the order it writes in. */
static tenon_status order_output(tenon__pass_context *c, tenon__node *transpose)
{
    operand o = {.value = transpose->outputs[0]};
    tenon__node *node = tenon__match_sole(c, transpose->inputs[0], "Attend");
    if (!node || tenon__attr_find(node, "y_order") || !peel_order(c, &o, false)) return TENON_OK;
    tenon__attr attr;
    add_order(&attr, 0, "y_order", &o);
    tenon_status st = tenon__rewrite_attrs(c, node, &attr, 1);
    if (st) return st;
    tenon__rewrite_output(c, node, transpose->outputs[0]);
    transpose->dead = true;
    return TENON_OK;
}

tenon_status tenon__pass_attention(tenon__pass_context *c)
{
    tenon_status st = TENON_OK;
    for (size_t n = 0; n < c->graph->nodes.count && st == TENON_OK; n++) {
        tenon__node *node = c->graph->nodes.items[n];
        if (!node->dead && tenon__match_is(node, "MatMul")) st = visit(c, node);
    }
    for (size_t n = 0; n < c->graph->nodes.count && st == TENON_OK; n++) {
        tenon__node *node = c->graph->nodes.items[n];
        if (!node->dead && tenon__match_is(node, "Transpose")) st = order_output(c, node);
    }
    return st;
}
