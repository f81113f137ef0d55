/* SPDX-License-Identifier: Apache-2.0 */
/* Loop: runs `body` while cond holds and fewer than M rounds are done.
 *   inputs   M (int64, optional), cond (bool, optional), carried values
 *   body     (round int64, cond bool, carried...) -> (cond, carried..., scan outputs...)
 *   outputs  carried values after the last round, scan outputs stacked along a new first axis
 * At most TENON__MAX_ROUNDS rounds. Source: ONNX Loop-1 .. Loop-25. */
#include "opkit/control.h"
#include "tensor/convert.h"

typedef struct state {
    int64_t round, trips;
    uint8_t cond;
    tenon__view round_view, cond_view;
    uint32_t carried, scans;
    tenon__stack *stacks; /* in buffer STACKS */
} state;

/* Buffers: carried values set aside, then scan outputs, then the stacks themselves. */
enum { SCANS = TENON__MAX_BODY_INPUTS, STACKS = 1023 };

static tenon_status infer(tenon__infer *c)
{
    const tenon__graph *body = tenon__attr_graph(c->node, "body");
    uint32_t carried = c->in_count > 2 ? c->in_count - 2 : 0;
    if (!body) return tenon__fail(c->err, TENON_EFORMAT, "it needs a body");
    if (body->inputs.count != carried + 2 || body->outputs.count < carried + 1)
        return tenon__fail(c->err, TENON_EFORMAT,
                           "its body takes %zu inputs and gives %zu outputs; with %u carried "
                           "values it must take %u and give at least %u",
                           body->inputs.count, body->outputs.count, carried, carried + 2,
                           carried + 1);
    if (carried + 2 > TENON__MAX_BODY_INPUTS || body->outputs.count > TENON__MAX_BODY_INPUTS ||
        c->out_count < carried)
        return tenon__fail(c->err, TENON_ELIMIT, "%u carried values for %u outputs; at most %d",
                           carried, c->out_count, TENON__MAX_BODY_INPUTS - 2);
    for (uint32_t i = 2; i < c->in_count; i++)
        if (!c->in[i])
            return tenon__fail(c->err, TENON_EFORMAT, "carried value %u is missing", i - 2);
    tenon__control_infer(c, body, 1, carried);
    return TENON_OK;
}

static tenon_status start(tenon__control *c, state *s)
{
    const tenon__run *r = &c->run;
    const tenon__graph *body = tenon__attr_graph(r->node, "body");
    const tenon__view *m = r->in_count > 0 ? r->in[0] : NULL,
                      *cond = r->in_count > 1 ? r->in[1] : NULL;
    if ((m && tenon__view_count(m) != 1) || (cond && tenon__view_count(cond) != 1))
        return tenon__fail(r->err, TENON_ESHAPE, "M and cond must hold one element each");
    *s = (state){.trips = m ? tenon__get_i64(m->dtype, m->data, 0) : INT64_MAX,
                 .cond = cond ? *(const uint8_t *)cond->data != 0 : 1,
                 .carried = r->in_count > 2 ? r->in_count - 2 : 0};
    s->scans = (uint32_t)body->outputs.count - 1 - s->carried;
    s->round_view = (tenon__view){.dtype = TENON_I64, .data = &s->round};
    s->cond_view = (tenon__view){.dtype = TENON_BOOL, .data = &s->cond};
    void *stacks;
    tenon_status st = r->services->buffer(r->services->ctx, STACKS,
                                          (s->scans + 1) * sizeof *s->stacks, &stacks, r->err);
    if (st) return st;
    s->stacks = stacks;
    memset(s->stacks, 0, (s->scans + 1) * sizeof *s->stacks);
    return tenon__control_carry(c, r->in + (r->in_count > 2 ? 2 : 0), s->carried);
}

static tenon_status take_round(tenon__control *c, state *s)
{
    const tenon__view *cond = c->body_out[0];
    if (tenon__view_count(cond) != 1 || cond->dtype != TENON_BOOL)
        return tenon__fail(c->run.err, TENON_ETYPE, "its body's condition must be one bool");
    s->cond = *(const uint8_t *)cond->data != 0;
    for (uint32_t k = 0; k < s->scans; k++) {
        tenon_status st =
            tenon__stack_push(c, &s->stacks[k], SCANS + k, c->body_out[1 + s->carried + k]);
        if (st) return st;
    }
    s->round++;
    return tenon__control_carry(c, c->body_out + 1, s->carried);
}

static tenon_status finish(tenon__control *c, const state *s)
{
    const tenon__graph *body = tenon__attr_graph(c->run.node, "body");
    for (uint32_t k = 0; k < s->scans; k++) {
        const tenon__view *declared =
            &tenon__graph_value(body, body->outputs.items[1 + s->carried + k])->view;
        tenon_status st = tenon__stack_give(c, &s->stacks[k], s->carried + k, 0, false, declared);
        if (st) return st;
    }
    return TENON_OK;
}

static tenon_status next(tenon__control *c, int *body)
{
    state *s = c->state;
    tenon_status st = c->round == 0 ? start(c, s) : take_round(c, s);
    if (st) return st;
    if (!s->cond || s->round >= s->trips) {
        *body = -1;
        return finish(c, s);
    }
    if (s->round >= TENON__MAX_ROUNDS)
        return tenon__fail(c->run.err, TENON_ELIMIT, "more than %d rounds", TENON__MAX_ROUNDS);
    *body = 0;
    c->body_in_count = s->carried + 2;
    c->body_in[0] = &s->round_view;
    c->body_in[1] = &s->cond_view;
    for (uint32_t i = 0; i < s->carried; i++)
        c->body_in[2 + i] = c->run.out[i];
    return TENON_OK;
}

static const char *const bodies[] = {"body", NULL};

static const tenon__import imports[] = {{"onnx", "", "Loop", 1, 0, NULL}, {0}};

const tenon__op tenon__op_loop = {
    .name = "Loop",
    .doc = "a graph, run while a condition holds",
    .min_inputs = 0,
    .max_inputs = 255,
    .min_outputs = 1,
    .max_outputs = 255,
    .flags = TENON__OP_DYNAMIC | TENON__OP_VALUES,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .params_bytes = sizeof(state),
    .infer = infer,
    .next = next,
    .bodies = bodies,
};
