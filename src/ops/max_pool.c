/* SPDX-License-Identifier: Apache-2.0 */
/* MaxPool: ONNX MaxPool-1 .. 22.
 *
 * Y[n, c, o] = max over taps t of X[n, c, o * stride + t * dilation - pad], what lies in the
 * padding left out. A window that holds a NaN gives NaN; one that holds nothing gives the least
 * value. X has 1 to 14 spatial axes and is f32, f64, i8 or u8 (f16 and bf16 are widened).
 * Attributes as in opkit/window.h.
 *
 * Output 1 (int64, optional): where the first largest element lies in X, counted over all of X in
 * row-major order, or with storage_order = 1 in column-major order within its plane; -1 for a
 * window that holds nothing. */
#include <math.h>

#include "opkit/index.h"
#include "opkit/pool.h"
#ifdef TENON_TEST_REF
#include "opkit/pool_ref.h"
#endif

typedef struct attrs {
    tenon__window_attrs window;
    bool column_major;
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
    a->column_major = tenon__attr_int(node, "storage_order", 0) != 0;
    return tenon__window_read(node, &a->window, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    switch (c->in[0]->dtype) {
    case TENON_NONE:
    case TENON_F16:
    case TENON_BF16:
    case TENON_F32:
    case TENON_F64:
    case TENON_I8:
    case TENON_U8:
        return tenon__pool_infer(c, &a->window, TENON_I64);
    default:
        return tenon__fail(c->err, TENON_ETYPE,
                           "the input is %s; want a floating-point type, int8 or uint8",
                           tenon_dtype_text(c->in[0]->dtype));
    }
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *p = c->params;
    const bool fast = c->in[0]->dtype != TENON_F64 && c->out_count < 2;
    p->row = tenon__pool_find(c->cpu);
    return tenon__pool_bind(c, &a->window, fast ? 0.2 : 1, &p->pool);
}

typedef struct line {
    const tenon__pool_row *row;
    const void *x; /* the plane */
    void *y;       /* the line */
    int64_t *index;
} line;

static void take_f32(void *ctx, const tenon__pool_tap *t)
{
    const line *l = ctx;
    l->row->max((float *)l->y + t->from, (const float *)l->x + t->at, t->count, t->stride);
}

static void take_u8(void *ctx, const tenon__pool_tap *t)
{
    const line *l = ctx;
    l->row->max_u8((uint8_t *)l->y + t->from, (const uint8_t *)l->x + t->at, t->count, t->stride);
}

static void take_i8(void *ctx, const tenon__pool_tap *t)
{
    const line *l = ctx;
    l->row->max_i8((int8_t *)l->y + t->from, (const int8_t *)l->x + t->at, t->count, t->stride);
}

static void take_f64(void *ctx, const tenon__pool_tap *t)
{
    const line *l = ctx;
    const double *x = (const double *)l->x + t->at;
    double *y = (double *)l->y + t->from;
    for (int64_t i = 0; i < t->count; i++) {
        const double v = x[i * t->stride];
        y[i] = v > y[i] || v != v ? v : y[i];
    }
}

/* With indices, which are offsets in the plane while the line is walked. */
#define TAKE_INDEX(name, type)                                                                     \
    static void index_##name(void *ctx, const tenon__pool_tap *t)                                  \
    {                                                                                              \
        const line *l = ctx;                                                                       \
        const type *x = (const type *)l->x;                                                        \
        type *y = (type *)l->y + t->from;                                                          \
        int64_t *index = l->index + t->from;                                                       \
        for (int64_t i = 0; i < t->count; i++) {                                                   \
            const int64_t at = t->at + i * t->stride;                                              \
            if (index[i] < 0 || x[at] > y[i] || (x[at] != x[at] && y[i] == y[i])) {                \
                y[i] = x[at];                                                                      \
                index[i] = at;                                                                     \
            }                                                                                      \
        }                                                                                          \
    }
TAKE_INDEX(f32, float)
TAKE_INDEX(f64, double)
TAKE_INDEX(i8, int8_t)
TAKE_INDEX(u8, uint8_t)

typedef void (*visit)(void *ctx, const tenon__pool_tap *tap);

static visit visit_of(tenon_dtype dtype, bool index)
{
    switch (dtype) {
    case TENON_F64:
        return index ? index_f64 : take_f64;
    case TENON_I8:
        return index ? index_i8 : take_i8;
    case TENON_U8:
        return index ? index_u8 : take_u8;
    default:
        return index ? index_f32 : take_f32;
    }
}

/* The least value in every element of the line. */
static void start(tenon_dtype dtype, void *y, int64_t n)
{
    if (dtype == TENON_U8) memset(y, 0, (size_t)n);
    if (dtype == TENON_I8) memset(y, INT8_MIN, (size_t)n);
    for (int64_t i = 0; i < n && dtype == TENON_F32; i++)
        ((float *)y)[i] = -INFINITY;
    for (int64_t i = 0; i < n && dtype == TENON_F64; i++)
        ((double *)y)[i] = -(double)INFINITY;
}

/* From offsets in a plane to the places that ONNX counts. */
static void number(const tenon__window *w, bool column_major, int64_t base, int64_t *index,
                   int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (index[i] < 0) continue;
        int64_t at = index[i], place = 0;
        if (column_major) {
            int64_t pos[TENON__MAX_SPATIAL];
            for (int d = w->rank - 1; d >= 0; d--) {
                pos[d] = at % w->axis[d].in;
                at /= w->axis[d].in;
            }
            for (int d = w->rank - 1; d >= 0; d--)
                place = place * w->axis[d].in + pos[d];
            at = place;
        }
        index[i] = base + at;
    }
}

