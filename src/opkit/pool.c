/* SPDX-License-Identifier: Apache-2.0 */
/* A tile is a number of output lines (the last axis of one plane). Lines of f32 are pooled tap by tap over vectors; other types,
 * LpPool's odd powers and positions of maxima take the plain way, element by element. */
#include "opkit/pool.h"

#include <math.h>

#include "tensor/convert.h"

#define TAP_NS 0.1 /* of one tap of one element */

/* ---- shapes ----------------------------------------------------------------------------------------------------- */

tenon_status tenon__pool_infer(tenon__infer *c)
{
    const tenon__pool_attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    tenon__window w;
    int64_t dims[TENON_MAX_RANK];
    bool bytes = x->dtype == TENON_I8 || x->dtype == TENON_U8, real = x->dtype == TENON_F32 || x->dtype == TENON_F64;
    bool widened = x->dtype == TENON_F16 || x->dtype == TENON_BF16 || x->dtype == TENON_NONE;
    if (!real && !widened && !(bytes && a->kind == TENON__POOL_MAX))
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; want a floating-point type%s", tenon_dtype_text(x->dtype),
                           a->kind == TENON__POOL_MAX ? ", int8 or uint8" : "");
    c->out[0]->dtype = x->dtype;
    if (c->out_count > 1) c->out[1]->dtype = TENON_I64;
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    tenon_status st = tenon__window_rank(c, 3);
    if (st) return st;
    st = tenon__window_fit(&a->window, x->rank - 2, x->dims + 2, NULL, &w, c->err);
    if (st) return st;
    dims[0] = x->dims[0];
    dims[1] = x->dims[1];
    for (int i = 0; i < w.rank; i++)
        dims[2 + i] = w.axis[i].out;
    tenon__infer_set(c, 0, x->dtype, x->rank, dims);
    if (c->out_count > 1) tenon__infer_set(c, 1, TENON_I64, x->rank, dims);
    c->out[0]->layout = x->layout;
    return TENON_OK;
}

int tenon__pool_blocked(const tenon__node *node, const void *attrs, const tenon__view *const *in, uint32_t in_count,
                        tenon__cpu_bits cpu)
{
    const tenon__pool_attrs *a = attrs;
    (void)in_count;
    (void)cpu;
    return in[0]->rank == 4 && in[0]->dtype == TENON_F32 && node->output_count == 1 && (a->kind != TENON__POOL_LP2 || a->p == 2);
}

tenon_status tenon__pool_bind(tenon__bind *c)
{
    const tenon__pool_attrs *a = c->attrs;
    tenon__pool_params *p = c->params;
    const tenon__view *x = c->in[0];
    tenon_status st = tenon__window_fit(&a->window, x->rank - 2, x->dims + 2, NULL, &p->window, c->err);
    if (st) return st;
    double taps = 1;
    p->row = tenon__pool_find(c->cpu);
    p->blocked = x->layout == TENON__C16;
    p->planes = x->dims[0] * (p->blocked ? (x->dims[1] + TENON__BLOCK - 1) / TENON__BLOCK : x->dims[1]);
    p->lines = p->in_plane = 1;
    for (int i = 0; i < p->window.rank; i++) {
        taps *= (double)p->window.axis[i].kernel;
        p->in_plane *= p->window.axis[i].in;
        if (i + 1 < p->window.rank) p->lines *= p->window.axis[i].out;
    }
    int64_t width = p->window.axis[p->window.rank - 1].out, all;
    if (!tenon__mul_i64(p->planes, p->lines, &all)) return tenon__fail(c->err, TENON_ELIMIT, "the output is too large");
    if (!width) all = 0;
    c->tiles = tenon__tiles(all, (double)width * taps * TAP_NS * (p->blocked ? 8 : 1), &p->per_tile);
    c->scratch_bytes = p->blocked ? (size_t)width * sizeof(float) : 0;
    return TENON_OK;
}

/* ---- one line --------------------------------------------------------------------------------------------------- */

typedef struct line {
    int64_t plane;
    int64_t at[TENON__MAX_SPATIAL];                            /* output position on all axes but the last */
    int64_t from[TENON__MAX_SPATIAL], to[TENON__MAX_SPATIAL];  /* taps inside, likewise */
    int64_t counted;                                           /* taps that an average counts, likewise */
} line;

