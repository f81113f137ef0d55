/* SPDX-License-Identifier: Apache-2.0 */
/* Element-wise operators of float32 one behind the other, where nobody else reads what lies between
 * them, become one Chain. The shapes between them must be the same as far as they are known: a
 * Chain computes all its links over its output's shape. Works on plain values and on those in
 * blocks, so it stands behind pass layout. */
#include <math.h>

#include "opkit/chain.h"
#include "opkit/eltwise.h"
#include "passes/match.h"

/* One operator of a chain: inputs of the graph, absent ones TENON__NO_VALUE. */
typedef struct part {
    tenon__node *node;
    tenon__formula formula;
    int operands;
    tenon__value_id operand[TENON__FORMULA_OPERANDS];
    float p[TENON__FORMULA_PARAMETERS];
} part;

typedef struct chain {
    part parts[TENON__CHAIN_LINKS];
    int count;
    tenon__value_id inputs[TENON__CHAIN_INPUTS];
    uint32_t input_count, limits; /* limits: those of Clips that are yet to be made inputs */
} chain;

typedef struct chains {
    tenon__pass_context *c;
    uint32_t *reader; /* the one node that reads a value; NONE, or MANY */
    size_t count;
} chains;

#define NONE UINT32_MAX
#define MANY (UINT32_MAX - 1)

static bool is_plain_formula(const tenon__node *node)
{
    return node->op->run == tenon__eltwise_run ||
           (node->op->run == tenon__variadic_run && node->input_count == 2) ||
           tenon__match_is(node, "Pow");
}

/* The limits of a Clip, which may be attributes, inputs or absent. */
static tenon_status clip_limits(tenon__pass_context *c, const tenon__node *node, part *p)
{
    static const char *const names[2] = {"min", "max"};
    for (int i = 0; i < 2; i++) {
        tenon__value_id given = tenon__match_input(node, (uint32_t)i + 1);
        float limit = i ? INFINITY : -INFINITY, *data;
        p->operand[i + 1] = given;
        if (given != TENON__NO_VALUE) continue;
        if (node->opset < 11) limit = tenon__attr_float(node, names[i], limit);
        tenon_status st = tenon__rewrite_const(c, 0, NULL, &p->operand[i + 1], &data);
        if (st) return st;
        *data = limit;
    }
    return TENON_OK;
}

/* What an operator does, apart from the limits of a Clip. */
static bool describe(tenon__node *node, part *p)
{
    *p = (part){.node = node};
    if (node->dead || node->output_count != 1 || node->input_count < 1 ||
        node->input_count > TENON__FORMULA_OPERANDS)
        return false;
    if (tenon__match_is(node, "Clip")) {
        p->formula = TENON__F_CLIP;
    } else if (tenon__match_is(node, "Cast")) {
        p->formula = TENON__F_TO_F32;
    } else if (is_plain_formula(node)) {
        const tenon__eltwise_attrs *a = node->parsed;
        if (a->reversed || a->mean || a->old_axis) return false;
        p->formula = a->formula;
        memcpy(p->p, a->p, sizeof p->p);
    } else {
        return false;
    }
    p->operands = tenon__formula_operands(p->formula);
    if (p->formula != TENON__F_CLIP && (uint32_t)p->operands != node->input_count) return false;
    for (uint32_t i = 0; i < node->input_count; i++)
        p->operand[i] = node->inputs[i];
    return true;
}

/* Types and ranks that a Chain takes, with kernels for them. */
static bool is_part(const tenon__pass_context *c, tenon__node *node, part *p)
{
    if (!describe(node, p)) return false;
    const tenon__view *y = tenon__match_view(c, node->outputs[0]);
    if (y->kind != TENON_VALUE_TENSOR || y->dtype != TENON_F32 || y->rank < 0) return false;
    tenon_dtype named = TENON_F32;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const tenon__view *x = tenon__match_view(c, node->inputs[i]);
        const bool limit = p->formula == TENON__F_CLIP && i > 0;
        if (!x && limit) continue;
        if (!x || x->kind != TENON_VALUE_TENSOR || x->rank < 0 || x->rank > y->rank) return false;
        if (limit && (!tenon__dims_known(x) || tenon__view_count(x) != 1)) return false;
        const bool condition = p->formula == TENON__F_WHERE && i == 0;
        if (p->formula == TENON__F_TO_F32)
            named = x->dtype;
        else if (x->dtype != (condition ? TENON_BOOL : TENON_F32))
            return false;
    }
    return (p->formula != TENON__F_TO_F32 || named != TENON_F32) &&
           tenon__eltwise_find(c->cpu, p->formula, named, NULL);
}

/* The same shape as far as it is known, and the same layout. */
static bool goes_on(const tenon__pass_context *c, tenon__value_id from, tenon__value_id to)
{
    const tenon__view *a = tenon__match_view(c, from), *b = tenon__match_view(c, to);
    bool same = a->rank == b->rank && a->layout == b->layout;
    for (int i = 0; same && i < a->rank; i++)
        same = a->dims[i] == b->dims[i];
    return same;
}

/* The node that alone reads a value, once or more often. */
static tenon__node *sole_reader(const chains *x, tenon__value_id id)
{
    uint32_t times = 0;
    if (id >= x->count || x->reader[id] >= MANY) return NULL;
    tenon__node *node = x->c->graph->nodes.items[x->reader[id]];
    for (uint32_t i = 0; i < node->input_count; i++)
        times += node->inputs[i] == id;
    return times == x->c->uses[id] ? node : NULL;
}

