/* SPDX-License-Identifier: Apache-2.0 */
/* ConvTranspose: ONNX ConvTranspose-1 .. 22.
 *
 * Y[n, m, o] = activation(B[m] + sum over c, t with o + pad - t * dilation = i * stride of X[n,
 * g(m) * C / group + c, i] * W[c, m, t])
 *
 * X is [N, C, D1, ..., Dn] with 1 to 14 spatial axes, W [C, M / group, k1, ..., kn], B [M]
 * (optional), all f32 or f64 (f16 and bf16 are widened). Attributes as in opkit/window.h;
 * output_padding adds to the extents at the end; output_shape sets the spatial extents (or all of
 * the shape, as older files do) and the pads follow. `activation` as for Conv.
 *
 * Output positions that share their remainders by the strides are one phase: a plain convolution of
 * stride 1 over the taps that meet it. */
#include "opkit/convolve.h"
#include "opkit/index.h"
#include "tensor/convert.h"

typedef struct attrs {
    tenon__convolve_attrs conv;
    tenon__epilogue tail;
    int extra_rank, wanted_rank; /* 0: absent */
    int64_t extra[TENON__MAX_SPATIAL], wanted[TENON_MAX_RANK];
} attrs;

typedef struct prepared {
    const tenon__conv_row *row;
    bool packed;
    int64_t pack_panels;
} prepared;

typedef struct params {
    tenon__convolve_shape shape;
    int64_t taps, plane_in, plane_out, phases;
    tenon__convolve_cut cut;
    int64_t most; /* positions of the largest phase */
    int64_t pack_panels;
    uint32_t pack_tiles;
} params;

static tenon_status read_extents(const tenon__node *node, const char *name, int64_t least, int most,
                                 int64_t *out, int *rank, tenon_error *err)
{
    size_t count;
    tenon_status st = tenon__attr_check(node, name, TENON__ATTR_INTS, err);
    if (st) return st;
    const int64_t *list = tenon__attr_ints(node, name, &count);
    if (!list || !count) return TENON_OK;
    if (count > (size_t)most)
        return tenon__fail(err, TENON_EFORMAT, "%s has %zu numbers; at most %d", name, count, most);
    for (size_t i = 0; i < count; i++) {
        if (list[i] < least || list[i] > INT32_MAX)
            return tenon__fail(err, TENON_EFORMAT, "%s has %lld; want %lld to %d", name,
                               (long long)list[i], (long long)least, INT32_MAX);
        out[i] = list[i];
    }
    *rank = (int)count;
    return TENON_OK;
}

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    tenon_status st = tenon__convolve_read(node, &a->conv, err);
    if (st) return st;
    st = read_extents(node, "output_padding", 0, TENON__MAX_SPATIAL, a->extra, &a->extra_rank, err);
    if (st) return st;
    st = read_extents(node, "output_shape", 0, TENON_MAX_RANK, a->wanted, &a->wanted_rank, err);
    return st ? st : tenon__convolve_activation(node, &a->tail, err);
}