/* Taps that lie inside the padded extent: what an average that includes pads divides by. */
static int64_t padded_taps(const tenon__window_axis *x, int64_t o)
{
    int64_t room = x->in + x->before + x->after - o * x->stride;
    if (room <= 0) return 0;
    int64_t n = (room - 1) / x->dilation + 1;
    return n < x->kernel ? n : x->kernel;
}

static int64_t counted_taps(const tenon__pool_attrs *a, const tenon__window_axis *x, int64_t o)
{
    int64_t from, to;
    if (a->include_pad) return padded_taps(x, o);
    tenon__window_taps(x, o, &from, &to);
    return to - from;
}

static line line_at(const tenon__pool_attrs *a, const tenon__pool_params *p, int64_t index)
{
    line l = {.plane = index / p->lines, .counted = 1};
    int64_t rest = index % p->lines;
    for (int i = p->window.rank - 2; i >= 0; i--) {
        const tenon__window_axis *x = &p->window.axis[i];
        l.at[i] = rest % x->out;
        rest /= x->out;
        tenon__window_taps(x, l.at[i], &l.from[i], &l.to[i]);
        l.counted *= counted_taps(a, x, l.at[i]);
    }
    return l;
}

/* Walks the input lines under a window: *offset of the next one in its plane. Start with tap[] = from[]. */
static bool line_offset(const tenon__pool_params *p, const line *l, int64_t *tap, bool first, int64_t *offset)
{
    int last = p->window.rank - 1;
    for (int i = 0; i < last; i++)
        if (l->from[i] >= l->to[i]) return false;
    if (!first) {
        int i = last - 1;
        for (; i >= 0; i--) {
            if (++tap[i] < l->to[i]) break;
            tap[i] = l->from[i];
        }
        if (i < 0) return false;
    }
    *offset = 0;
    for (int i = 0; i < last; i++) {
        const tenon__window_axis *x = &p->window.axis[i];
        *offset = *offset * x->in + l->at[i] * x->stride - x->before + tap[i] * x->dilation;
    }
    *offset *= p->window.axis[last].in;
    return true;
}

/* Output positions [*low, *high) whose tap t lies inside. */
static void inside(const tenon__window_axis *x, int64_t t, int64_t *low, int64_t *high)
{
    int64_t shift = t * x->dilation - x->before; /* input = o * stride + shift */
    *low = shift < 0 ? (-shift + x->stride - 1) / x->stride : 0;
    *high = shift >= x->in ? 0 : (x->in - 1 - shift) / x->stride + 1;
    if (*high > x->out) *high = x->out;
    if (*low > *high) *low = *high;
}

static void scale_line(const tenon__pool_attrs *a, const tenon__pool_params *p, const line *l, float *y)
{
    const tenon__window_axis *x = &p->window.axis[p->window.rank - 1];
    for (int64_t o = 0; o < x->out; o++) {
        int64_t n = l->counted * counted_taps(a, x, o);
        y[o] = n ? y[o] / (float)n : 0;
    }
}

static void run_line(const tenon__pool_attrs *a, const tenon__pool_params *p, const float *src, const line *l, float *y)
{
    const tenon__window_axis *x = &p->window.axis[p->window.rank - 1];
    bool max = a->kind == TENON__POOL_MAX;
    int64_t tap[TENON__MAX_SPATIAL], offset;
    for (int64_t o = 0; o < x->out; o++)
        y[o] = max ? -INFINITY : 0;
    memcpy(tap, l->from, sizeof tap);
    for (bool first = true; line_offset(p, l, tap, first, &offset); first = false)
        for (int64_t t = 0; t < x->kernel; t++) {
            int64_t low, high;
            inside(x, t, &low, &high);
            if (low >= high) continue;
            const float *from = src + offset + low * x->stride + t * x->dilation - x->before;
            (max ? p->row->max : p->row->add)(y + low, from, high - low, x->stride);
        }
    if (!max) scale_line(a, p, l, y);
}

/* ---- element by element ----------------------------------------------------------------------------------------- */

static double start_of(const tenon__pool_attrs *a)
{
    return a->kind == TENON__POOL_MAX ? -INFINITY : 0;
}

/* Column-major counts the first spatial axis fastest. */
static int64_t index_of(const tenon__pool_attrs *a, const tenon__pool_params *p, const int64_t *pos)
{
    int64_t at = 0, n = p->window.rank;
    for (int64_t i = 0; i < n; i++) {
        int64_t k = a->column_major ? n - 1 - i : i;
        at = at * p->window.axis[k].in + pos[k];
    }
    return at;
}

