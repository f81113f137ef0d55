/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses where bytes are kept with channels last, as convolutions of bytes want them: QLinearConv
 * becomes QLinearConvLast and starts a region; operators that do not mind carry it on; Transposes
 * stand at the borders. Each value of a region exists twice, the second time as its file has it,
 * behind a Transpose that falls to the dead-code pass where nobody reads it. */
#include "passes/match.h"

typedef struct regions {
    tenon__pass_context *c;
    tenon__value_id *twin; /* of a value: with channels last, or TENON__NO_VALUE */
    bool *leaves;          /* a value that is read by what does not carry floats on */
    size_t count;
} regions;

static tenon__value_id twin_of(const regions *r, tenon__value_id id)
{
    return id < r->count ? r->twin[id] : TENON__NO_VALUE;
}

/* ---- what the nodes are ---- */

static bool all_constant(const tenon__pass_context *c, const tenon__node *node, uint32_t from)
{
    for (uint32_t i = from; i < node->input_count; i++)
        if (node->inputs[i] != TENON__NO_VALUE && !tenon__match_const(c, node->inputs[i]))
            return false;
    return true;
}

static bool is_scalar(const tenon__view *v)
{
    return tenon__view_count(v) == 1;
}

/* One or two spatial axes, all constant but the input. */
static bool is_convolution(const tenon__pass_context *c, const tenon__node *node)
{
    if (!tenon__match_is(node, "QLinearConv") || !all_constant(c, node, 1)) return false;
    const tenon__view *x = tenon__match_view(c, node->inputs[0]),
                      *w = tenon__match_view(c, node->inputs[3]);
    return x->rank == w->rank && (w->rank == 3 || w->rank == 4) && tenon__view_count(w) > 0;
}

static bool is_quantiser(const tenon__pass_context *c, const tenon__node *node)
{
    if (!tenon__match_is(node, "QuantizeLinear") && !tenon__match_is(node, "DequantizeLinear"))
        return false;
    const tenon__view *scale = tenon__match_view(c, tenon__match_input(node, 1));
    return scale && is_scalar(scale);
}

/* One output, each element of which depends on those at its place, after broadcasting: axes may be
 * in any order as long as all inputs have all of them. */
static bool is_elementwise(const tenon__pass_context *c, const tenon__node *node)
{
    if (node->output_count != 1 || node->outputs[0] == TENON__NO_VALUE) return false;
    const tenon__view *y = tenon__match_view(c, node->outputs[0]);
    for (uint32_t i = 0; i < node->input_count; i++) {
        const tenon__view *x = tenon__match_view(c, tenon__match_input(node, i));
        if (x && x->rank != y->rank && !is_scalar(x)) return false;
    }
    return is_quantiser(c, node) || tenon__match_is(node, "QLinearAdd") ||
           tenon__match_is(node, "QLinearMul") || (node->op->flags & TENON__OP_INPLACE) != 0;
}

static bool is_byte(tenon_dtype d)
{
    return d == TENON_U8 || d == TENON_I8;
}

static bool is_max(const tenon__pass_context *c, const tenon__node *node)
{
    if (!tenon__match_is(node, "MaxPool") || node->output_count != 1) return false;
    const tenon__view *x = tenon__match_view(c, node->inputs[0]);
    return is_byte(x->dtype) && (x->rank == 3 || x->rank == 4);
}

static bool is_average(const tenon__pass_context *c, const tenon__node *node)
{
    if (tenon__attr_int(node, "channels_last", 0)) return false;
    if (tenon__match_is(node, "QLinearGlobalAveragePool")) return true;
    if (!tenon__match_is(node, "QLinearAveragePool")) return false;
    const int rank = tenon__match_view(c, node->inputs[0])->rank;
    return rank == 3 || rank == 4;
}

/* Floats between bytes are carried only as far as bytes again. */
static void find_leaves(regions *r)
{
    const tenon__graph *g = r->c->graph;
    for (size_t i = 0; i < r->count; i++)
        r->leaves[i] = tenon__graph_value(g, (tenon__value_id)i)->is_output;
    for (size_t n = g->nodes.count; n-- > 0;) {
        const tenon__node *node = g->nodes.items[n];
        if (node->dead) continue;
        bool carries = is_elementwise(r->c, node) && !tenon__match_is(node, "DequantizeLinear");
        if (carries && !tenon__match_is(node, "QuantizeLinear"))
            carries = !r->leaves[node->outputs[0]];
        for (uint32_t i = 0; i < node->input_count; i++)
            if (!carries && node->inputs[i] != TENON__NO_VALUE) r->leaves[node->inputs[i]] = true;
    }
}