static tenon_status fit(const attrs *a, const tenon__view *x, const tenon__view *w,
                        tenon__convolve_shape *s, tenon_error *err)
{
    if (x->rank < 3 || w->rank != x->rank)
        return tenon__fail(err, TENON_ESHAPE,
                           "the input has rank %d, the weights %d; want the same, 3 or more: [N, "
                           "C, D1, ...] and [C, M / "
                           "group, k1, ...]",
                           x->rank, w->rank);
    const int64_t c = x->dims[1], cw = w->dims[0], group = a->conv.group;
    const int rank = x->rank - 2;
    *s = (tenon__convolve_shape){
        .batch = x->dims[0], .group = group, .channels = cw >= 0 ? cw : c, .outputs = w->dims[1]};
    if (!tenon__dim_agrees(c, cw))
        return tenon__fail(err, TENON_ESHAPE, "the input has %lld channels, the weights take %lld",
                           (long long)c, (long long)cw);
    if (s->channels >= 0 && s->channels % group)
        return tenon__fail(err, TENON_ESHAPE, "%lld channels do not divide into %lld groups",
                           (long long)s->channels, (long long)group);
    if (s->channels >= 0) s->channels /= group;
    if (a->extra_rank && a->extra_rank != rank)
        return tenon__fail(err, TENON_ESHAPE,
                           "output_padding has %d numbers, the input %d spatial axes",
                           a->extra_rank, rank);
    if (a->wanted_rank && a->wanted_rank != rank && a->wanted_rank != rank + 2)
        return tenon__fail(err, TENON_ESHAPE,
                           "output_shape has %d numbers, the input %d spatial axes", a->wanted_rank,
                           rank);
    return tenon__window_fit_transposed(&a->conv.window, rank, x->dims + 2, w->dims + 2,
                                        a->wanted_rank ? a->wanted + (a->wanted_rank - rank) : NULL,
                                        a->extra_rank ? a->extra : NULL, &s->window, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0], *w = c->in[1];
    tenon_status st;
    if (x->dtype != TENON_F32 && x->dtype != TENON_F64 && x->dtype != TENON_F16 &&
        x->dtype != TENON_BF16 && x->dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; want a floating-point type",
                           tenon_dtype_text(x->dtype));
    for (uint32_t i = 1; i < c->in_count; i++)
        if (TENON__HAS(c, i) && (st = tenon__check_same(c, 0, i))) return st;
    if (tenon__infer_rank_unknown(c, 2)) {
        c->out[0]->dtype = x->dtype;
        return TENON_OK;
    }
    tenon__convolve_shape s;
    if ((st = fit(a, x, w, &s, c->err))) return st;
    if (a->tail.kind != TENON__ACT_NONE && x->dtype == TENON_F64)
        return tenon__fail(c->err, TENON_EUNSUPPORTED, "an activation is fused with f32 only");
    int64_t dims[TENON_MAX_RANK];
    dims[0] = x->dims[0];
    dims[1] = tenon__dim_mul(w->dims[1], a->conv.group);
    for (int i = 0; i < s.window.rank; i++)
        dims[2 + i] = s.window.axis[i].out;
    tenon__infer_set(c, 0, x->dtype, x->rank, dims);
    if (TENON__HAS(c, 2) && c->in[2]->rank != TENON__RANK_UNKNOWN &&
        (c->in[2]->rank != 1 || !tenon__dim_agrees(c->in[2]->dims[0], dims[1]))) {
        char text[160];
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the bias is %s; want one number for each of %lld output channels",
                           tenon__view_print(c->in[2], text, sizeof text), (long long)dims[1]);
    }
    return TENON_OK;
}

/* ---- phases ---- */

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

/* The taps of one axis that meet the output positions of a remainder: from, from + every, ... */
typedef struct taps {
    int64_t from, every, count;
} taps;

static taps taps_of(const tenon__window_axis *x, int64_t remainder)
{
    taps t = {.every = x->stride / gcd(x->stride, x->dilation)};
    while (t.from < x->kernel && t.from < t.every && t.from * x->dilation % x->stride != remainder)
        t.from++;
    if (t.from < x->kernel && t.from < t.every) t.count = (x->kernel - 1 - t.from) / t.every + 1;
    return t;
}

/* Taps of the phases whose remainders come before this one's, in lexicographic order: where its
 * weights begin. */
static int64_t taps_before(const tenon__window *w, const int64_t *remainder)
{
    int64_t before = 0, mine = 1; /* of the axes so far */
    for (int i = 0; i < w->rank; i++) {
        const tenon__window_axis *x = &w->axis[i];
        int64_t less = 0;
        for (int64_t k = 0; k < x->kernel; k++)
            less += k * x->dilation % x->stride < remainder[i];
        before = before * x->kernel + mine * less;
        mine *= taps_of(x, remainder[i]).count;
    }
    return before;
}

