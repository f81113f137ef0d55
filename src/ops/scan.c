/* SPDX-License-Identifier: Apache-2.0 */
/* Scan: runs `body` once for each slice of its scan inputs.
 *   inputs   carried values, then num_scan_inputs scan inputs
 *   body     (carried..., one slice of each scan input...) -> (carried..., scan outputs...)
 *   outputs  carried values after the last round, scan outputs stacked
 * Axes and directions by attribute; all scan inputs are equally long. Source: ONNX Scan-9 ..
 * Scan-25 (Scan-8, which has a batch axis and lengths, is refused). */
#include "opkit/control.h"

typedef struct attrs {
    int64_t inputs;
    const int64_t *in_axes, *in_directions, *out_axes, *out_directions; /* NULL: zeros */
    size_t in_axis_count, in_direction_count, out_axis_count, out_direction_count;
} attrs;

typedef struct state {
    int64_t round, rounds;
    uint32_t carried, scans;
    tenon__stack *stacks; /* in buffer STACKS */
    tenon__view *slices;  /* in buffer SLICES */
} state;

/* Buffers: carried values set aside, scan outputs, slices, then the two arrays. */
enum {
    SCANS = TENON__MAX_BODY_INPUTS,
    COPIES = 2 * TENON__MAX_BODY_INPUTS,
    SLICES = 1022,
    STACKS = 1023
};

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    if (node->opset < 9)
        return tenon__fail(err, TENON_EUNSUPPORTED,
                           "Scan of opset 8 is not supported; export with opset 9 or later");
    a->inputs = tenon__attr_int(node, "num_scan_inputs", -1);
    a->in_axes = tenon__attr_ints(node, "scan_input_axes", &a->in_axis_count);
    a->in_directions = tenon__attr_ints(node, "scan_input_directions", &a->in_direction_count);
    a->out_axes = tenon__attr_ints(node, "scan_output_axes", &a->out_axis_count);
    a->out_directions = tenon__attr_ints(node, "scan_output_directions", &a->out_direction_count);
    if (a->inputs < 1 || a->inputs > node->input_count)
        return tenon__fail(err, TENON_EFORMAT, "num_scan_inputs is %lld; it must be from 1 to %u",
                           (long long)a->inputs, node->input_count);
    return TENON_OK;
}

static int64_t pick(const int64_t *list, size_t count, uint32_t i)
{
    return list && i < count ? list[i] : 0;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__graph *body = tenon__attr_graph(c->node, "body");
    uint32_t carried = c->in_count - (uint32_t)a->inputs;
    if (!body) return tenon__fail(c->err, TENON_EFORMAT, "it needs a body");
    if (body->inputs.count != c->in_count || body->outputs.count < carried ||
        c->out_count < carried)
        return tenon__fail(
            c->err, TENON_EFORMAT,
            "its body takes %zu inputs and gives %zu outputs; it must take %u and give at least %u",
            body->inputs.count, body->outputs.count, c->in_count, carried);
    if (c->in_count > TENON__MAX_BODY_INPUTS || body->outputs.count > TENON__MAX_BODY_INPUTS)
        return tenon__fail(c->err, TENON_ELIMIT, "more than %d values", TENON__MAX_BODY_INPUTS);
    for (uint32_t i = 0; i < c->in_count; i++)
        if (!c->in[i]) return tenon__fail(c->err, TENON_EFORMAT, "input %u is missing", i);
    tenon__control_infer(c, body, 0, carried);
    return TENON_OK;
}

static tenon_status scan_axis(const tenon__run *r, uint32_t k, int *axis)
{
    const attrs *a = r->attrs;
    const tenon__view *v = r->in[r->in_count - (uint32_t)a->inputs + k];
    int64_t x = pick(a->in_axes, a->in_axis_count, k);
    if (x < 0) x += v->rank;
    if (x < 0 || x >= v->rank)
        return tenon__fail(r->err, TENON_EFORMAT, "scan input axis %lld lies outside its %d axes",
                           (long long)x, v->rank);
    if (tenon_dtype_bits(v->dtype) < 8)
        return tenon__fail(r->err, TENON_EUNSUPPORTED, "scanning %s is not supported",
                           tenon_dtype_text(v->dtype));
    *axis = (int)x;
    return TENON_OK;
}