/* ---- rewriting ---- */

/* The order of axes that moves channels last, or first again. */
static tenon_status transpose(regions *r, tenon__value_id from, tenon__value_id to, bool last)
{
    const int rank = tenon__match_view(r->c, from)->rank;
    int64_t *perm = tenon__arena_zeroed(r->c->graph->arena, (size_t)rank, sizeof *perm);
    tenon__node *node;
    if (!perm) return tenon__fail(r->c->err, TENON_ENOMEM, "no memory for a permutation");
    for (int i = 1; i < rank; i++)
        perm[i] = last ? i % (rank - 1) + 1 : i == 1 ? rank - 1 : i - 1;
    const tenon__attr attr = {
        .name = TENON__STR("perm"), .type = TENON__ATTR_INTS, .count = (size_t)rank, .ints = perm};
    return tenon__rewrite_add(r->c, "Transpose", (tenon__str){NULL, 0}, &from, 1, &to, 1, &attr, 1,
                              &node);
}

static tenon_status last_value(regions *r, tenon__value_id like, tenon__value_id *out)
{
    tenon__view v = *tenon__match_view(r->c, like);
    const int64_t channels = v.dims[1];
    for (int i = 1; i + 1 < v.rank; i++)
        v.dims[i] = v.dims[i + 1];
    v.dims[v.rank - 1] = channels;
    return tenon__rewrite_value(r->c, &v, out);
}

/* Input i of the node is read with channels last from now on. */
static tenon_status turn_input(regions *r, tenon__node *node, uint32_t i)
{
    const tenon__value_id id = node->inputs[i];
    if (twin_of(r, id) == TENON__NO_VALUE) {
        tenon__value_id last;
        tenon_status st = last_value(r, id, &last);
        if (st == TENON_OK) st = transpose(r, id, last, true);
        if (st) return st;
        r->twin[id] = last;
    }
    return tenon__rewrite_input(r->c, node, i, r->twin[id]);
}

static tenon_status turn_output(regions *r, tenon__node *node)
{
    const tenon__value_id plain = node->outputs[0];
    tenon__value_id last;
    tenon_status st = last_value(r, plain, &last);
    if (st) return st;
    tenon__rewrite_output(r->c, node, last);
    r->twin[plain] = last;
    return transpose(r, last, plain, false);
}

static tenon_status turn_convolution(regions *r, tenon__node *node)
{
    tenon_status st = turn_input(r, node, 0);
    if (st == TENON_OK)
        st = tenon__rewrite_op(r->c, node, "QLinearConvLast", node->inputs, node->input_count,
                               node->attrs, node->attr_count);
    return st ? st : turn_output(r, node);
}

static tenon_status turn_elementwise(regions *r, tenon__node *node)
{
    for (uint32_t i = 0; i < node->input_count; i++) {
        const tenon__view *x = tenon__match_view(r->c, node->inputs[i]);
        if (!x || is_scalar(x)) continue;
        tenon_status st = turn_input(r, node, i);
        if (st) return st;
    }
    return turn_output(r, node);
}

/* A pool with the attribute channels_last. */
static tenon_status turn_average(regions *r, tenon__node *node)
{
    const tenon__attr last = tenon__attr_of_int("channels_last", 1);
    tenon_status st = turn_input(r, node, 0);
    if (st == TENON_OK) st = tenon__rewrite_attrs(r->c, node, &last, 1);
    return st ? st : turn_output(r, node);
}

static tenon_status turn_max(regions *r, tenon__node *node)
{
    tenon_status st = turn_input(r, node, 0);
    if (st == TENON_OK)
        st = tenon__rewrite_op(r->c, node, "MaxPoolLast", node->inputs, 1, node->attrs,
                               node->attr_count);
    return st ? st : turn_output(r, node);
}