/* Packs one panel of output channels of a group for every phase that has taps. */
static void pack_panel(const tenon__conv_row *row, const tenon__convolve_shape *s, int64_t all_taps,
                       const void *data, int64_t group, int64_t from, float *dst)
{
    const tenon__window *win = &s->window;
    const int64_t to = from + row->rows < s->outputs ? from + row->rows : s->outputs;
    int64_t at[TENON__MAX_SPATIAL] = {0}, remainder[TENON__MAX_SPATIAL];
    for (;;) { /* `at` walks over the first taps of the phases */
        tenon__conv_weights w = {
            .data = data, .rank = win->rank, .output = all_taps, .channel = s->outputs * all_taps};
        w.first = group * s->channels * w.channel;
        int64_t step = 1;
        for (int i = win->rank - 1; i >= 0; i--) {
            const tenon__window_axis *x = &win->axis[i];
            remainder[i] = at[i] * x->dilation % x->stride;
            taps t = taps_of(x, remainder[i]);
            w.first += at[i] * step;
            w.count[i] = t.count;
            w.tap[i] = t.every * step;
            step *= x->kernel;
        }
        tenon__conv_pack(row, &w, s->channels, from, to,
                         dst + (group * all_taps + taps_before(win, remainder)) * s->channels *
                                   s->outputs);
        int i = win->rank - 1;
        for (; i >= 0; i--) {
            const tenon__window_axis *x = &win->axis[i];
            const int64_t every = x->stride / gcd(x->stride, x->dilation);
            if (++at[i] < (every < x->kernel ? every : x->kernel)) break;
            at[i] = 0;
        }
        if (i < 0) return;
    }
}

static int64_t count_taps(const tenon__window *w)
{
    int64_t n = 1;
    for (int i = 0; i < w->rank; i++)
        n *= w->axis[i].kernel;
    return n;
}

static void pack_panels(const tenon__conv_row *row, const tenon__convolve_shape *s,
                        const void *data, int64_t per_tile, uint32_t tile, float *dst)
{
    const int64_t each = (s->outputs + row->rows - 1) / row->rows,
                  all_taps = count_taps(&s->window);
    int64_t end = (tile + (int64_t)1) * per_tile;
    if (end > each * s->group) end = each * s->group;
    for (int64_t p = tile * per_tile; p < end; p++)
        pack_panel(row, s, all_taps, data, p / each, p % each * row->rows, dst);
}

static uint32_t pack_tiles(const tenon__conv_row *row, const tenon__convolve_shape *s,
                           int64_t *per_tile)
{
    return tenon__tiles((s->outputs + row->rows - 1) / row->rows * s->group,
                        (double)s->channels * (double)count_taps(&s->window) * row->rows, per_tile);
}

static tenon_status pack(const tenon__pack *p)
{
    const prepared *pre = p->prepared;
    const tenon__view *w = p->in[1];
    tenon__convolve_shape s;
    tenon__view x = {.rank = w->rank};
    for (int i = 0; i < w->rank; i++)
        x.dims[i] = TENON__DIM_UNKNOWN;
    tenon_status st = fit(p->attrs, &x, w, &s, p->err);
    if (st) return st;
    pack_panels(pre->row, &s, w->data, pre->pack_panels, p->tile, p->dst);
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    prepared *pre = c->prepared;
    const tenon__view *w = c->in[1];
    pre->row = tenon__conv_find(c->cpu);
    c->kernel = pre->row->name;
    if (w->dtype != TENON_F32 || !w->known || !w->data) return TENON_OK;
    tenon__convolve_shape s;
    tenon__view x = {.rank = w->rank};
    for (int i = 0; i < w->rank; i++)
        x.dims[i] = TENON__DIM_UNKNOWN;
    tenon_status st = fit(c->attrs, &x, w, &s, c->err);
    if (st) return st;
    pre->packed = true;
    c->packed[0].size_bytes = (size_t)tenon__view_count(w) * sizeof(float);
    c->packed[0].tiles = pack_tiles(pre->row, &s, &pre->pack_panels);
    c->packed[0].pack = pack;
    c->packed[0].input = 1;
    uint64_t variant[1 + 2 * TENON__MAX_SPATIAL] = {(uint64_t)pre->row->rows << 32 |
                                                    (uint64_t)s.group};
    for (int i = 0; i < s.window.rank; i++) {
        variant[1 + 2 * i] = (uint64_t)s.window.axis[i].stride;
        variant[2 + 2 * i] = (uint64_t)s.window.axis[i].dilation;
    }
    c->packed[0].variant = tenon__hash64(variant, sizeof variant, 0);
    return TENON_OK;
}

/* ---- bind and run ---- */

/* What a block takes besides its products. */
#define BLOCK_NS 200