static void put(tenon_dtype dtype, void *data, int64_t at, double v)
{
    switch (dtype) {
    case TENON_F64: ((double *)data)[at] = v; break;
    case TENON_F32: ((float *)data)[at] = (float)v; break;
    case TENON_U8: ((uint8_t *)data)[at] = v < 0 ? 0 : (uint8_t)v; break;
    default: ((int8_t *)data)[at] = v < -128 ? -128 : (int8_t)v; break;
    }
}

static void run_element(const tenon__run *r, const line *l, int64_t o, int64_t at)
{
    const tenon__pool_attrs *a = r->attrs;
    const tenon__pool_params *p = r->params;
    const tenon__window_axis *x = &p->window.axis[p->window.rank - 1];
    int64_t tap[TENON__MAX_SPATIAL], pos[TENON__MAX_SPATIAL], offset, low, high, best = 0;
    double v = start_of(a);
    tenon__window_taps(x, o, &low, &high);
    memcpy(tap, l->from, sizeof tap);
    for (bool first = true; line_offset(p, l, tap, first, &offset); first = false)
        for (int64_t t = low; t < high; t++) {
            int64_t column = o * x->stride - x->before + t * x->dilation;
            double e = tenon__get_f64(r->in[0]->dtype, r->in[0]->data, (size_t)(l->plane * p->in_plane + offset + column));
            if (a->kind == TENON__POOL_AVERAGE) v += e;
            else if (a->kind != TENON__POOL_MAX) v += pow(fabs(e), a->p);
            else if (e > v || e != e || (v == -INFINITY && e == v)) {
                v = e;
                for (int i = 0; i + 1 < p->window.rank; i++)
                    pos[i] = l->at[i] * p->window.axis[i].stride - p->window.axis[i].before + tap[i] * p->window.axis[i].dilation;
                pos[p->window.rank - 1] = column;
                best = index_of(a, p, pos);
            }
        }
    int64_t n = l->counted * counted_taps(a, x, o);
    if (a->kind == TENON__POOL_AVERAGE) v = n ? v / (double)n : 0;
    else if (a->kind != TENON__POOL_MAX) v = pow(v, 1 / a->p);
    put(r->out[0]->dtype, r->out[0]->data, at, v);
    if (r->out_count > 1) ((int64_t *)r->out[1]->data)[at] = l->plane * p->in_plane + best;
}

/* ---- blocks of channels ----------------------------------------------------------------------------------------- */

static void run_strip(const tenon__run *r, const line *l, int64_t index)
{
    const tenon__pool_attrs *a = r->attrs;
    const tenon__pool_params *p = r->params;
    const tenon__window_axis *h = &p->window.axis[0], *w = &p->window.axis[1];
    float *scale = r->scratch;
    int64_t top = l->at[0] * h->stride - h->before;
    for (int64_t o = 0; o < w->out && a->kind == TENON__POOL_AVERAGE; o++) {
        int64_t n = l->counted * counted_taps(a, w, o);
        scale[o] = n ? 1.0f / (float)n : 0;
    }
    tenon__pool_strip s = {
        .kind = a->kind,
        .x = (const float *)r->in[0]->data + l->plane * p->in_plane * TENON__BLOCK,
        .y = (float *)r->out[0]->data + index * w->out * TENON__BLOCK,
        .width = w->in,
        .count = w->out,
        .row_from = top + l->from[0] * h->dilation,
        .row_to = l->from[0] < l->to[0] ? top + (l->to[0] - 1) * h->dilation + 1 : top + l->from[0] * h->dilation,
        .row_step = h->dilation,
        .taps = w->kernel,
        .step = w->stride,
        .first = -w->before,
        .delta = w->dilation,
        .scale = a->kind == TENON__POOL_AVERAGE ? scale : NULL,
    };
    p->row->strip(&s);
}

