/* SPDX-License-Identifier: Apache-2.0 */
/* SequenceMap: runs `body` once per item of its first input; further inputs are sequences of the
 * same length, of which the body gets the item at the same place, or tensors, which it gets whole.
 * Each output is the sequence of what the body gave. Source: ONNX SequenceMap-17. */
#include "opkit/sequence.h"

typedef struct state {
    size_t rounds;
    tenon__view *inputs; /* of the body, in buffer 0 */
} state;

static tenon_status infer(tenon__infer *c)
{
    const tenon__graph *body = tenon__attr_graph(c->node, "body");
    tenon_status status = tenon__sequence_check(c, 0, TENON_VALUE_SEQUENCE);
    if (status) return status;
    if (!body || body->inputs.count != c->in_count || body->outputs.count != c->out_count ||
        c->in_count > TENON__MAX_BODY_INPUTS)
        return tenon__fail(c->err, TENON_EFORMAT,
                           "its body takes %zu inputs and gives %zu outputs; %u and %u are right",
                           body ? body->inputs.count : 0, body ? body->outputs.count : 0,
                           c->in_count, c->out_count);
    for (uint32_t i = 0; i < c->in_count; i++)
        if (!c->in[i]) return tenon__fail(c->err, TENON_EFORMAT, "input %u is missing", i);
    for (uint32_t i = 0; i < c->out_count; i++) {
        const tenon__view *item = &tenon__graph_value(body, body->outputs.items[i])->view;
        tenon__view_set(c->out[i], item->dtype, TENON__RANK_UNKNOWN, NULL);
        c->out[i]->kind = TENON_VALUE_SEQUENCE;
    }
    return TENON_OK;
}

/* Checks the lengths, and gives each output an empty sequence to fill. */
static tenon_status start(tenon__control *c, state *s)
{
    const tenon__run *r = &c->run;
    const tenon_value *sequence;
    tenon_status status = tenon__sequence_input(r, 0, TENON_VALUE_SEQUENCE, &sequence);
    if (status) return status;
    s->rounds = tenon_value_count(sequence);
    for (uint32_t i = 1; i < r->in_count; i++)
        if (r->in[i]->kind == TENON_VALUE_SEQUENCE &&
            (!r->in[i]->value || tenon_value_count(r->in[i]->value) != s->rounds))
            return tenon__fail(r->err, TENON_ESHAPE, "input %u has %zu items; the first has %zu", i,
                               r->in[i]->value ? tenon_value_count(r->in[i]->value) : 0, s->rounds);
    void *room;
    status =
        r->services->buffer(r->services->ctx, 0, r->in_count * sizeof *s->inputs, &room, r->err);
    if (status) return status;
    s->inputs = room;
    for (uint32_t i = 0; i < r->out_count && status == TENON_OK; i++) {
        tenon_value *empty;
        status = tenon__value_create(tenon__env_allocator(r->services->env), TENON_VALUE_SEQUENCE,
                                     NULL, &empty, r->err);
        if (status) break;
        empty->dtype = r->out[i]->dtype;
        status = r->services->give(r->services->ctx, r->out[i], empty, r->err);
    }
    return status;
}

/* What the body gave goes behind what is there. The sequences are the session's, and nobody reads
 * them yet. */
static tenon_status take_round(const tenon__control *c)
{
    const tenon__run *r = &c->run;
    for (uint32_t i = 0; i < r->out_count; i++) {
        tenon_value *item, *to = r->out[i]->value;
        tenon_status status = tenon__sequence_item_of(r, c->body_out[i], &item);
        if (status) return status;
        status = tenon__value_insert(to, tenon_value_count(to), item, r->err);
        if (status) {
            tenon_value_destroy(item);
            return status;
        }
    }
    return TENON_OK;
}

static tenon_status next(tenon__control *c, int *body)
{
    state *s = c->state;
    const tenon__run *r = &c->run;
    tenon_status status = c->round == 0 ? start(c, s) : take_round(c);
    if (status) return status;
    *body = c->round < s->rounds ? 0 : -1;
    if (*body < 0) return TENON_OK;
    c->body_in_count = r->in_count;
    for (uint32_t i = 0; i < r->in_count; i++) {
        c->body_in[i] = r->in[i];
        if (r->in[i]->kind != TENON_VALUE_SEQUENCE) continue;
        s->inputs[i] = tenon__value_view(tenon_value_item(r->in[i]->value, (size_t)c->round));
        c->body_in[i] = &s->inputs[i];
    }
    return TENON_OK;
}

static const char *const bodies[] = {"body", NULL};

static const tenon__import imports[] = {{"onnx", "", "SequenceMap", 17, 0, NULL}, {0}};

const tenon__op tenon__op_sequence_map = {
    .name = "SequenceMap",
    .doc = "A graph, run for each item of a sequence",
    .min_inputs = 1,
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
