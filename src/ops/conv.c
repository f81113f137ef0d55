/* SPDX-License-Identifier: Apache-2.0 */
/* Conv: ONNX Conv-1 .. 22, and com.microsoft FusedConv.
 *
 * Y[n, m, o] = activation(B[m] + sum over c, t of X[n, g(m) * C / group + c, o * stride + t *
 * dilation - pad] * W[m, c, t] + Z[n, m, o])
 *
 * X is [N, C, D1, ..., Dn] with 1 to 14 spatial axes, W [M, C / group, k1, ..., kn], B [M]
 * (optional), all f32 or f64 (f16 and bf16 are widened). What lies outside X is zero. Attributes as
 * in opkit/window.h: kernel_shape (that of W), strides, dilations, pads, auto_pad; group divides C
 * and M.
 *
 * Passes (and FusedConv) add: input 3, Z of Y's shape, added before the activation; input 4, a
 * constant factor [M] of W (f32, constant W); `activation`, `activation_alpha`, `activation_beta`
 * (see opkit/convolve.h), f32 only. */
#include "opkit/convolve.h"
#include "opkit/index.h"
#ifdef TENON_TEST_REF
#include "opkit/convolve_ref.h"
#endif

typedef struct attrs {
    tenon__convolve_attrs conv;
    tenon__epilogue tail; /* without its pointers */
} attrs;

typedef struct prepared {
    const tenon__conv_row *row;
    bool packed; /* the weights are constant */
    bool has_factor;
    int64_t pack_panels; /* of each tile of packing */
} prepared;

typedef struct params {
    tenon__convolve_shape shape;
    tenon__conv_grid grid;
    tenon__convolve_cut cut;
    int64_t pack_panels;
    uint32_t pack_tiles;
    bool lines; /* of one or two outputs */
} params;

static tenon_status read_fused(const tenon__node *node, attrs *a, tenon_error *err)
{
    /* FusedConv calls its parameters by another name. */
    tenon_status st = tenon__convolve_activation(node, &a->tail, err);
    if (st) return st;
    size_t count;
    const float *list = tenon__attr_floats(node, "activation_params", &count);
    if (list && count > 0) a->tail.alpha = list[0];
    if (list && count > 1) a->tail.beta = list[1];
    return TENON_OK;
}

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    tenon_status st = tenon__convolve_read(node, &a->conv, err);
    return st ? st : read_fused(node, a, err);
}

static bool is_float(tenon_dtype d)
{
    return d == TENON_F32 || d == TENON_F64 || d == TENON_F16 || d == TENON_BF16 || d == TENON_NONE;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    tenon__convolve_shape s;
    bool known;
    if (!is_float(x->dtype))
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; want a floating-point type",
                           tenon_dtype_text(x->dtype));
    for (uint32_t i = 1; i < c->in_count; i++) {
        tenon_status same = TENON__HAS(c, i) ? tenon__check_same(c, 0, i) : TENON_OK;
        if (same) return same;
    }
    tenon_status st = tenon__convolve_infer(c, &a->conv, 0, 1, 2, x->dtype, &s, &known);
    if (st || !known) return st;
    if (a->tail.kind != TENON__ACT_NONE && x->dtype == TENON_F64)
        return tenon__fail(c->err, TENON_EUNSUPPORTED, "an activation is fused with f32 only");
    if (TENON__HAS(c, 3) && c->in[3]->rank != TENON__RANK_UNKNOWN) {
        bool same = c->in[3]->rank == x->rank;
        for (int i = 0; same && i < x->rank; i++)
            same = tenon__dim_agrees(c->in[3]->dims[i], c->out[0]->dims[i]);
        if (!same)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "what is added (input 3) has not the output's shape");
    }
    return TENON_OK;
}

/* ---- weights ---- */

/* A row's time for one multiply-add, roughly. */
static double row_ns(const tenon__conv_row *row)
{
    return row->needs ? 0.02 : 0.5;
}

