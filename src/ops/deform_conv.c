/* SPDX-License-Identifier: Apache-2.0 */
/* DeformConv: ONNX DeformConv-19 .. 22.
 *
 * As Conv, but each tap reads X at its place plus an offset, between elements by (multi)linear
 * interpolation, what lies outside being zero: Y[n, m, o] = B[m] + sum over c, t of W[m, c, t] *
 * mask[n, g, t, o] * X[n, c, o * stride + t * dilation - pad + offset[n, g, t, :, o]], g being c's
 * offset group.
 *
 * X [N, C, D1, ...], W [M, C / group, k1, ...], offset [N, offset_group * taps * axes, o1, ...], B
 * [M] (optional), mask [N, offset_group * taps, o1, ...] (optional); f32 or f64 (f16 and bf16 are
 * widened); 1 to 4 spatial axes. Attributes strides, dilations, pads as in opkit/window.h, group,
 * offset_group. */
#include <math.h>

#include "opkit/convolve.h"
#include "opkit/index.h"
#include "tensor/convert.h"

#define MAX_AXES    4
#define MAX_CORNERS (1 << MAX_AXES)

enum { X, W, OFFSET, BIAS, MASK };

typedef struct attrs {
    tenon__convolve_attrs conv;
    int64_t offset_group;
} attrs;

typedef struct prepared {
    const tenon__conv_row *row;
    bool packed;
    int64_t pack_panels;
} prepared;

typedef struct params {
    tenon__convolve_shape shape;
    int64_t taps, plane, positions, k;
    int64_t blocks; /* of row->cols positions in a plane */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    tenon_status st = tenon__convolve_read(node, &a->conv, err);
    if (st) return st;
    a->offset_group = tenon__attr_int(node, "offset_group", 1);
    if (a->offset_group < 1 || a->offset_group > INT32_MAX)
        return tenon__fail(err, TENON_EFORMAT, "offset_group is %lld; want 1 or more",
                           (long long)a->offset_group);
    return TENON_OK;
}

/* Input i is [N, per_position, o1, ...]. */
static tenon_status check_field(const tenon__infer *c, uint32_t i, const char *what,
                                int64_t per_position)
{
    const tenon__view *v = TENON__HAS(c, i) ? c->in[i] : NULL, *y = c->out[0];
    if (!v || v->rank == TENON__RANK_UNKNOWN) return TENON_OK;
    bool fits = v->rank == y->rank && tenon__dim_agrees(v->dims[0], y->dims[0]) &&
                tenon__dim_agrees(v->dims[1], per_position);
    for (int d = 2; fits && d < y->rank; d++)
        fits = tenon__dim_agrees(v->dims[d], y->dims[d]);
    if (fits) return TENON_OK;
    char text[160];
    return tenon__fail(c->err, TENON_ESHAPE,
                       "%s is %s; want [batch, %lld, ...] over the output's positions", what,
                       tenon__view_print(v, text, sizeof text), (long long)per_position);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon_dtype d = c->in[X]->dtype;
    tenon__convolve_shape s;
    bool known;
    tenon_status st;
    if (d != TENON_NONE && d != TENON_F16 && d != TENON_BF16 && d != TENON_F32 && d != TENON_F64)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; want a floating-point type",
                           tenon_dtype_text(d));
    for (uint32_t i = 1; i < c->in_count; i++)
        if (TENON__HAS(c, i) && (st = tenon__check_same(c, 0, i))) return st;
    if ((st = tenon__convolve_infer(c, &a->conv, X, W, BIAS, d, &s, &known)) || !known) return st;
    if (s.window.rank > MAX_AXES)
        return tenon__fail(c->err, TENON_EUNSUPPORTED, "%d spatial axes; at most %d are supported",
                           s.window.rank, MAX_AXES);
    const int64_t channels = c->in[X]->dims[1];
    if (channels >= 0 && channels % a->offset_group)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "%lld channels do not divide into %lld offset groups",
                           (long long)channels, (long long)a->offset_group);
    int64_t each = a->offset_group;
    for (int i = 0; i < s.window.rank; i++)
        each = tenon__dim_mul(each, s.window.axis[i].kernel);
    if ((st = check_field(c, MASK, "the mask", each))) return st;
    return check_field(c, OFFSET, "the offset", tenon__dim_mul(each, s.window.rank));
}

static tenon_status fit_weights(const tenon__convolve_attrs *a, const tenon__view *w,
                                tenon__convolve_shape *s, tenon_error *err)
{
    tenon__view x = {.rank = w->rank};
    for (int i = 0; i < w->rank; i++)
        x.dims[i] = TENON__DIM_UNKNOWN;
    return tenon__convolve_fit(a, &x, w, s, err);
}