static tenon_status start(tenon__control *c, state *s)
{
    const tenon__run *r = &c->run;
    const attrs *a = r->attrs;
    const tenon__services *v = r->services;
    const tenon__graph *body = tenon__attr_graph(r->node, "body");
    *s = (state){.carried = r->in_count - (uint32_t)a->inputs, .rounds = -1};
    s->scans = (uint32_t)body->outputs.count - s->carried;
    for (uint32_t k = 0; k < a->inputs; k++) {
        int axis;
        tenon_status st = scan_axis(r, k, &axis);
        if (st) return st;
        int64_t n = r->in[s->carried + k]->dims[axis];
        if (s->rounds >= 0 && s->rounds != n)
            return tenon__fail(r->err, TENON_ESHAPE,
                               "scan inputs are %lld and %lld long; they must be equal",
                               (long long)s->rounds, (long long)n);
        s->rounds = n;
    }
    void *stacks, *slices;
    tenon_status st =
        v->buffer(v->ctx, STACKS, (s->scans + 1) * sizeof *s->stacks, &stacks, r->err);
    if (st == TENON_OK)
        st = v->buffer(v->ctx, SLICES, (size_t)a->inputs * sizeof *s->slices, &slices, r->err);
    if (st) return st;
    s->stacks = stacks;
    s->slices = slices;
    memset(s->stacks, 0, (s->scans + 1) * sizeof *s->stacks);
    return tenon__control_carry(c, r->in, s->carried);
}

/* Slice `at` of scan input k: in place along the first axis, else copied together. */
static tenon_status take_slice(tenon__control *c, state *s, uint32_t k)
{
    const tenon__run *r = &c->run;
    const attrs *a = r->attrs;
    const tenon__view *v = r->in[s->carried + k];
    tenon__view *slice = &s->slices[k];
    int axis;
    tenon_status st = scan_axis(r, k, &axis);
    if (st) return st;
    bool reverse = pick(a->in_directions, a->in_direction_count, k) != 0;
    size_t at = (size_t)(reverse ? s->rounds - 1 - s->round : s->round);
    size_t elem = tenon_dtype_bits(v->dtype) / 8;
    size_t inner = (size_t)tenon__dims_product(v->dims, axis + 1, v->rank) * elem;
    size_t outer = (size_t)tenon__dims_product(v->dims, 0, axis);
    *slice = (tenon__view){.dtype = v->dtype, .rank = v->rank - 1};
    for (int d = 0, to = 0; d < v->rank; d++)
        if (d != axis) slice->dims[to++] = v->dims[d];
    const uint8_t *src = (const uint8_t *)v->data + at * inner;
    void *data;
    st = r->services->buffer(r->services->ctx, COPIES + k, outer * inner, &data, r->err);
    if (st) return st;
    uint8_t *dst = data;
    for (size_t o = 0; o < outer && inner; o++)
        memcpy(dst + o * inner, src + o * (size_t)s->rounds * inner, inner);
    slice->data = dst;
    return TENON_OK;
}

static tenon_status take_round(tenon__control *c, state *s)
{
    for (uint32_t k = 0; k < s->scans; k++) {
        tenon_status st =
            tenon__stack_push(c, &s->stacks[k], SCANS + k, c->body_out[s->carried + k]);
        if (st) return st;
    }
    s->round++;
    return tenon__control_carry(c, c->body_out, s->carried);
}

static tenon_status finish(tenon__control *c, const state *s)
{
    const attrs *a = c->run.attrs;
    const tenon__graph *body = tenon__attr_graph(c->run.node, "body");
    for (uint32_t k = 0; k < s->scans; k++) {
        const tenon__view *declared =
            &tenon__graph_value(body, body->outputs.items[s->carried + k])->view;
        int64_t axis = pick(a->out_axes, a->out_axis_count, k);
        if (axis < -TENON_MAX_RANK || axis > TENON_MAX_RANK) axis = TENON_MAX_RANK;
        tenon_status st =
            tenon__stack_give(c, &s->stacks[k], s->carried + k, (int)axis,
                              pick(a->out_directions, a->out_direction_count, k) != 0, declared);
        if (st) return st;
    }
    return TENON_OK;
}

static tenon_status next(tenon__control *c, int *body)
{
    const attrs *a = c->run.attrs;
    state *s = c->state;
    tenon_status st = c->round == 0 ? start(c, s) : take_round(c, s);
    if (st) return st;
    if (s->round >= s->rounds) {
        *body = -1;
        return finish(c, s);
    }
    *body = 0;
    c->body_in_count = c->run.in_count;
    for (uint32_t i = 0; i < s->carried; i++)
        c->body_in[i] = c->run.out[i];
    for (uint32_t k = 0; k < a->inputs && st == TENON_OK; k++) {
        st = take_slice(c, s, k);
        c->body_in[s->carried + k] = &s->slices[k];
    }
    return st;
}

static const char *const bodies[] = {"body", NULL};

static const tenon__import imports[] = {{"onnx", "", "Scan", 8, 0, NULL}, {0}};

const tenon__op tenon__op_scan = {
    .name = "Scan",
    .doc = "a graph, run for each slice of its inputs",
    .min_inputs = 1,
    .max_inputs = 255,
    .min_outputs = 1,
    .max_outputs = 255,
    .flags = TENON__OP_DYNAMIC,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(state),
    .read = read,
    .infer = infer,
    .next = next,
    .bodies = bodies,
};