static bool has_index(const tenon__run *r)
{
    return r->out_count > 1 && r->node->outputs[1] != TENON__NO_VALUE;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *params_ = r->params;
    const tenon__pool_params *p = &params_->pool;
    if (p->blocked) {
        tenon__pool_run_blocked(r, p, params_->row, TENON__POOL_MAX, false);
        return TENON_OK;
    }
    const tenon_dtype dtype = r->in[0]->dtype;
    const int64_t bytes = tenon_dtype_bits(dtype) / 8, height = p->plane_out / p->line;
    const bool index = has_index(r);
    const visit fn = visit_of(dtype, index);
    int64_t from, to;
    tenon__pool_lines(p, r->tile, &from, &to);
    for (int64_t i = from; i < to; i++) {
        const int64_t base = i / height * p->plane_in;
        line l = {.row = params_->row,
                  .x = (const uint8_t *)r->in[0]->data + base * bytes,
                  .y = (uint8_t *)r->out[0]->data + i * p->line * bytes};
        if (p->whole && dtype == TENON_F32 && !index) {
            *(float *)l.y = l.row->max_of(l.x, p->plane_in);
            continue;
        }
        start(dtype, l.y, p->line);
        if (index) {
            l.index = (int64_t *)r->out[1]->data + i * p->line;
            for (int64_t k = 0; k < p->line; k++)
                l.index[k] = -1;
        }
        tenon__pool_walk(p, i, fn, &l);
        if (index) number(&p->window, a->column_major, base, l.index, p->line);
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
        int64_t where, plane = i / p->plane_out;
        double v = pool_ref_one(p, r->in[0]->dtype, r->in[0]->data, plane, i % p->plane_out,
                                TENON__POOL_MAX, false, 1, &where);
        pool_ref_store(r->out[0], i, v);
        if (!has_index(r)) continue;
        number(&p->window, a->column_major, plane * p->plane_in, &where, 1);
        ((int64_t *)r->out[1]->data)[i] = where;
    }
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "MaxPool", 1, 0, NULL}, {0}};

const tenon__op tenon__op_max_pool = {.name = "MaxPool",
                                      .doc = "The largest element under a sliding window",
                                      .min_inputs = 1,
                                      .max_inputs = 1,
                                      .min_outputs = 1,
                                      .max_outputs = 2,
                                      .flags = TENON__OP_WIDEN,
                                      .accuracy = TENON__EXACT,
                                      .imports = imports,
                                      .attrs_bytes = sizeof(attrs),
                                      .params_bytes = sizeof(params),
                                      .read = read,
                                      .infer = infer,
                                      .bind = bind,
                                      .run = run,
                                      .blocked = blocked,
                                      TENON__REF(ref)};