/* Adds the inputs of a part, apart from `previous`; false where there is no room. */
static bool add_inputs(chain *ch, const part *p, tenon__value_id previous)
{
    for (int k = 0; k < p->operands; k++) {
        const tenon__value_id id = p->operand[k];
        uint32_t i = 0;
        while (i < ch->input_count && ch->inputs[i] != id)
            i++;
        if (id == TENON__NO_VALUE)
            ch->limits++;
        else if (id != previous && i == ch->input_count && i < TENON__CHAIN_INPUTS)
            ch->inputs[ch->input_count++] = id;
        else if (id != previous && i == TENON__CHAIN_INPUTS)
            return false;
    }
    return ch->input_count + ch->limits <= TENON__CHAIN_INPUTS;
}

static void grow(const chains *x, chain *ch, tenon__node *node)
{
    part p;
    ch->count = 0;
    ch->input_count = ch->limits = 0;
    tenon__value_id previous = TENON__NO_VALUE;
    while (node && ch->count < TENON__CHAIN_LINKS && is_part(x->c, node, &p)) {
        const chain before = *ch;
        if (ch->count && !goes_on(x->c, previous, node->outputs[0])) break;
        if (!add_inputs(ch, &p, previous)) {
            *ch = before;
            break;
        }
        ch->parts[ch->count++] = p;
        previous = node->outputs[0];
        node = sole_reader(x, previous);
    }
}

static int64_t operand_number(const chain *ch, int at, int k)
{
    tenon__value_id id = ch->parts[at].operand[k];
    if (at && id == ch->parts[at - 1].node->outputs[0]) return TENON__CHAIN_PREVIOUS;
    for (uint32_t i = 0; i < ch->input_count; i++)
        if (ch->inputs[i] == id) return i;
    return 0;
}

static tenon_status fuse(tenon__pass_context *c, chain *ch)
{
    const size_t n = (size_t)ch->count;
    int64_t *formulas = tenon__arena_zeroed(c->graph->arena, n, sizeof *formulas);
    int64_t *operands =
        tenon__arena_zeroed(c->graph->arena, n * TENON__FORMULA_OPERANDS, sizeof *operands);
    float *parameters =
        tenon__arena_zeroed(c->graph->arena, n * TENON__FORMULA_PARAMETERS, sizeof *parameters);
    if (!formulas || !operands || !parameters)
        return tenon__fail(c->err, TENON_ENOMEM, "no memory for a chain");
    ch->input_count = ch->limits = 0;
    for (int i = 0; i < ch->count; i++) {
        part *p = &ch->parts[i];
        tenon__value_id previous = i ? ch->parts[i - 1].node->outputs[0] : TENON__NO_VALUE;
        if (p->formula == TENON__F_CLIP) {
            tenon_status st = clip_limits(c, p->node, p);
            if (st) return st;
        }
        add_inputs(ch, p, previous);
        formulas[i] = (int64_t)p->formula;
        for (int k = 0; k < p->operands; k++)
            operands[i * TENON__FORMULA_OPERANDS + k] = operand_number(ch, i, k);
        memcpy(parameters + i * TENON__FORMULA_PARAMETERS, p->p, sizeof p->p);
    }
    tenon__attr attrs[3] = {
        {.name = TENON__STR(TENON__CHAIN_FORMULAS), .type = TENON__ATTR_INTS},
        {.name = TENON__STR(TENON__CHAIN_OPERANDS), .type = TENON__ATTR_INTS},
        {.name = TENON__STR(TENON__CHAIN_PARAMETERS), .type = TENON__ATTR_FLOATS}};
    attrs[0].ints = formulas;
    attrs[1].ints = operands;
    attrs[2].floats = parameters;
    attrs[0].count = n;
    attrs[1].count = n * TENON__FORMULA_OPERANDS;
    attrs[2].count = n * TENON__FORMULA_PARAMETERS;
    for (int i = 0; i + 1 < ch->count; i++)
        ch->parts[i].node->dead = true;
    return tenon__rewrite_op(c, ch->parts[n - 1].node, "Chain", ch->inputs, ch->input_count, attrs,
                             3);
}

static void find_readers(chains *x)
{
    const tenon__graph *g = x->c->graph;
    for (size_t i = 0; i < x->count; i++)
        x->reader[i] = NONE;
    for (size_t n = 0; n < g->nodes.count; n++) {
        const tenon__node *node = g->nodes.items[n];
        for (uint32_t i = 0; i < node->input_count; i++) {
            if (node->inputs[i] == TENON__NO_VALUE) continue;
            uint32_t *reader = &x->reader[node->inputs[i]];
            *reader = *reader == NONE || *reader == (uint32_t)n ? (uint32_t)n : MANY;
        }
    }
}

tenon_status tenon__pass_chain(tenon__pass_context *c)
{
    chains x = {.c = c, .count = c->graph->values.count};
    chain ch;
    tenon_status st = TENON_OK;
    x.reader = tenon__alloc(c->graph->allocator, (x.count + 1) * sizeof *x.reader);
    if (!x.reader) return tenon__fail(c->err, TENON_ENOMEM, "no memory for pass chain");
    find_readers(&x);
    for (size_t n = 0; n < c->graph->nodes.count && st == TENON_OK; n++) {
        tenon__node *node = c->graph->nodes.items[n];
        if (node->dead || tenon__match_is(node, "Chain")) continue;
        grow(&x, &ch, node);
        if (ch.count >= 2) st = fuse(c, &ch);
    }
    tenon__free(c->graph->allocator, x.reader);
    return st;
}
