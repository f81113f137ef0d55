/* SPDX-License-Identifier: Apache-2.0 */
/* Chain: element-wise operators one after the other, each on what the one before gave and on
 * inputs, all broadcast to the output's shape; f32, but for what the first link casts from and the
 * conditions of Where. Plain, or in blocks of 16 channels. Put in by pass `chain`; opkit/chain.h
 * says how.
 *
 * A tile walks its elements in pieces, which mostly stay in the first cache level; all links but
 * the last write to scratch. Larger pieces go straight into the output, where no input that is read
 * later has its memory. Each link is the row that its operator would use: the bits are the same. */
#include "opkit/chain.h"

#include <stdio.h>
#include <string.h>

#include "opkit/broadcast.h"

/* Elements of a piece; of one at most where operands must be written out for short runs, which is
 * done once for a piece. */
#define PIECE      2048
#define WIDE_PIECE 16384

typedef struct chain_link {
    tenon__formula formula;
    int operands;
    int64_t operand[TENON__FORMULA_OPERANDS];
    float p[TENON__FORMULA_PARAMETERS];
} chain_link;

typedef struct attrs {
    int count;
    chain_link links[TENON__CHAIN_LINKS];
} attrs;

typedef struct prepared {
    char text[128]; /* the rows' name and the links' */
} prepared;

typedef struct params {
    int64_t total, per_tile, piece;
    tenon__eltwise_fn fn[TENON__CHAIN_LINKS];
    tenon__broadcast broadcast[TENON__CHAIN_LINKS];
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    size_t count, operands, parameters;
    const int64_t *formulas = tenon__attr_ints(node, TENON__CHAIN_FORMULAS, &count),
                  *operand = tenon__attr_ints(node, TENON__CHAIN_OPERANDS, &operands);
    const float *parameter = tenon__attr_floats(node, TENON__CHAIN_PARAMETERS, &parameters);
    (void)graph;
    if (count < 1 || count > TENON__CHAIN_LINKS || operands != count * TENON__FORMULA_OPERANDS ||
        parameters != count * TENON__FORMULA_PARAMETERS)
        return tenon__fail(err, TENON_EFORMAT, "a chain of %zu links", count);
    a->count = (int)count;
    for (size_t i = 0; i < count; i++) {
        chain_link *l = &a->links[i];
        if (formulas[i] < 0 || formulas[i] >= TENON__FORMULA_COUNT)
            return tenon__fail(err, TENON_EFORMAT, "link %zu has no formula", i);
        l->formula = (tenon__formula)formulas[i];
        l->operands = tenon__formula_operands(l->formula);
        memcpy(l->operand, operand + i * TENON__FORMULA_OPERANDS, sizeof l->operand);
        memcpy(l->p, parameter + i * TENON__FORMULA_PARAMETERS, sizeof l->p);
        for (int k = 0; k < l->operands; k++)
            if (l->operand[k] >= (int64_t)node->input_count ||
                l->operand[k] < (i ? TENON__CHAIN_PREVIOUS : 0))
                return tenon__fail(err, TENON_EFORMAT, "link %zu has no operand %d", i, k);
    }
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    for (uint32_t i = 0; i < c->in_count; i++)
        if (!c->in[i]) return tenon__fail(c->err, TENON_EFORMAT, "input %u is absent", i);
    for (int i = 0; i < a->count; i++) {
        const chain_link *l = &a->links[i];
        for (int k = 0; k < l->operands; k++) {
            if (l->operand[k] == TENON__CHAIN_PREVIOUS) continue;
            tenon_dtype dtype = c->in[l->operand[k]]->dtype;
            const bool condition = l->formula == TENON__F_WHERE && k == 0,
                       cast = l->formula == TENON__F_TO_F32;
            if (dtype != TENON_NONE && !cast && dtype != (condition ? TENON_BOOL : TENON_F32))
                return tenon__fail(c->err, TENON_ETYPE, "operand %d of link %d is %s", k, i,
                                   tenon_dtype_text(dtype));
        }
    }
    c->out[0]->dtype = TENON_F32;
    if (tenon__infer_rank_unknown(c, c->in_count)) return TENON_OK;
    tenon_status st = tenon__infer_broadcast(c, c->in, c->in_count, c->out[0]);
    if (!st) c->out[0]->layout = tenon__broadcast_layout(c->in, c->in_count, c->out[0]);
    return st;
}