static tenon_status turn_concat(regions *r, tenon__node *node)
{
    const int rank = tenon__match_view(r->c, node->outputs[0])->rank;
    int64_t axis = tenon__attr_int(node, "axis", 0);
    if (axis < 0) axis += rank;
    const tenon__attr moved = tenon__attr_of_int("axis", axis == 0   ? 0
                                                         : axis == 1 ? rank - 1
                                                                     : axis - 1);
    for (uint32_t i = 2; i < node->input_count; i += 3) {
        tenon_status st = turn_input(r, node, i);
        if (st) return st;
    }
    tenon_status st = tenon__rewrite_attrs(r->c, node, &moved, 1);
    return st ? st : turn_output(r, node);
}

/* ---- the walk ---- */

/* Whether a Transpose of the file moves channels last, or from there (with three axes it is both).
 */
static void read_order(const tenon__node *node, int rank, bool *to, bool *from)
{
    size_t count;
    const int64_t *perm = tenon__attr_ints(node, "perm", &count);
    *to = *from = perm && count == (size_t)rank;
    for (int i = 0; i < rank && (*to || *from); i++) {
        *to = *to && perm[i] == (i == 0 ? 0 : i % (rank - 1) + 1);
        *from = *from && perm[i] == (i == 0 ? 0 : i == 1 ? rank - 1 : i - 1);
    }
}

/* The borders of regions are where the file has them. */
static tenon_status visit_transpose(regions *r, tenon__node *node, int rank)
{
    const tenon__value_id twin = twin_of(r, node->inputs[0]);
    bool to, from;
    read_order(node, rank, &to, &from);
    if (from) r->twin[node->outputs[0]] = node->inputs[0];
    if (!to || twin == TENON__NO_VALUE) return TENON_OK;
    return tenon__rewrite_op(r->c, node, "Identity", &twin, 1, NULL, 0);
}

static bool any_turned(const regions *r, const tenon__node *node)
{
    for (uint32_t i = 0; i < node->input_count; i++)
        if (twin_of(r, node->inputs[i]) != TENON__NO_VALUE) return true;
    return false;
}

/* Floats go on too, where they do not lead out of the region. */
static bool goes_on(const regions *r, const tenon__node *node)
{
    return is_elementwise(r->c, node) &&
           (is_byte(tenon__match_view(r->c, node->outputs[0])->dtype) ||
            !r->leaves[node->outputs[0]]);
}

static tenon_status visit(regions *r, tenon__node *node)
{
    if (node->output_count < 1 || node->input_count < 1) return TENON_OK;
    const tenon__view *y = tenon__match_view(r->c, node->outputs[0]);
    if (!y || y->rank < 3 || y->kind != TENON_VALUE_TENSOR) return TENON_OK;
    if (tenon__match_is(node, "Transpose")) return visit_transpose(r, node, y->rank);
    if (is_convolution(r->c, node)) return turn_convolution(r, node);
    if (!any_turned(r, node)) return TENON_OK;
    if (goes_on(r, node)) return turn_elementwise(r, node);
    if (tenon__match_is(node, "QLinearConcat")) return turn_concat(r, node);
    if (is_average(r->c, node)) return turn_average(r, node);
    return is_max(r->c, node) ? turn_max(r, node) : TENON_OK;
}

tenon_status tenon__pass_channels_last(tenon__pass_context *c)
{
    const size_t nodes = c->graph->nodes.count;
    regions r = {.c = c, .count = c->graph->values.count};
    bool any = false;
    for (size_t n = 0; n < nodes && !any; n++)
        any = !c->graph->nodes.items[n]->dead && is_convolution(c, c->graph->nodes.items[n]);
    if (!any) return TENON_OK;
    r.twin = tenon__alloc(c->graph->allocator, r.count * (sizeof *r.twin + sizeof *r.leaves));
    if (!r.twin) return tenon__fail(c->err, TENON_ENOMEM, "no memory for pass channels_last");
    r.leaves = (bool *)(r.twin + r.count);
    for (size_t i = 0; i < r.count; i++)
        r.twin[i] = TENON__NO_VALUE;
    find_leaves(&r);
    tenon_status st = TENON_OK;
    for (size_t n = 0; n < nodes && st == TENON_OK; n++)
        if (!c->graph->nodes.items[n]->dead) st = visit(&r, c->graph->nodes.items[n]);
    tenon__free(c->graph->allocator, r.twin);
    return st;
}
