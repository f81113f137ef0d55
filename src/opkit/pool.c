/* SPDX-License-Identifier: Apache-2.0 */
/* What the pools share. */
#include "opkit/pool.h"

#include <math.h>

tenon_status tenon__pool_infer(tenon__infer *c, const tenon__window_attrs *a, tenon_dtype indices)
{
    const tenon__view *x = c->in[0];
    c->out[0]->dtype = x->dtype;
    if (indices != TENON_NONE && c->out_count > 1) c->out[1]->dtype = indices;
    if (x->rank == TENON__RANK_UNKNOWN) return TENON_OK;
    tenon_status st = tenon__window_rank(c, 3);
    if (st) return st;
    tenon__window w;
    if ((st = tenon__window_fit(a, x->rank - 2, x->dims + 2, NULL, &w, c->err))) return st;
    int64_t dims[TENON_MAX_RANK];
    dims[0] = x->dims[0];
    dims[1] = x->dims[1];
    for (int i = 0; i < w.rank; i++)
        dims[2 + i] = w.axis[i].out;
    tenon__infer_set(c, 0, x->dtype, x->rank, dims);
    c->out[0]->layout = x->layout;
    if (indices != TENON_NONE) tenon__infer_set(c, 1, indices, x->rank, dims);
    return TENON_OK;
}

tenon_status tenon__pool_bind(tenon__bind *c, const tenon__window_attrs *a, double ns,
                              tenon__pool_params *p)
{
    const tenon__view *x = c->in[0];
    *p = (tenon__pool_params){
        .batch = x->dims[0], .channels = x->dims[1], .plane_in = 1, .plane_out = 1};
    tenon_status st = tenon__window_fit(a, x->rank - 2, x->dims + 2, NULL, &p->window, c->err);
    if (st) return st;
    double taps = 1;
    p->whole = true;
    for (int i = 0; i < p->window.rank; i++) {
        const tenon__window_axis *axis = &p->window.axis[i];
        p->plane_in *= axis->in;
        p->plane_out *= axis->out;
        taps *= (double)(axis->kernel < axis->in ? axis->kernel : axis->in);
        p->whole &= axis->out == 1 && axis->dilation == 1 && axis->before >= 0 &&
                    axis->kernel - axis->before >= axis->in && axis->in > 0;
    }
    p->blocked = x->layout == TENON__C16;
    p->blocks = (p->channels + TENON__BLOCK - 1) / TENON__BLOCK;
    p->line = p->window.axis[p->window.rank - 1].out;
    int64_t planes = p->batch * (p->blocked ? p->blocks : p->channels);
    p->lines = p->line ? planes * (p->plane_out / p->line) : 0;
    const double tap_ns = p->blocked ? ns * 8 : ns; /* 16 channels, mostly waiting for memory */
    c->tiles = tenon__tiles(p->lines, (double)p->line * taps * tap_ns + 10, &p->lines_per_tile);
    c->flops = (double)p->batch * (double)p->channels * (double)p->plane_out * taps;
    return TENON_OK;
}

void tenon__pool_lines(const tenon__pool_params *p, uint32_t tile, int64_t *from, int64_t *to)
{
    *from = tile * p->lines_per_tile;
    *to = *from + p->lines_per_tile < p->lines ? *from + p->lines_per_tile : p->lines;
}

/* Output positions of the line on the axes before the last. */
static void line_position(const tenon__pool_params *p, int64_t line, int64_t *o)
{
    line %= p->plane_out / p->line;
    for (int i = p->window.rank - 2; i >= 0; i--) {
        o[i] = line % p->window.axis[i].out;
        line /= p->window.axis[i].out;
    }
}

/* The taps of the last axis over the row that begins at `row`. */
static void visit_row(const tenon__window_axis *x, int64_t row,
                      void (*visit)(void *, const tenon__pool_tap *), void *ctx)
{
    for (int64_t t = 0; t < x->kernel; t++) {
        const int64_t first = t * x->dilation - x->before;
        if (first >= x->in) break;
        int64_t low = first < 0 ? (-first + x->stride - 1) / x->stride : 0;
        int64_t high = (x->in - 1 - first) / x->stride + 1;
        if (high > x->out) high = x->out;
        if (low >= high) {
            /* Not even the last window reaches the input: go on with the tap that does. */
            const int64_t last = first + (x->out - 1) * x->stride;
            if (last < 0) t += (-last + x->dilation - 1) / x->dilation - 1;
            continue;
        }
        const tenon__pool_tap tap = {.from = low,
                                     .count = high - low,
                                     .at = row + first + low * x->stride,
                                     .stride = x->stride};
        visit(ctx, &tap);
    }
}

