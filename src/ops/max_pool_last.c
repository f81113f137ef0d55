/* SPDX-License-Identifier: Apache-2.0 */
/* MaxPoolLast: MaxPool of bytes with channels last. Put in by pass `channels_last`.
 *
 * x [N, D1, ..., C] uint8 or int8 with one or two spatial axes; attributes as MaxPool. A window
 * that holds nothing gives the least value. */
#include "opkit/pool_last.h"
#include "opkit/qlinear.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    return tenon__window_read(node, out, err);
}

static tenon_status infer(tenon__infer *c)
{
    tenon_status st = tenon__qlinear_check_tensor(c, 0);
    return st ? st : tenon__pool_last_infer(c, c->attrs);
}

static tenon_status bind(tenon__bind *c)
{
    return tenon__pool_last_bind(c, c->attrs, 0, c->params);
}

typedef struct context {
    const tenon__pool_last *p;
    uint8_t flip;
} context;

static void largest(void *ctx, const uint8_t *const *at, int64_t taps, uint8_t *y)
{
    const context *c = ctx;
    c->p->row.max_taps(at, taps, c->p->channels, c->flip, y);
}

static tenon_status run(const tenon__run *r)
{
    context c = {.p = r->params, .flip = r->in[0]->dtype == TENON_I8 ? 0x80 : 0};
    tenon__pool_last_run(r, c.p, largest, &c);
    return TENON_OK;
}

static const tenon__import imports[] = {{0}};

const tenon__op tenon__op_max_pool_last = {
    .name = "MaxPoolLast",
    .doc = "The largest byte under a sliding window, channels last",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__window_attrs),
    .params_bytes = sizeof(tenon__pool_last),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