static tenon_status bind(tenon__bind *c)
{
    const prepared *pre = c->prepared;
    params *p = c->params;
    tenon_status st = fit(c->attrs, c->in[0], c->in[1], &p->shape, c->err);
    if (st) return st;
    const tenon__convolve_shape *s = &p->shape;
    p->plane_in = p->plane_out = p->phases = p->most = 1;
    p->taps = count_taps(&s->window);
    int64_t k = s->channels; /* of the phase with the most taps, about */
    for (int i = 0; i < s->window.rank; i++) {
        const tenon__window_axis *x = &s->window.axis[i];
        p->plane_in *= x->in;
        p->plane_out *= x->out;
        if (!tenon__mul_i64(p->phases, x->stride < x->out ? x->stride : x->out, &p->phases))
            return tenon__fail(c->err, TENON_ELIMIT, "the strides are too large");
        p->most *= x->out / x->stride + (x->out % x->stride != 0);
        k *= x->kernel / x->stride + (x->kernel % x->stride != 0);
    }
    int64_t planes;
    if (!tenon__mul_i64(s->batch * s->group, p->phases, &planes))
        return tenon__fail(c->err, TENON_ELIMIT, "the strides are too large");
    if (p->plane_out == 0) planes = 0;
    st = tenon__convolve_cut_set(&p->cut, planes, p->most, s->outputs, k, pre->row->rows,
                                 pre->row->cols, pre->row->needs ? 0.02 : 0.5, c->err);
    if (st) return st;
    tenon__convolve_cut_join(&p->cut, BLOCK_NS + (pre->row->needs ? 0.02 : 0.5) * (double)k *
                                                     (double)p->cut.positions *
                                                     (double)p->cut.outputs);
    c->tiles = p->cut.tiles;
    c->flops = 2.0 * (double)(s->batch * s->group) * (double)p->plane_in * (double)s->channels *
               (double)s->outputs * (double)p->taps;
    p->pack_tiles = 0;
    if (c->in[0]->dtype == TENON_F64) return TENON_OK;
    c->scratch_bytes = tenon__align_up(tenon__conv_scratch(pre->row, s->channels * p->taps), 64) +
                       (size_t)(p->cut.positions * p->cut.outputs) * sizeof(float);
    if (!pre->packed && c->tiles) {
        p->pack_tiles = pack_tiles(pre->row, s, &p->pack_panels);
        c->work_bytes = (size_t)tenon__view_count(c->in[1]) * sizeof(float);
        c->phases = p->pack_tiles ? 2 : 1;
    }
    return TENON_OK;
}

static uint32_t tiles(const void *params_, uint32_t phase)
{
    const params *p = params_;
    return phase == 0 && p->pack_tiles ? p->pack_tiles : p->cut.tiles;
}

/* One phase: the grid of its positions, the first output position on each axis, and its first tap
 * in the packed weights. */
typedef struct phase {
    tenon__conv_grid grid;
    int64_t out[TENON__MAX_SPATIAL], count[TENON__MAX_SPATIAL], positions, before;
    taps taps[TENON__MAX_SPATIAL];
} phase;

static phase phase_of(const params *p, int64_t index)
{
    const tenon__window *w = &p->shape.window;
    phase f = {.grid.rank = w->rank, .positions = 1};
    int64_t remainder[TENON__MAX_SPATIAL];
    for (int i = w->rank - 1; i >= 0; i--) {
        const tenon__window_axis *x = &w->axis[i];
        const int64_t choices = x->stride < x->out ? x->stride : x->out, o = index % choices;
        index /= choices;
        remainder[i] = (o + x->before) % x->stride;
        f.taps[i] = taps_of(x, remainder[i]);
        f.out[i] = o;
        f.count[i] = (x->out - 1 - o) / x->stride + 1;
        f.positions *= f.count[i];
        f.grid.axis[i] =
            (tenon__conv_axis){.in = x->in,
                               .count = f.count[i],
                               .taps = f.taps[i].count,
                               .step = 1,
                               .first = (o + x->before - f.taps[i].from * x->dilation) / x->stride,
                               .delta = -(f.taps[i].every * x->dilation / x->stride)};
    }
    f.before = taps_before(w, remainder);
    tenon__conv_grid_finish(&f.grid);
    return f;
}