/* The dtype that names a link's row. */
static tenon_dtype dtype_of(const chain_link *l, const tenon__view *const *in)
{
    return l->formula == TENON__F_TO_F32 && l->operand[0] != TENON__CHAIN_PREVIOUS
               ? in[l->operand[0]]->dtype
               : TENON_F32;
}

static tenon_status prepare(tenon__prepare *c)
{
    const attrs *a = c->attrs;
    prepared *p = c->prepared;
    const char *table = "";
    (void)tenon__eltwise_find(c->cpu, a->links[a->count - 1].formula, TENON_F32, &table);
    size_t at = (size_t)snprintf(p->text, sizeof p->text, "%s", table);
    for (int i = 0; i < a->count && at < sizeof p->text; i++)
        at += (size_t)snprintf(p->text + at, sizeof p->text - at, " %s",
                               tenon__formula_text(a->links[i].formula));
    for (char *t = p->text; *t; t++)
        if (*t >= 'A' && *t <= 'Z') *t = (char)(*t - 'A' + 'a');
    c->kernel = p->text;
    return TENON_OK;
}

static tenon_status bind_link(tenon__bind *c, int i, double *cost_ns)
{
    const attrs *a = c->attrs;
    const chain_link *l = &a->links[i];
    params *p = c->params;
    const tenon__view *in[TENON__FORMULA_OPERANDS];
    const tenon_dtype dtype = dtype_of(l, c->in);
    const tenon__eltwise_row *row = tenon__eltwise_find(c->cpu, l->formula, dtype, NULL);
    uint32_t tiles;
    if (!row)
        return tenon__fail(c->err, TENON_ETYPE, "no kernel for %s of %s",
                           tenon__formula_text(l->formula), tenon_dtype_text(dtype));
    tenon__view whole = *c->out[0];
    for (int k = 0; k < l->operands; k++)
        in[k] = l->operand[k] == TENON__CHAIN_PREVIOUS ? &whole : c->in[l->operand[k]];
    p->fn[i] = row->fn;
    *cost_ns += (double)row->cost_ns;
    return tenon__broadcast_bind(&p->broadcast[i], c->out[0], in, l->operands, 1.0, &tiles, c->err);
}

/* Pieces end where runs do, as far as they can. */
static int64_t piece_of(const attrs *a, const params *p, double cost_ns)
{
    int64_t most = PIECE, run = 1;
    for (int i = 0; i < a->count; i++) {
        const tenon__broadcast *b = &p->broadcast[i];
        if (b->rank > 1 && b->dims[b->rank - 1] > run) run = b->dims[b->rank - 1];
        if (b->pieces && 20e3 / cost_ns > (double)most)
            most = 20e3 / cost_ns < WIDE_PIECE ? (int64_t)(20e3 / cost_ns) : WIDE_PIECE;
    }
    if (run <= most) {
        const int64_t unit = run * TENON__BLOCK <= most ? run * TENON__BLOCK : run;
        return most / unit * unit;
    }
    const int64_t parts = (run + most - 1) / most;
    return ((run + parts - 1) / parts + TENON__BLOCK - 1) / TENON__BLOCK * TENON__BLOCK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *p = c->params;
    double cost_ns = 0.1;
    for (int i = 0; i < a->count; i++) {
        tenon_status st = bind_link(c, i, &cost_ns);
        if (st) return st;
    }
    p->total = p->broadcast[0].total;
    c->tiles = 0;
    if (p->total == 0) return TENON_OK;
    p->piece = piece_of(a, p, cost_ns);
    if (p->piece > p->total) p->piece = p->total;
    c->tiles = tenon__tiles((p->total + p->piece - 1) / p->piece, cost_ns * (double)p->piece,
                            &p->per_tile);
    p->per_tile *= p->piece;
    c->scratch_bytes = (size_t)p->piece * sizeof(float);
    c->flops = (double)p->total * a->count;
    return TENON_OK;
}