static tenon_status pack(const tenon__pack *p)
{
    const attrs *a = p->attrs;
    const prepared *pre = p->prepared;
    tenon__convolve_shape s;
    tenon__view x = *p->in[0];
    if (x.rank == TENON__RANK_UNKNOWN) { /* only W matters here */
        x.rank = p->in[1]->rank;
        for (int i = 0; i < x.rank; i++)
            x.dims[i] = TENON__DIM_UNKNOWN;
    }
    tenon_status st = tenon__convolve_fit(&a->conv, &x, p->in[1], &s, p->err);
    if (st) return st;
    tenon__convolve_pack(pre->row, &s, p->in[1]->data, pre->has_factor ? p->in[4]->data : NULL,
                         pre->pack_panels, p->tile, p->dst);
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    const attrs *a = c->attrs;
    prepared *pre = c->prepared;
    const tenon__view *w = c->in[1];
    pre->row = tenon__conv_find(c->cpu);
    c->kernel = pre->row->name;
    if (w->dtype != TENON_F32 || !w->known || !w->data) return TENON_OK;
    tenon__view x = {.rank = w->rank, .dtype = TENON_F32};
    tenon__convolve_shape s;
    for (int i = 0; i < w->rank; i++)
        x.dims[i] = TENON__DIM_UNKNOWN;
    tenon_status st = tenon__convolve_fit(&a->conv, &x, w, &s, c->err);
    if (st) return st;
    pre->packed = true;
    pre->has_factor = c->in_count > 4 && c->in[4];
    c->packed[0].size_bytes = (size_t)tenon__view_count(w) * sizeof(float);
    c->packed[0].tiles = tenon__convolve_pack_tiles(pre->row, &s, &pre->pack_panels);
    c->packed[0].pack = pack;
    c->packed[0].input = 1;
    c->packed[0].variant = ((uint64_t)pre->row->rows << 32 | (uint64_t)a->conv.group) ^
                           (pre->has_factor ? (uintptr_t)c->in[4]->data : 0);
    return TENON_OK;
}

/* ---- bind and run ---- */

/* What a block takes besides its products. */
#define BLOCK_NS 150
/* Positions of a block that goes line by line, at least. */
#define LINE_POSITIONS 256

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const prepared *pre = c->prepared;
    params *p = c->params;
    tenon_status st = tenon__convolve_fit(&a->conv, c->in[0], c->in[1], &p->shape, c->err);
    if (st) return st;
    const int64_t planes = p->shape.batch * p->shape.group, k = tenon__convolve_k(&p->shape);
    tenon__convolve_grid(&p->shape, &p->grid);
    const bool f64 = c->in[0]->dtype == TENON_F64;
    const bool few = !f64 && tenon__conv_is_few(k, p->grid.positions);
    p->lines = !f64 && !few && tenon__conv_is_lines(&p->grid, p->shape.outputs);
    const int rows = p->lines ? (int)p->shape.outputs : pre->row->rows;
    const int cols = few ? (int)p->grid.positions : p->lines ? LINE_POSITIONS : pre->row->cols;
    st = tenon__convolve_cut_set(&p->cut, planes, p->grid.positions, p->shape.outputs, k, rows,
                                 cols, f64 ? 1.0 : row_ns(pre->row), c->err);
    if (st) return st;
    tenon__convolve_cut_join(&p->cut, BLOCK_NS + (f64 ? 1.0 : row_ns(pre->row)) * (double)k *
                                                     (double)p->cut.positions *
                                                     (double)p->cut.outputs);
    c->tiles = p->cut.tiles;
    c->flops =
        2.0 * (double)planes * (double)p->grid.positions * (double)p->shape.outputs * (double)k;
    p->pack_tiles = 0;
    if (f64) return TENON_OK;
    c->scratch_bytes =
        p->lines ? tenon__conv_lines_scratch(&p->grid) : tenon__conv_scratch(pre->row, k);
    if (!pre->packed && c->tiles) {
        p->pack_tiles = tenon__convolve_pack_tiles(pre->row, &p->shape, &p->pack_panels);
        c->work_bytes = (size_t)tenon__view_count(c->in[1]) * sizeof(float);
        c->phases = 2;
    }
    return TENON_OK;
}

static uint32_t tiles(const void *params_, uint32_t phase)
{
    const params *p = params_;
    return phase == 0 && p->pack_tiles ? p->pack_tiles : p->cut.tiles;
}

/* Offset under tap `t` of output position o (both flattened) in the plane; -1 outside. */
static int64_t locate(const tenon__conv_grid *g, int64_t o, int64_t t)
{
    int64_t at = 0, step = 1;
    for (int i = g->rank - 1; i >= 0; i--) {
        const tenon__conv_axis *x = &g->axis[i];
        int64_t pos = x->first + o % x->count * x->step + t % x->taps * x->delta;
        if (pos < 0 || pos >= x->in) return -1;
        at += pos * step;
        step *= x->in;
        o /= x->count;
        t /= x->taps;
    }
    return at;
}

