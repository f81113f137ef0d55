/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearAveragePool: com.microsoft, version 1, as onnxruntime 1.31 has it.
 *
 * Inputs x, its scale and zero point, those of y. AveragePool of x - x_zero, times x_scale /
 * y_scale, rounded (halves to even), plus y_zero, saturated. With count_include_pad = 1 sums are
 * divided by the size of the kernel wherever it lies. uint8 or int8, [N, C, D1, ...]. Attributes as
 * AveragePool; channels_last = 1 is not supported. */
#include <math.h>

#include "opkit/pool.h"
#include "opkit/qlinear.h"

typedef struct attrs {
    tenon__window_attrs window;
    bool padded;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    if (tenon__attr_int(node, "channels_last", 0))
        return tenon__fail(err, TENON_EUNSUPPORTED,
                           "channels_last = 1; only [N, C, ...] is supported");
    a->padded = tenon__attr_int(node, "count_include_pad", 0) != 0;
    return tenon__window_read(node, &a->window, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    tenon_status st = tenon__qlinear_check_tensor(c, 0);
    if (st == TENON_OK) st = tenon__qlinear_check(c, 1, 2, c->in[0]->dtype);
    if (st == TENON_OK) st = tenon__qlinear_check(c, 3, 4, c->in[0]->dtype);
    return st ? st : tenon__pool_infer(c, &a->window, TENON_NONE);
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    tenon__pool_params *p = c->params;
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

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__pool_params *p = r->params;
    const bool is_signed = r->in[0]->dtype == TENON_I8;
    const int32_t y_zero = tenon__qlinear_zero(r, 4);
    const double scale = (double)tenon__qlinear_scale(r, 1) / (double)tenon__qlinear_scale(r, 3);
    const double low = is_signed ? -128 : 0;
    double *share = r->scratch, whole = 1;
    for (int i = 0; i < p->window.rank; i++)
        whole /= (double)p->window.axis[i].kernel;
    int64_t from, to;
    line l = {.sum = (int64_t *)(void *)(share + p->line),
              .zero = tenon__qlinear_zero(r, 2),
              .is_signed = is_signed};
    tenon__pool_lines(p, r->tile, &from, &to);
    for (int64_t i = from; i < to; i++) {
        l.x = (const uint8_t *)r->in[0]->data + i / (p->plane_out / p->line) * p->plane_in;
        memset(l.sum, 0, (size_t)p->line * sizeof *l.sum);
        tenon__pool_walk(p, i, take, &l);
        tenon__pool_shares(p, i, false, share);
        for (int64_t k = 0; k < p->line; k++) {
            const double part = a->padded ? whole : share[k];
            double v = rint((double)l.sum[k] * part * scale) + y_zero;
            v = v > low ? v : low; /* NaN too */
            v = v < low + 255 ? v : low + 255;
            ((uint8_t *)r->out[0]->data)[i * p->line + k] = (uint8_t)(int32_t)v;
        }
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
    .params_bytes = sizeof(tenon__pool_params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