tenon_status tenon__pool_run(const tenon__run *r)
{
    const tenon__pool_attrs *a = r->attrs;
    const tenon__pool_params *p = r->params;
    int64_t width = p->window.axis[p->window.rank - 1].out;
    int64_t begin = r->tile * p->per_tile, end = begin + p->per_tile;
    bool lines = r->in[0]->dtype == TENON_F32 && r->out_count == 1 && (a->kind == TENON__POOL_MAX || a->kind == TENON__POOL_AVERAGE);
    if (end > p->planes * p->lines) end = p->planes * p->lines;
    for (int64_t i = begin; i < end; i++) {
        line l = line_at(a, p, i);
        if (p->blocked) {
            run_strip(r, &l, i);
        } else if (lines) {
            run_line(a, p, (const float *)r->in[0]->data + l.plane * p->in_plane, &l, (float *)r->out[0]->data + i * width);
        } else {
            for (int64_t o = 0; o < width; o++)
                run_element(r, &l, o, i * width + o);
        }
    }
    return TENON_OK;
}

/* ---- the whole plane -------------------------------------------------------------------------------------------- */

tenon_status tenon__global_pool_infer(tenon__infer *c)
{
    const tenon__view *x = c->in[0];
    int64_t dims[TENON_MAX_RANK];
    bool real = x->dtype == TENON_F32 || x->dtype == TENON_F64 || x->dtype == TENON_F16 || x->dtype == TENON_BF16;
    if (!real && x->dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; want a floating-point type", tenon_dtype_text(x->dtype));
    c->out[0]->dtype = x->dtype;
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    tenon_status st = tenon__window_rank(c, 3);
    if (st) return st;
    for (int i = 0; i < x->rank; i++)
        dims[i] = i < 2 ? x->dims[i] : 1;
    tenon__infer_set(c, 0, x->dtype, x->rank, dims);
    c->out[0]->layout = x->layout;
    return TENON_OK;
}

tenon_status tenon__global_pool_bind(tenon__bind *c)
{
    tenon__pool_params *p = c->params;
    const tenon__view *x = c->in[0];
    p->row = tenon__pool_find(c->cpu);
    p->blocked = x->layout == TENON__C16;
    p->planes = x->dims[0] * (p->blocked ? (x->dims[1] + TENON__BLOCK - 1) / TENON__BLOCK : x->dims[1]);
    p->in_plane = tenon__dims_product(x->dims, 2, x->rank);
    c->tiles = tenon__tiles(p->planes, (double)p->in_plane * TAP_NS * (p->blocked ? 8 : 1) + 2, &p->per_tile);
    return TENON_OK;
}

static double pool_plane(const tenon__pool_attrs *a, const tenon__run *r, int64_t plane, int64_t n)
{
    double v = start_of(a);
    for (int64_t i = 0; i < n; i++) {
        double e = tenon__get_f64(r->in[0]->dtype, r->in[0]->data, (size_t)(plane * n + i));
        if (a->kind == TENON__POOL_MAX) v = e > v || e != e ? e : v;
        else v += a->kind == TENON__POOL_AVERAGE ? e : pow(fabs(e), a->p);
    }
    return a->kind == TENON__POOL_AVERAGE ? v / (double)n : a->kind == TENON__POOL_MAX ? v : pow(v, 1 / a->p);
}

static void global_block(const tenon__pool_attrs *a, const tenon__pool_params *p, const float *x, float *y)
{
    if (a->kind == TENON__POOL_MAX) {
        p->row->max_of_block(x, p->in_plane, y);
        return;
    }
    p->row->sum_of_block(x, p->in_plane, y);
    for (int i = 0; i < TENON__BLOCK; i++)
        y[i] /= (float)p->in_plane;
}

tenon_status tenon__global_pool_run(const tenon__run *r)
{
    const tenon__pool_attrs *a = r->attrs;
    const tenon__pool_params *p = r->params;
    int64_t begin = r->tile * p->per_tile, end = begin + p->per_tile;
    bool lines = r->in[0]->dtype == TENON_F32 && p->in_plane > 0 && (a->kind == TENON__POOL_MAX || a->kind == TENON__POOL_AVERAGE);
    const float *x = r->in[0]->data;
    float *y = r->out[0]->data;
    if (end > p->planes) end = p->planes;
    for (int64_t i = begin; i < end; i++) {
        if (p->blocked) global_block(a, p, x + i * p->in_plane * TENON__BLOCK, y + i * TENON__BLOCK);
        else if (!lines) put(r->out[0]->dtype, r->out[0]->data, i, pool_plane(a, r, i, p->in_plane));
        else if (a->kind == TENON__POOL_MAX) y[i] = p->row->max_of(x + i * p->in_plane, p->in_plane);
        else y[i] = p->row->sum_of(x + i * p->in_plane, p->in_plane) / (float)p->in_plane;
    }
    return TENON_OK;
}
