/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearAveragePool: com.microsoft, version 1, as onnxruntime 1.31 has it.
 *
 * Inputs x, its scale and zero point, those of y. AveragePool of x - x_zero, times x_scale /
 * y_scale, rounded (halves to even), plus y_zero, saturated. With count_include_pad = 1 sums are
 * divided by the size of the kernel wherever it lies. uint8 or int8, [N, C, D1, ...], or with
 * channels_last = 1 [N, D1, ..., C] with one or two spatial axes. Attributes as AveragePool. */
#include <math.h>

#include "opkit/pool.h"
#include "opkit/pool_last.h"
#include "opkit/qlinear.h"

typedef struct attrs {
    tenon__window_attrs window;
    bool padded, last;
} attrs;

typedef struct params {
    tenon__pool_params pool;
    tenon__pool_last last;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    a->last = tenon__attr_int(node, "channels_last", 0) != 0;
    a->padded = tenon__attr_int(node, "count_include_pad", 0) != 0;
    return tenon__window_read(node, &a->window, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    tenon_status st = tenon__qlinear_check_tensor(c, 0);
    if (st == TENON_OK) st = tenon__qlinear_check(c, 1, 2, c->in[0]->dtype);
    if (st == TENON_OK) st = tenon__qlinear_check(c, 3, 4, c->in[0]->dtype);
    if (st) return st;
    return a->last ? tenon__pool_last_infer(c, &a->window)
                   : tenon__pool_infer(c, &a->window, TENON_NONE);
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *both = c->params;
    if (a->last) {
        const int64_t channels = c->in[0]->dims[c->in[0]->rank - 1];
        return tenon__pool_last_bind(c, &a->window, (size_t)channels * sizeof(uint32_t),
                                     &both->last);
    }
    tenon__pool_params *p = &both->pool;
    tenon_status st = tenon__pool_bind(c, &a->window, 0.5, p);
    c->scratch_bytes = (size_t)p->line * (sizeof(double) + sizeof(int64_t));
    return st;
}

typedef struct line {
    const uint8_t *x; /* the plane */
    int64_t *sum;
    int32_t zero;
    bool is_signed;
} line;

static void take(void *ctx, const tenon__pool_tap *t)
{
    const line *l = ctx;
    for (int64_t i = 0; i < t->count; i++) {
        const uint8_t v = l->x[t->at + i * t->stride];
        l->sum[t->from + i] += (l->is_signed ? (int8_t)v : v) - l->zero;
    }
}

/* How a sum becomes a byte. */
typedef struct tail {
    double scale, low;
    int32_t y_zero;
} tail;

static tail tail_of(const tenon__run *r)
{
    return (tail){.scale = (double)tenon__qlinear_scale(r, 1) / (double)tenon__qlinear_scale(r, 3),
                  .low = r->in[0]->dtype == TENON_I8 ? -128 : 0,
                  .y_zero = tenon__qlinear_zero(r, 4)};
}

static inline uint8_t byte_of(const tail *t, double sum, double part)
{
    double v = rint(sum * part * t->scale) + t->y_zero;
    v = v > t->low ? v : t->low; /* NaN too */
    v = v < t->low + 255 ? v : t->low + 255;
    return (uint8_t)(int32_t)v;
}

typedef struct position {
    const tenon__pool_last *p;
    tail tail;
    uint32_t *sum;
    double whole; /* one over the size of the kernel, or 0: divided by what the window holds */
    int64_t zero;
    uint8_t flip;
} position;

static void average(void *ctx, const uint8_t *const *at, int64_t taps, uint8_t *y)
{
    const position *c = ctx;
    const double part = c->whole != 0 ? c->whole : taps > 0 ? 1 / (double)taps : 0;
    c->p->row.sum_taps(at, taps, c->p->channels, c->flip, c->sum);
    for (int64_t i = 0; i < c->p->channels; i++)
        y[i] = byte_of(&c->tail, (double)((int64_t)c->sum[i] - taps * c->zero), part);
}

static tenon_status run_last(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__pool_last *p = &((const params *)r->params)->last;
    const bool is_signed = r->in[0]->dtype == TENON_I8;
    position c = {.p = p,
                  .tail = tail_of(r),
                  .sum = tenon__pool_last_scratch(r, p),
                  .whole = a->padded ? 1 / (double)p->h.kernel / (double)p->w.kernel : 0,
                  .zero = tenon__qlinear_zero(r, 2) + (is_signed ? 128 : 0),
                  .flip = is_signed ? 0x80 : 0};
    tenon__pool_last_run(r, p, average, &c);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    if (a->last) return run_last(r);
    const tenon__pool_params *p = &((const params *)r->params)->pool;
    const tail t = tail_of(r);
    double *share = r->scratch, whole = 1;
    for (int i = 0; i < p->window.rank; i++)
        whole /= (double)p->window.axis[i].kernel;
    int64_t from, to;
    line l = {.sum = (int64_t *)(void *)(share + p->line),
              .zero = tenon__qlinear_zero(r, 2),
              .is_signed = r->in[0]->dtype == TENON_I8};
    tenon__pool_lines(p, r->tile, &from, &to);
    for (int64_t i = from; i < to; i++) {
        l.x = (const uint8_t *)r->in[0]->data + i / (p->plane_out / p->line) * p->plane_in;
        memset(l.sum, 0, (size_t)p->line * sizeof *l.sum);
        tenon__pool_walk(p, i, take, &l);
        tenon__pool_shares(p, i, false, share);
        for (int64_t k = 0; k < p->line; k++)
            ((uint8_t *)r->out[0]->data)[i * p->line + k] =
                byte_of(&t, (double)l.sum[k], a->padded ? whole : share[k]);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "com.microsoft", "QLinearAveragePool", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_qlinear_average_pool = {
    .name = "QLinearAveragePool",
    .doc = "The mean under a sliding window over bytes with scales",
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