static tenon_status pack(const tenon__pack *p)
{
    const attrs *a = p->attrs;
    const prepared *pre = p->prepared;
    tenon__convolve_shape s;
    tenon_status st = fit_weights(&a->conv, p->in[W], &s, p->err);
    if (st) return st;
    tenon__convolve_pack(pre->row, &s, p->in[W]->data, NULL, pre->pack_panels, p->tile, p->dst);
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    const attrs *a = c->attrs;
    prepared *pre = c->prepared;
    const tenon__view *w = c->in[W];
    tenon__convolve_shape s;
    pre->row = tenon__conv_find(c->cpu);
    c->kernel = pre->row->name;
    if (w->dtype != TENON_F32 || !w->known || !w->data) return TENON_OK;
    tenon_status st = fit_weights(&a->conv, w, &s, c->err);
    if (st) return st;
    pre->packed = true;
    c->packed[0].size_bytes = (size_t)tenon__view_count(w) * sizeof(float);
    c->packed[0].tiles = tenon__convolve_pack_tiles(pre->row, &s, &pre->pack_panels);
    c->packed[0].pack = pack;
    c->packed[0].input = W;
    c->packed[0].variant = (uint64_t)pre->row->rows << 32 | (uint64_t)a->conv.group;
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const prepared *pre = c->prepared;
    params *p = c->params;
    tenon_status st = tenon__convolve_fit(&a->conv, c->in[X], c->in[W], &p->shape, c->err);
    if (st) return st;
    p->plane = p->positions = p->taps = 1;
    for (int i = 0; i < p->shape.window.rank; i++) {
        p->plane *= p->shape.window.axis[i].in;
        p->positions *= p->shape.window.axis[i].out;
        p->taps *= p->shape.window.axis[i].kernel;
    }
    p->k = p->shape.channels * p->taps;
    p->blocks = (p->positions + pre->row->cols - 1) / pre->row->cols;
    int64_t tiles;
    if (!tenon__mul_i64(p->shape.batch * p->shape.group, p->blocks, &tiles) || tiles > UINT32_MAX ||
        !tenon__mul((size_t)p->k, (size_t)pre->row->cols * sizeof(double), &c->scratch_bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "the convolution is too large");
    c->tiles = p->shape.outputs ? (uint32_t)tiles : 0;
    c->flops = 2.0 * (double)(p->shape.batch * p->shape.group) * (double)p->positions *
               (double)p->shape.outputs * (double)p->k;
    return TENON_OK;
}

/* ---- sampling ---- */

/* The elements around a point and their shares; what lies outside is left out. */
typedef struct sample {
    int count;
    int64_t at[MAX_CORNERS];
    double share[MAX_CORNERS];
} sample;

static double number(const tenon__view *v, int64_t at)
{
    return v->dtype == TENON_F64 ? ((const double *)v->data)[at]
                                 : (double)((const float *)v->data)[at];
}

/* Tap t of position o for offset group g of batch n. */
static sample sample_of(const tenon__run *r, const params *p, int64_t n, int64_t g, int64_t t,
                        int64_t o)
{
    const attrs *a = r->attrs;
    const tenon__window *w = &p->shape.window;
    int64_t low[MAX_AXES], rest = o, tap = t;
    double part[MAX_AXES];
    const int64_t field = (n * a->offset_group + g) * p->taps + t;
    for (int i = w->rank - 1; i >= 0; i--) {
        const tenon__window_axis *x = &w->axis[i];
        double pos =
            (double)(rest % x->out * x->stride + tap % x->kernel * x->dilation - x->before) +
            number(r->in[OFFSET], (field * w->rank + i) * p->positions + o);
        rest /= x->out;
        tap /= x->kernel;
        if (!(pos > -1 && pos < (double)x->in)) return (sample){0}; /* NaN too */
        low[i] = (int64_t)floor(pos);
        part[i] = pos - floor(pos);
    }
    sample s = {0};
    const double scale = TENON__HAS(r, MASK) ? number(r->in[MASK], field * p->positions + o) : 1;
    for (int corner = 0; corner < 1 << w->rank; corner++) {
        int64_t at = 0;
        double share = scale;
        bool inside = true;
        for (int i = 0; i < w->rank; i++) {
            const bool high = corner >> i & 1;
            const int64_t pos = low[i] + high;
            share *= high ? part[i] : 1 - part[i];
            inside = inside && pos >= 0 && pos < w->axis[i].in && (!high || part[i] > 0);
            at = at * w->axis[i].in + pos;
        }
        if (!inside) continue;
        s.at[s.count] = at;
        s.share[s.count++] = share;
    }
    return s;
}

/* The sampled input under positions [from, from + cols) of one plane, as [k][width]. */
static void sample_panel(const tenon__run *r, const params *p, int64_t plane, int64_t from,
                         int64_t cols, int64_t width, bool f64, void *panel)
{
    const attrs *a = r->attrs;
    const tenon__convolve_shape *s = &p->shape;
    const int64_t n = plane / s->group, first = plane % s->group * s->channels;
    const int64_t each = s->channels * s->group / a->offset_group; /* channels of an offset group */
    memset(panel, 0, (size_t)(p->k * width) * (f64 ? sizeof(double) : sizeof(float)));
    for (int64_t c = 0; c < s->channels;) {
        const int64_t g = (first + c) / each;
        int64_t end = (g + 1) * each - first;
        if (end > s->channels) end = s->channels;
        for (int64_t t = 0; t < p->taps; t++)
            for (int64_t j = 0; j < cols; j++) {
                const sample at = sample_of(r, p, n, g, t, from + j);
                for (int64_t i = c; i < end; i++) {
                    double sum = 0;
                    for (int q = 0; q < at.count; q++)
                        sum += at.share[q] *
                               number(r->in[X], (plane * s->channels + i) * p->plane + at.at[q]);
                    const int64_t to = (i * p->taps + t) * width + j;
                    if (f64)
                        ((double *)panel)[to] = sum;
                    else
                        ((float *)panel)[to] = (float)sum;
                }
            }
        c = end;
    }
}

/* Sums in double against weights as they lie. */
static void multiply(const tenon__run *r, const params *p, int64_t plane, int64_t from,
                     int64_t cols, int64_t width, const double *panel)
{
    const tenon__convolve_shape *s = &p->shape;
    const int64_t first = plane % s->group * s->outputs;
    for (int64_t o = 0; o < s->outputs; o++)
        for (int64_t j = 0; j < cols; j++) {
            double sum = TENON__HAS(r, BIAS) ? number(r->in[BIAS], first + o) : 0;
            for (int64_t k = 0; k < p->k; k++)
                sum += panel[k * width + j] * number(r->in[W], (first + o) * p->k + k);
            const int64_t to = (plane * s->outputs + o) * p->positions + from + j;
            if (r->out[0]->dtype == TENON_F64)
                ((double *)r->out[0]->data)[to] = sum;
            else
                ((float *)r->out[0]->data)[to] = (float)sum;
        }
}

static tenon_status run(const tenon__run *r)
{
    const prepared *pre = r->prepared;
    const params *p = r->params;
    const tenon__convolve_shape *s = &p->shape;
    const tenon__conv_row *row = pre->row;
    const int64_t plane = r->tile / p->blocks, from = r->tile % p->blocks * row->cols;
    const int64_t cols = p->positions - from < row->cols ? p->positions - from : row->cols;
    const int64_t first = plane % s->group * s->outputs;
    sample_panel(r, p, plane, from, cols, row->cols, !pre->packed, r->scratch);
    if (!pre->packed) {
        multiply(r, p, plane, from, cols, row->cols, r->scratch);
        return TENON_OK;
    }
    for (int64_t o = 0; o < s->outputs; o += row->rows) {
        const int64_t rows = s->outputs - o < row->rows ? s->outputs - o : row->rows;
        const tenon__conv_panel panel = {
            .k = p->k,
            .cols = cols,
            .w = (const float *)r->packed[0] + (first + o) * p->k,
            .b = r->scratch,
            .b_row = row->cols,
            .y = (float *)r->out[0]->data + (plane * s->outputs + o) * p->positions + from,
            .bias = TENON__HAS(r, BIAS) ? (const float *)r->in[BIAS]->data + first + o : NULL,
            .stride = p->positions,
            .first = true,
            .last = true,
            .low = -INFINITY,
            .high = INFINITY,
        };
        row->panel[rows - 1](&panel);
    }
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const params *p = r->params;
    const tenon__convolve_shape *s = &p->shape;
    for (int64_t plane = 0; plane < s->batch * s->group; plane++)
        for (int64_t o = 0; o < p->positions; o++) {
            sample_panel(r, p, plane, o, 1, 1, true, r->scratch);
            multiply(r, p, plane, o, 1, 1, r->scratch);
        }
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "DeformConv", 19, 0, NULL}, {0}};

const tenon__op tenon__op_deform_conv = {.name = "DeformConv",
                                         .doc = "Convolution whose taps are moved by offsets",
                                         .min_inputs = 3,
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
                                         .run = run,
                                         TENON__REF(ref)};