/* Offset in the output plane of position `at` of the phase. */
static int64_t place(const tenon__window *w, const phase *f, int64_t at)
{
    int64_t offset = 0, step = 1;
    for (int i = w->rank - 1; i >= 0; i--) {
        offset += (f->out[i] + at % f->count[i] * w->axis[i].stride) * step;
        at /= f->count[i];
        step *= w->axis[i].out;
    }
    return offset;
}

/* Rows of `done`, `width` floats apart, to where their positions lie in the planes at y. */
static void scatter(const params *p, const phase *f, const tenon__convolve_tile *t,
                    const float *done, int64_t width, float *y)
{
    const tenon__window *w = &p->shape.window;
    const int last = w->rank - 1;
    for (int64_t at = t->from, n; at < t->to; at += n) {
        const int64_t to = place(w, f, at);
        n = f->count[last] - at % f->count[last];
        if (n > t->to - at) n = t->to - at;
        for (int64_t o = 0; o < t->out_to - t->out_from; o++) {
            const float *src = done + o * width + at - t->from;
            float *dst = y + o * p->plane_out + to;
            for (int64_t i = 0; i < n; i++)
                dst[i * w->axis[last].stride] = src[i];
        }
    }
}

/* Offset in the input plane under the phase's tap `t` of its position `at`; -1 outside. */
static int64_t locate(const tenon__conv_grid *g, int64_t at, int64_t t)
{
    int64_t offset = 0, step = 1;
    for (int i = g->rank - 1; i >= 0; i--) {
        const tenon__conv_axis *x = &g->axis[i];
        int64_t pos = x->first + at % x->count * x->step + t % x->taps * x->delta;
        if (pos < 0 || pos >= x->in) return -1;
        offset += pos * step;
        step *= x->in;
        at /= x->count;
        t /= x->taps;
    }
    return offset;
}

/* Offset in a plane of weights of the phase's tap `t`. */
static int64_t tap_offset(const tenon__window *w, const phase *f, int64_t t)
{
    int64_t offset = 0, step = 1;
    for (int i = w->rank - 1; i >= 0; i--) {
        offset += (f->taps[i].from + t % f->taps[i].count * f->taps[i].every) * step;
        t /= f->taps[i].count;
        step *= w->axis[i].kernel;
    }
    return offset;
}

static void run_f64(const tenon__run *r, const params *p, const phase *f,
                    const tenon__convolve_tile *t, int64_t plane)
{
    const tenon__convolve_shape *s = &p->shape;
    const int64_t group = plane % s->group;
    const double *x = (const double *)r->in[0]->data + plane * s->channels * p->plane_in;
    const double *w = (const double *)r->in[1]->data + group * s->channels * s->outputs * p->taps;
    double *y = (double *)r->out[0]->data + plane * s->outputs * p->plane_out;
    int64_t all = 1;
    for (int i = 0; i < s->window.rank; i++)
        all *= f->taps[i].count;
    for (int64_t o = t->out_from; o < t->out_to; o++)
        for (int64_t i = t->from; i < t->to; i++) {
            double sum =
                TENON__HAS(r, 2) ? ((const double *)r->in[2]->data)[group * s->outputs + o] : 0;
            for (int64_t tap = 0; tap < all; tap++) {
                const int64_t at = locate(&f->grid, i, tap), wt = tap_offset(&s->window, f, tap);
                for (int64_t c = 0; at >= 0 && c < s->channels; c++)
                    sum += x[c * p->plane_in + at] * w[(c * s->outputs + o) * p->taps + wt];
            }
            y[o * p->plane_out + place(&s->window, f, i)] = sum;
        }
}

