/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses where activations are kept in blocks of 16 channels. An operator that gains much from it
 * (a convolution) starts a blocked region; operators that do not mind (elementwise, pooling, ...)
 * carry it on; ToBlocked and FromBlocked stand at the borders. Each value of a region exists twice:
 * blocked, and plain behind a FromBlocked that falls to the dead-code pass where nobody reads it.
 */
#include "passes/match.h"

typedef struct layouts {
    tenon__pass_context *c;
    tenon__value_id *twin; /* of a value: its blocked form, TENON__NO_VALUE where there is none */
    size_t count;
} layouts;

#define STEM_CHANNELS 4
#define MAX_TAPS      1024
#define LINE_OUTPUTS  2

static bool is_float_const(const tenon__pass_context *c, tenon__value_id id)
{
    return tenon__match_const(c, id) && tenon__match_view(c, id)->dtype == TENON_F32;
}

/* Whether BlockedConv can stand for this Conv: two spatial axes, constant weights, one group or
 * depthwise. */
static bool is_blocked_conv(const tenon__pass_context *c, const tenon__node *node)
{
    tenon__value_id w = tenon__match_input(node, 1), b = tenon__match_input(node, 2);
    if (!tenon__match_is(node, "Conv") || !is_float_const(c, w) ||
        (b != TENON__NO_VALUE && !is_float_const(c, b)))
        return false;
    const tenon__view *v = tenon__match_view(c, w), *x = tenon__match_view(c, node->inputs[0]);
    int64_t group = tenon__attr_int(node, "group", 1);
    /* One or two outputs would leave most of a block empty; as they lie they go line by line. */
    if (group == 1 && v->rank == 4 && v->dims[0] <= LINE_OUTPUTS && v->dims[2] * v->dims[3] > 1)
        return false;
    if (v->rank != 4 || x->rank != 4 || tenon__view_count(v) == 0 ||
        v->dims[2] * v->dims[3] > MAX_TAPS)
        return false;
    return group == 1 || (v->dims[1] == 1 && v->dims[0] == group);
}

/* A convolution over few channels reads them where they lie and gives blocks. */
static bool is_stem(const tenon__pass_context *c, const tenon__node *node)
{
    return is_blocked_conv(c, node) &&
           tenon__match_view(c, node->inputs[1])->dims[1] <= STEM_CHANNELS &&
           tenon__attr_int(node, "group", 1) == 1;
}

static bool same_dims(const tenon__view *a, const tenon__view *b)
{
    if (a->rank != b->rank || a->rank < 0) return false;
    for (int d = 0; d < a->rank; d++)
        if (a->dims[d] != b->dims[d] || a->dims[d] == TENON__DIM_UNKNOWN) return false;
    return true;
}

/* Which inputs are activations, to be blocked with the node: those of the output's shape; else the
 * first; a convolution's first and its residual; all pieces of a Concat. */
static bool is_activation(const tenon__pass_context *c, const tenon__node *node, uint32_t i)
{
    const tenon__view *out = tenon__match_view(c, node->outputs[0]);
    const tenon__view *x = tenon__match_view(c, node->inputs[i]);
    if (!x || x->rank < 3) return false;
    if (tenon__match_is(node, "Conv")) return i == 0 || i == 3;
    if (tenon__match_is(node, "Concat")) return true;
    if (same_dims(x, out)) return true;
    for (uint32_t k = 0; k < node->input_count; k++) {
        const tenon__view *other = tenon__match_view(c, node->inputs[k]);
        if (other && same_dims(other, out)) return false;
    }
    return i == 0;
}

static tenon__value_id twin_of(const layouts *l, tenon__value_id id)
{
    return id < l->count ? l->twin[id] : TENON__NO_VALUE;
}