static void run_f64(const tenon__run *r, const params *p, const tenon__convolve_tile *t)
{
    const tenon__convolve_shape *s = &p->shape;
    const tenon__conv_grid *g = &p->grid;
    const int64_t group = t->plane % s->group;
    const double *x = (const double *)r->in[0]->data + t->plane * s->channels * g->plane;
    const double *w = (const double *)r->in[1]->data + group * s->outputs * s->channels * g->taps;
    const double *bias =
        TENON__HAS(r, 2) ? (const double *)r->in[2]->data + group * s->outputs : NULL;
    const double *add = TENON__HAS(r, 3) ? (const double *)r->in[3]->data : NULL;
    for (int64_t o = t->out_from; o < t->out_to; o++)
        for (int64_t i = t->from; i < t->to; i++) {
            double sum = bias ? bias[o] : 0;
            for (int64_t tap = 0; tap < g->taps; tap++) {
                int64_t at = locate(g, i, tap);
                for (int64_t c = 0; at >= 0 && c < s->channels; c++)
                    sum += x[c * g->plane + at] * w[(o * s->channels + c) * g->taps + tap];
            }
            int64_t to = (t->plane * s->outputs + o) * g->positions + i;
            ((double *)r->out[0]->data)[to] = add ? sum + add[to] : sum;
        }
}

static void run_block(const tenon__run *r, uint32_t block)
{
    const attrs *a = r->attrs;
    const prepared *pre = r->prepared;
    const params *p = r->params;
    const tenon__convolve_shape *s = &p->shape;
    tenon__convolve_tile t = tenon__convolve_cut_at(&p->cut, p->grid.positions, s->outputs, block);
    if (r->in[0]->dtype == TENON_F64) {
        run_f64(r, p, &t);
        return;
    }
    const float *w = pre->packed ? r->packed[0] : r->work, *x = r->in[0]->data;
    const int64_t group = t.plane % s->group;
    const int64_t at = (t.plane * s->outputs + t.out_from) * p->grid.positions + t.from;
    tenon__conv_block b = {
        .row = pre->row,
        .grid = &p->grid,
        .channels = s->channels,
        .x = x + t.plane * s->channels * p->grid.plane,
        .w = w + group * s->outputs * s->channels * p->grid.taps,
        .from = t.from,
        .to = t.to,
        .out_from = t.out_from,
        .out_to = t.out_to,
        .y = (float *)r->out[0]->data + at,
        .residual = TENON__HAS(r, 3) ? (const float *)r->in[3]->data + at : NULL,
        .bias = TENON__HAS(r, 2) ? (const float *)r->in[2]->data + group * s->outputs + t.out_from
                                 : NULL,
        .stride = p->grid.positions,
        .epilogue = &a->tail,
        .scratch = r->scratch,
    };
    (p->lines ? tenon__conv_lines_run : tenon__conv_run)(&b);
}

static tenon_status run(const tenon__run *r)
{
    const prepared *pre = r->prepared;
    const params *p = r->params;
    int64_t from, to;
    if (p->pack_tiles && r->phase == 0) {
        tenon__convolve_pack(pre->row, &p->shape, r->in[1]->data, NULL, p->pack_panels, r->tile,
                             r->work);
        return TENON_OK;
    }
    tenon__convolve_cut_blocks(&p->cut, r->tile, &from, &to);
    for (int64_t i = from; i < to; i++)
        run_block(r, (uint32_t)i);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const attrs *a = r->attrs;
    return convolve_ref(r, &a->conv, &a->tail);
}
#endif

static const tenon__import imports[] = {
    {"onnx", "", "Conv", 1, 0, NULL}, {"onnx", "com.microsoft", "FusedConv", 1, 0, NULL}, {0}};

const tenon__op tenon__op_conv = {.name = "Conv",
                                  .doc = "Convolution",
                                  .min_inputs = 2,
                                  .max_inputs = 5,
                                  .min_outputs = 1,
                                  .max_outputs = 1,
                                  .flags = TENON__OP_WIDEN,
                                  .accuracy = TENON__SUMS,
                                  .imports = imports,
                                  .attrs_bytes = sizeof(attrs),
                                  .prepared_bytes = sizeof(prepared),
                                  .params_bytes = sizeof(params),
                                  .read = read,
                                  .infer = infer,
                                  .prepare = prepare,
                                  .bind = bind,
                                  .tiles = tiles,
                                  .run = run,
                                  TENON__REF(ref)};