static void run_block(const tenon__run *r, uint32_t block)
{
    const attrs *a = r->attrs;
    const prepared *pre = r->prepared;
    const params *p = r->params;
    const tenon__convolve_shape *s = &p->shape;
    tenon__convolve_tile t = tenon__convolve_cut_at(&p->cut, p->most, s->outputs, block);
    const int64_t plane = t.plane / p->phases, group = plane % s->group;
    const phase f = phase_of(p, t.plane % p->phases);
    if (t.to > f.positions) t.to = f.positions;
    if (t.from >= t.to) return;
    if (r->in[0]->dtype == TENON_F64) {
        run_f64(r, p, &f, &t, plane);
        return;
    }
    const float *w = pre->packed ? r->packed[0] : r->work, *x = r->in[0]->data;
    const size_t gathered =
        tenon__align_up(tenon__conv_scratch(pre->row, s->channels * p->taps), 64);
    float *done = (float *)(void *)((uint8_t *)r->scratch + gathered);
    tenon__conv_block b = {
        .row = pre->row,
        .grid = &f.grid,
        .channels = s->channels,
        .x = x + plane * s->channels * p->plane_in,
        .w = w + (group * p->taps + f.before) * s->channels * s->outputs,
        .from = t.from,
        .to = t.to,
        .out_from = t.out_from,
        .out_to = t.out_to,
        .y = done,
        .bias = TENON__HAS(r, 2) ? (const float *)r->in[2]->data + group * s->outputs + t.out_from
                                 : NULL,
        .stride = p->cut.positions,
        .epilogue = &a->tail,
        .scratch = r->scratch,
    };
    tenon__conv_run(&b);
    scatter(p, &f, &t, done, p->cut.positions,
            (float *)r->out[0]->data + (plane * s->outputs + t.out_from) * p->plane_out);
}

static tenon_status run(const tenon__run *r)
{
    const prepared *pre = r->prepared;
    const params *p = r->params;
    int64_t from, to;
    if (p->pack_tiles && r->phase == 0) {
        pack_panels(pre->row, &p->shape, r->in[1]->data, p->pack_panels, r->tile, r->work);
        return TENON_OK;
    }
    tenon__convolve_cut_blocks(&p->cut, r->tile, &from, &to);
    for (int64_t i = from; i < to; i++)
        run_block(r, (uint32_t)i);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
/* As the name says: each input position spreads over the outputs. */
static void spread(const params *p, int64_t at, int64_t tap, int64_t *to)
{
    int64_t step = 1;
    *to = 0;
    for (int i = p->shape.window.rank - 1; i >= 0; i--) {
        const tenon__window_axis *x = &p->shape.window.axis[i];
        int64_t o = at % x->in * x->stride + tap % x->kernel * x->dilation - x->before;
        if (o < 0 || o >= x->out) {
            *to = -1;
            return;
        }
        *to += o * step;
        step *= x->out;
        at /= x->in;
        tap /= x->kernel;
    }
}

static tenon_status ref(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const tenon__convolve_shape *s = &p->shape;
    const tenon_dtype d = r->in[0]->dtype;
    for (int64_t plane = 0; plane < s->batch * s->group; plane++)
        for (int64_t o = 0; o < s->outputs; o++)
            for (int64_t place_ = 0; place_ < p->plane_out; place_++) {
                const int64_t g = plane % s->group;
                double sum = TENON__HAS(r, 2)
                                 ? tenon__get_f64(d, r->in[2]->data, (size_t)(g * s->outputs + o))
                                 : 0;
                for (int64_t i = 0; i < p->plane_in; i++)
                    for (int64_t tap = 0; tap < p->taps; tap++) {
                        int64_t to;
                        spread(p, i, tap, &to);
                        for (int64_t c = 0; to == place_ && c < s->channels; c++)
                            sum += tenon__get_f64(
                                       d, r->in[0]->data,
                                       (size_t)((plane * s->channels + c) * p->plane_in + i)) *
                                   tenon__get_f64(
                                       d, r->in[1]->data,
                                       (size_t)(((g * s->channels + c) * s->outputs + o) * p->taps +
                                                tap));
                    }
                const int64_t to = (plane * s->outputs + o) * p->plane_out + place_;
                if (d == TENON_F64)
                    ((double *)r->out[0]->data)[to] = sum;
                else
                    ((float *)r->out[0]->data)[to] = tenon__activate(&a->tail, (float)sum);
            }
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "ConvTranspose", 1, 0, NULL}, {0}};

const tenon__op tenon__op_conv_transpose = {.name = "ConvTranspose",
                                            .doc = "Transposed convolution",
                                            .min_inputs = 2,
                                            .max_inputs = 3,
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