static int gain(const layouts *l, const tenon__node *node)
{
    const tenon__view *views[TENON__MAX_BODY_INPUTS];
    if (tenon__match_is(node, "Conv")) return is_blocked_conv(l->c, node) ? 2 : 0;
    if (!node->op->blocked || node->output_count < 1 || node->input_count > TENON__MAX_BODY_INPUTS)
        return 0;
    for (uint32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i] == TENON__NO_VALUE) return 0;
    for (uint32_t i = 0; i < node->input_count; i++)
        views[i] = tenon__match_view(l->c, node->inputs[i]);
    return node->op->blocked(node, node->parsed, views, node->input_count, l->c->cpu);
}

static bool any_blocked_input(const layouts *l, const tenon__node *node)
{
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != TENON__NO_VALUE && is_activation(l->c, node, i) &&
            twin_of(l, node->inputs[i]) != TENON__NO_VALUE)
            return true;
    return false;
}

static tenon_status blocked_value(layouts *l, tenon__value_id like, tenon__value_id *out)
{
    tenon_status st = tenon__rewrite_value(l->c, tenon__match_view(l->c, like), out);
    if (st == TENON_OK) tenon__graph_value(l->c->graph, *out)->view.layout = TENON__C16;
    return st;
}

static tenon_status block_inputs(layouts *l, tenon__node *node, bool stem)
{
    for (uint32_t i = 0; i < node->input_count; i++) {
        tenon__value_id id = node->inputs[i];
        if (id == TENON__NO_VALUE || !is_activation(l->c, node, i) || (stem && i == 0)) continue;
        if (twin_of(l, id) == TENON__NO_VALUE) {
            tenon__value_id blocked;
            tenon__node *to;
            tenon_status st = blocked_value(l, id, &blocked);
            if (st == TENON_OK)
                st = tenon__rewrite_add(l->c, "ToBlocked", (tenon__str){NULL, 0}, &id, 1, &blocked,
                                        1, NULL, 0, &to);
            if (st) return st;
            l->twin[id] = blocked;
        }
        node->inputs[i] = l->twin[id];
    }
    return TENON_OK;
}

static tenon_status block_outputs(layouts *l, tenon__node *node)
{
    for (uint32_t i = 0; i < node->output_count; i++) {
        tenon__value_id plain = node->outputs[i], blocked;
        tenon__node *from;
        tenon_status st = blocked_value(l, plain, &blocked);
        if (st) return st;
        node->outputs[i] = blocked;
        tenon__graph_value(l->c->graph, blocked)->producer = node->index;
        st = tenon__rewrite_add(l->c, "FromBlocked", (tenon__str){NULL, 0}, &blocked, 1, &plain, 1,
                                NULL, 0, &from);
        if (st) return st;
        l->twin[plain] = blocked;
    }
    return TENON_OK;
}

static tenon_status visit(layouts *l, tenon__node *node)
{
    int g = gain(l, node);
    if (g == 0 || (g == 1 && !any_blocked_input(l, node))) return TENON_OK;
    bool stem = is_stem(l->c, node) && twin_of(l, node->inputs[0]) == TENON__NO_VALUE;
    tenon_status st = block_inputs(l, node, stem);
    if (st == TENON_OK && tenon__match_is(node, "Conv"))
        st = tenon__rewrite_op(l->c, node, "BlockedConv", node->inputs, node->input_count,
                               node->attrs, node->attr_count);
    return st ? st : block_outputs(l, node);
}

tenon_status tenon__pass_layout(tenon__pass_context *c)
{
    layouts l = {.c = c, .count = c->graph->values.count};
    size_t nodes = c->graph->nodes.count;
    l.twin = tenon__alloc(c->graph->allocator, (l.count + 1) * sizeof *l.twin);
    if (!l.twin) return tenon__fail(c->err, TENON_ENOMEM, "no memory for pass layout");
    for (size_t i = 0; i < l.count; i++)
        l.twin[i] = TENON__NO_VALUE;
    tenon_status st = TENON_OK;
    for (size_t n = 0; n < nodes && st == TENON_OK; n++)
        if (!c->graph->nodes.items[n]->dead) st = visit(&l, c->graph->nodes.items[n]);
    tenon__free(c->graph->allocator, l.twin);
    return st;
}