/* Elements [begin, end) through link i; `room` holds what passes from link to link. */
static void run_link(const tenon__run *r, int i, int64_t begin, int64_t end, float *room)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const chain_link *l = &a->links[i];
    const tenon__broadcast *b = &p->broadcast[i];
    const bool straight = b->rank == 1; /* operands go on evenly, or stay */
    const void *in[TENON__FORMULA_OPERANDS] = {NULL};
    int step[TENON__FORMULA_OPERANDS] = {0};
    uint32_t local = 0;
    for (int k = 0; k < l->operands; k++) {
        const bool previous = l->operand[k] == TENON__CHAIN_PREVIOUS;
        step[k] = previous ? 1 : (int)b->strides[k][0];
        in[k] = previous ? room : r->in[l->operand[k]]->data;
        if (straight && !previous && step[k])
            in[k] = (const uint8_t *)in[k] + (size_t)begin * b->bytes[k];
        local |= (uint32_t)previous << k;
    }
    void *out = i == a->count - 1 ? (float *)r->out[0]->data + begin : room;
    if (straight)
        p->fn[i](out, in, step, end - begin, l->p);
    else
        tenon__broadcast_piece(b, begin, end, out, in, local, p->fn[i], l->p);
}

/* Whether a link behind the first reads what lies where the output goes. */
static bool reads_output(const tenon__run *r)
{
    const attrs *a = r->attrs;
    for (int i = 1; i < a->count; i++)
        for (int k = 0; k < a->links[i].operands; k++) {
            const int64_t from = a->links[i].operand[k];
            if (from != TENON__CHAIN_PREVIOUS && r->in[from]->data == r->out[0]->data) return true;
        }
    return false;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const bool apart = p->piece <= PIECE || reads_output(r);
    int64_t begin = (int64_t)r->tile * p->per_tile, end = begin + p->per_tile;
    end = end < p->total ? end : p->total;
    for (int64_t to; begin < end; begin = to) {
        to = end - begin < p->piece ? end : begin + p->piece;
        for (int i = 0; i < a->count; i++)
            run_link(r, i, begin, to, apart ? r->scratch : (float *)r->out[0]->data + begin);
    }
    return TENON_OK;
}

#ifdef TENON_TEST_REF
#include <stdlib.h>

/* Link after link over all elements, by the plain rows. */
static tenon_status ref(const tenon__run *r)
{
    const attrs *a = r->attrs;
    tenon__view whole = *r->out[0];
    size_t bytes = 0;
    if (!tenon__view_bytes(&whole, &bytes)) return TENON_EINTERNAL;
    float *room = malloc(bytes + 1);
    tenon_status st = room ? TENON_OK : tenon__fail(r->err, TENON_ENOMEM, "no memory");
    whole.data = room;
    for (int i = 0; i < a->count && !st; i++) {
        const chain_link *l = &a->links[i];
        const tenon__view *in[TENON__FORMULA_OPERANDS];
        const void *data[TENON__FORMULA_OPERANDS] = {NULL};
        tenon__broadcast b;
        uint32_t tiles;
        for (int k = 0; k < l->operands; k++) {
            in[k] = l->operand[k] == TENON__CHAIN_PREVIOUS ? &whole : r->in[l->operand[k]];
            data[k] = in[k]->data;
        }
        st = tenon__broadcast_bind(&b, r->out[0], in, l->operands, 1.0, &tiles, r->err);
        if (!st && b.total)
            tenon__broadcast_range(&b, 0, b.total, room, data,
                                   tenon__eltwise_find(0, l->formula, dtype_of(l, r->in), NULL)->fn,
                                   l->p);
    }
    if (!st && bytes) memcpy(r->out[0]->data, room, bytes);
    free(room);
    return st;
}
#endif

static const tenon__import imports[] = {{0}};

const tenon__op tenon__op_chain = {
    .name = "Chain",
    .doc = "Element-wise operators one after the other",
    .min_inputs = 1,
    .max_inputs = TENON__CHAIN_INPUTS,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_INPLACE,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .prepared_bytes = sizeof(prepared),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .prepare = prepare,
    .bind = bind,
    TENON__REF(ref).run = run,
};