void tenon__pool_walk(const tenon__pool_params *p, int64_t line,
                      void (*visit)(void *ctx, const tenon__pool_tap *tap), void *ctx)
{
    const int last = p->window.rank - 1;
    int64_t o[TENON__MAX_SPATIAL], from[TENON__MAX_SPATIAL], to[TENON__MAX_SPATIAL],
        at[TENON__MAX_SPATIAL];
    line_position(p, line, o);
    for (int i = 0; i < last; i++) {
        tenon__window_taps(&p->window.axis[i], o[i], &from[i], &to[i]);
        if (from[i] == to[i]) return;
        at[i] = from[i];
    }
    for (;;) {
        int64_t row = 0;
        for (int i = 0; i < last; i++) {
            const tenon__window_axis *x = &p->window.axis[i];
            row = row * x->in + o[i] * x->stride - x->before + at[i] * x->dilation;
        }
        visit_row(&p->window.axis[last], row * p->window.axis[last].in, visit, ctx);
        int i = last - 1;
        for (; i >= 0 && ++at[i] == to[i]; i--)
            at[i] = from[i];
        if (i < 0) return;
    }
}

static int64_t count_on(const tenon__window_axis *x, int64_t o, bool padded)
{
    int64_t from, to;
    tenon__window_axis whole = *x;
    if (padded) { /* the same window over the padded input, which begins at 0 */
        whole.in += whole.before + whole.after;
        whole.before = 0;
    }
    tenon__window_taps(&whole, o, &from, &to);
    return to - from;
}

void tenon__pool_shares(const tenon__pool_params *p, int64_t line, bool padded, double *share)
{
    const int last = p->window.rank - 1;
    int64_t o[TENON__MAX_SPATIAL];
    double outer = 1;
    line_position(p, line, o);
    for (int i = 0; i < last; i++)
        outer *= (double)count_on(&p->window.axis[i], o[i], padded);
    for (int64_t i = 0; i < p->line; i++) {
        const double count = outer * (double)count_on(&p->window.axis[last], i, padded);
        share[i] = count > 0 ? 1 / count : 0;
    }
}

int tenon__pool_blocked(const tenon__node *node, const tenon__view *const *in)
{
    bool one = node->output_count == 1 || node->outputs[1] == TENON__NO_VALUE;
    return one && in[0] && in[0]->dtype == TENON_F32 && (in[0]->rank == 3 || in[0]->rank == 4);
}

void tenon__pool_run_blocked(const tenon__run *r, const tenon__pool_params *p,
                             const tenon__pool_row *row, tenon__pool_kind kind, bool padded)
{
    const tenon__window *w = &p->window;
    const tenon__window_axis *x = &w->axis[w->rank - 1];
    const int64_t height = p->plane_out / p->line;
    double *share = kind == TENON__POOL_AVERAGE ? r->scratch : NULL;
    float *scale = share ? (float *)(void *)(share + p->line) : NULL;
    int64_t from, to;
    tenon__pool_lines(p, r->tile, &from, &to);
    for (int64_t line = from; line < to; line++) {
        tenon__pool_strip s = {
            .kind = kind,
            .x = (const float *)r->in[0]->data + line / height * p->plane_in * TENON__BLOCK,
            .y = (float *)r->out[0]->data + line * p->line * TENON__BLOCK,
            .width = x->in,
            .count = p->line,
            .row_to = 1,
            .row_step = 1,
            .taps = x->kernel,
            .step = x->stride,
            .first = -x->before,
            .delta = x->dilation,
            .scale = scale,
        };
        if (w->rank == 2) {
            const tenon__window_axis *h = &w->axis[0];
            const int64_t o = line % height, first = o * h->stride - h->before;
            int64_t taps_from, taps_to;
            tenon__window_taps(h, o, &taps_from, &taps_to);
            s.row_from = first + taps_from * h->dilation;
            s.row_to = taps_from < taps_to ? first + (taps_to - 1) * h->dilation + 1 : s.row_from;
            s.row_step = h->dilation;
        }
        if (scale) {
            tenon__pool_shares(p, line, padded, share);
            for (int64_t i = 0; i < p->line; i++)
                scale[i] = (float)share[i];
        }
        row->strip(&s);
    }
}

tenon_status tenon__pool_read_power(const tenon__node *node, int64_t *power, tenon_error *err)
{
    const tenon__attr *p = tenon__attr_find(node, "p");
    *power = 2;
    if (p && p->type == TENON__ATTR_FLOAT) {
        *power = p->f >= 1 && p->f <= 1000 && p->f == floorf(p->f) ? (int64_t)p->f : 0;
    } else if (p) {
        tenon_status st = tenon__attr_check(node, "p", TENON__ATTR_INT, err);
        if (st) return st;
        *power = p->i;
    }
    if (*power < 1 || *power > INT32_MAX)
        return tenon__fail(err, TENON_EFORMAT, "p is out of range; want a whole number from 1 on");
    return TENON_OK;
}
