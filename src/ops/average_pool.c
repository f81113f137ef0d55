/* SPDX-License-Identifier: Apache-2.0 */
/* AveragePool: ONNX AveragePool-1 .. 22.
 *
 * Y[n, c, o] = the mean over taps t of X[n, c, o * stride + t * dilation - pad]; what lies in the
 * padding counts as zero with count_include_pad = 1, else not at all. What lies beyond the padding
 * (ceil_mode) never counts. The mean of nothing is 0. X has 1 to 14 spatial axes and is f32 or f64
 * (f16 and bf16 are widened). Attributes as in opkit/window.h. */
#include "opkit/index.h"
#include "opkit/pool.h"
#ifdef TENON_TEST_REF
#include "opkit/pool_ref.h"
#endif

typedef struct attrs {
    tenon__window_attrs window;
    bool padded;
} attrs;

typedef struct params {
    tenon__pool_params pool;
    const tenon__pool_row *row;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    a->padded = tenon__attr_int(node, "count_include_pad", 0) != 0;
    return tenon__window_read(node, &a->window, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon_dtype d = c->in[0]->dtype;
    if (d != TENON_NONE && d != TENON_F16 && d != TENON_BF16 && d != TENON_F32 && d != TENON_F64)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; want a floating-point type",
                           tenon_dtype_text(d));
    return tenon__pool_infer(c, &a->window, TENON_NONE);
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *p = c->params;
    p->row = tenon__pool_find(c->cpu);
    tenon_status st =
        tenon__pool_bind(c, &a->window, c->in[0]->dtype == TENON_F32 ? 0.2 : 1, &p->pool);
    c->scratch_bytes = (size_t)p->pool.line * (sizeof(double) + sizeof(float));
    return st;
}

typedef struct line {
    const tenon__pool_row *row;
    const void *x; /* the plane */
    void *y;       /* the line */
} line;

static void take_f32(void *ctx, const tenon__pool_tap *t)
{
    const line *l = ctx;
    l->row->add((float *)l->y + t->from, (const float *)l->x + t->at, t->count, t->stride);
}

static void take_f64(void *ctx, const tenon__pool_tap *t)
{
    const line *l = ctx;
    const double *x = (const double *)l->x + t->at;
    double *y = (double *)l->y + t->from;
    for (int64_t i = 0; i < t->count; i++)
        y[i] += x[i * t->stride];
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *params_ = r->params;
    const tenon__pool_params *p = &params_->pool;
    double *share = r->scratch;
    if (p->blocked) {
        tenon__pool_run_blocked(r, p, params_->row, TENON__POOL_AVERAGE, a->padded);
        return TENON_OK;
    }
    const bool f64 = r->in[0]->dtype == TENON_F64;
    const int64_t bytes = f64 ? 8 : 4, height = p->plane_out / p->line;
    int64_t from, to;
    tenon__pool_lines(p, r->tile, &from, &to);
    for (int64_t i = from; i < to; i++) {
        line l = {.row = params_->row,
                  .x = (const uint8_t *)r->in[0]->data + i / height * p->plane_in * bytes,
                  .y = (uint8_t *)r->out[0]->data + i * p->line * bytes};
        if (p->whole && !f64) {
            *(float *)l.y = l.row->sum_of(l.x, p->plane_in);
        } else {
            memset(l.y, 0, (size_t)(p->line * bytes));
            tenon__pool_walk(p, i, f64 ? take_f64 : take_f32, &l);
        }
        tenon__pool_shares(p, i, a->padded, share);
        for (int64_t k = 0; k < p->line; k++) {
            if (f64)
                ((double *)l.y)[k] *= share[k];
            else
                ((float *)l.y)[k] *= (float)share[k];
        }
    }
    return TENON_OK;
}

static int blocked(const tenon__node *node, const void *attrs_, const tenon__view *const *in,
                   uint32_t in_count, tenon__cpu_bits cpu)
{
    (void)attrs_, (void)in_count, (void)cpu;
    return tenon__pool_blocked(node, in);
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__pool_params *p = &((const params *)r->params)->pool;
    for (int64_t i = 0; i < p->batch * p->channels * p->plane_out; i++) {
        int64_t where;
        pool_ref_store(r->out[0], i,
                       pool_ref_one(p, r->in[0]->dtype, r->in[0]->data, i / p->plane_out,
                                    i % p->plane_out, TENON__POOL_AVERAGE, a->padded, 1, &where));
    }
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "AveragePool", 1, 0, NULL}, {0}};

const tenon__op tenon__op_average_pool = {.name = "AveragePool",
                                          .doc = "The mean under a sliding window",
                                          .min_inputs = 1,
                                          .max_inputs = 1,
                                          .min_outputs = 1,
                                          .max_outputs = 1,
                                          .flags = TENON__OP_WIDEN,
                                          .accuracy = TENON__SUMS,
                                          .imports = imports,
                                          .attrs_bytes = sizeof(attrs),
                                          .params_bytes = sizeof(params),
                                          .read = read,
                                          .infer = infer,
                                          .bind = bind,
                                          .run = run,
                                          .blocked = blocked,
                                          TENON__REF(ref)};
