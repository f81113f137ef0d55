/* SPDX-License-Identifier: Apache-2.0 */
/* Batched matrix products of bytes for operators: see qmatmul.h. */
#include "opkit/qmatmul.h"

#include "tensor/convert.h"

#define PACK_NS 0.1
#define READ_NS 0.04 /* a byte */
#define LINE    64

/* ---- infer ---------------------------------------------------------------------------------- */

static tenon_status check_bytes(tenon__infer *c, const tenon__view *v, const tenon__view *zero,
                                char name)
{
    const tenon_dtype dtype = v->dtype;
    if (dtype != TENON_NONE && dtype != TENON_U8 && dtype != TENON_I8)
        return tenon__fail(c->err, TENON_ETYPE, "%c is %s; it must be int8 or uint8", name,
                           tenon_dtype_text(dtype));
    if (zero && zero->dtype != TENON_NONE && dtype != TENON_NONE && zero->dtype != dtype)
        return tenon__fail(c->err, TENON_ETYPE,
                           "%c is %s and its zero point %s; they must be the same", name,
                           tenon_dtype_text(dtype), tenon_dtype_text(zero->dtype));
    return TENON_OK;
}

static tenon_status check_scale(tenon__infer *c, const tenon__view *scale, const char *name)
{
    if (scale && scale->dtype != TENON_NONE && scale->dtype != TENON_F32)
        return tenon__fail(c->err, TENON_ETYPE, "the scale of %s is %s; it must be a float", name,
                           tenon_dtype_text(scale->dtype));
    return TENON_OK;
}

/* A matrix turned, where that is asked for and known. */
static tenon_status turned(tenon__infer *c, const tenon__view *v, bool turn, tenon__view *out)
{
    *out = *v;
    if (!turn || v->rank < 0) return TENON_OK;
    if (v->rank != 2)
        return tenon__fail(c->err, TENON_ESHAPE, "a matrix to turn has rank %d; it must be 2",
                           v->rank);
    out->dims[0] = v->dims[1];
    out->dims[1] = v->dims[0];
    return TENON_OK;
}

tenon_status tenon__qmatmul_infer(tenon__infer *c, const tenon__qmatmul_operands *o,
                                  tenon_dtype dtype)
{
    tenon__view a, b;
    tenon_status st = check_bytes(c, o->a, o->a_zero, 'A');
    if (!st) st = check_bytes(c, o->b, o->b_zero, 'B');
    if (!st) st = check_scale(c, o->a_scale, "A");
    if (!st) st = check_scale(c, o->b_scale, "B");
    if (!st) st = check_scale(c, o->y_scale, "Y");
    if (!st) st = turned(c, o->a, o->turn_a, &a);
    if (!st) st = turned(c, o->b, o->turn_b, &b);
    if (st) return st;
    if (o->bias && o->bias->dtype != TENON_NONE && o->bias->dtype != TENON_I32)
        return tenon__fail(c->err, TENON_ETYPE, "C is %s; it must be int32",
                           tenon_dtype_text(o->bias->dtype));
    return tenon__matmul_infer(c, &a, &b, dtype);
}

/* ---- prepare -------------------------------------------------------------------------------- */

typedef struct packing {
    const tenon__qgemm_row *row;
    tenon__qgemm_pack pack; /* of matrix 0 */
    int64_t matrix;         /* bytes between matrices of B */
    size_t packed;          /* and packed ones */
} packing;

static void pack_some(void *ctx, int64_t matrix, int64_t first, int64_t count)
{
    const packing *x = ctx;
    tenon__qgemm_pack p = x->pack;
    p.b = (const uint8_t *)p.b + matrix * x->matrix;
    p.dst = (uint8_t *)p.dst + (size_t)matrix * x->packed;
    p.first = first;
    p.count = count;
    x->row->pack(&p);
}

static tenon_status pack(const tenon__pack *c)
{
    const tenon__qmatmul_prepared *p = c->prepared;
    const tenon__view *b = c->in[p->input];
    const int64_t panels = tenon__qgemm_panels(p->row, p->n);
    packing x = {.row = p->row,
                 .pack = {.b = b->data,
                          .is_signed = b->dtype == TENON_I8,
                          .row = p->b_row,
                          .col = p->b_col,
                          .k = p->k,
                          .n = p->n,
                          .dst = c->dst},
                 .matrix = p->k * p->n,
                 .packed = p->panel_bytes * (size_t)panels};
    tenon__matmul_walk_panels(panels * p->count, panels, p->per_tile, c->tile, pack_some, &x);
    return TENON_OK;
}

tenon_status tenon__qmatmul_prepare(tenon__prepare *c, const tenon__qmatmul_operands *o,
                                    uint32_t input)
{
    tenon__qmatmul_prepared *p = c->prepared;
    const tenon__view *b = o->b;
    p->row = tenon__qgemm_choose(c->cpu);
    p->input = input;
    c->kernel = p->row->name;
    if (!b->known || b->rank < 1) return TENON_OK;
    const bool column = b->rank == 1;
    p->k = b->dims[column ? 0 : b->rank - (o->turn_b ? 1 : 2)];
    p->n = column ? 1 : b->dims[b->rank - (o->turn_b ? 2 : 1)];
    p->b_row = o->turn_b ? 1 : p->n;
    p->b_col = o->turn_b ? p->k : 1;
    p->count = column ? 1 : tenon__dims_product(b->dims, 0, b->rank - 2);
    if (p->k == 0 || p->n == 0 || p->count == 0) return TENON_OK;

    const int64_t panels = tenon__qgemm_panels(p->row, p->n);
    size_t bytes = 0;
    int64_t total;
    if (!tenon__qgemm_panel_bytes(p->row, p->k, &p->panel_bytes) ||
        !tenon__mul_i64(panels, p->count, &total) ||
        !tenon__mul(p->panel_bytes, (size_t)total, &bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "B of %lld x %lld is too large", (long long)p->k,
                           (long long)p->n);
    p->packed = true;
    c->packed[0].size_bytes = bytes;
    c->packed[0].tiles = tenon__tiles(total, (double)p->panel_bytes * PACK_NS, &p->per_tile);
    c->packed[0].pack = pack;
    c->packed[0].input = input;
    c->packed[0].variant = (uint64_t)p->row->nr << 16 | (uint64_t)p->row->k_unit << 8 |
                           (uint64_t)p->row->element_bytes << 4 | (uint64_t)o->turn_b << 1 | 1;
    return TENON_OK;
}

/* ---- bind ----------------------------------------------------------------------------------- */

/* A parameter of one element, one per item of a matrix, or one per item of all matrices. */
static tenon_status check_parameter(const tenon__view *v, int64_t items, int64_t total,
                                    const char *what, tenon_error *err)
{
    if (!v) return TENON_OK;
    const int64_t count = tenon__view_count(v);
    if (count == 1 || (count > 0 && (count == items || count == total))) return TENON_OK;
    return tenon__fail(err, TENON_ESHAPE, "%s has %lld elements; it must have 1, %lld or %lld",
                       what, (long long)count, (long long)items, (long long)total);
}

static void bias_dims(const tenon__view *bias, int64_t dims[2])
{
    dims[0] = bias->rank == 2 ? bias->dims[0] : 1;
    dims[1] = bias->rank >= 1 ? bias->dims[bias->rank - 1] : 1;
}

static tenon_status check_bias(const tenon__qmatmul_operands *o, int64_t m, int64_t n,
                               tenon_error *err)
{
    if (o->float_bias && tenon__view_count(o->float_bias) != n)
        return tenon__fail(err, TENON_ESHAPE, "the bias must have %lld elements, one a column",
                           (long long)n);
    if (!o->bias) return TENON_OK;
    int64_t dims[2];
    bias_dims(o->bias, dims);
    if (o->bias->rank > 2 || (dims[0] != 1 && dims[0] != m) || (dims[1] != 1 && dims[1] != n))
        return tenon__fail(err, TENON_ESHAPE, "C does not broadcast to %lld x %lld", (long long)m,
                           (long long)n);
    return TENON_OK;
}

static bool many(const tenon__view *v)
{
    return v && tenon__view_count(v) > 1;
}

static tenon_status check_parameters(const tenon__qmatmul *q, const tenon__qmatmul_operands *o,
                                     tenon_error *err)
{
    const tenon__matmul *mm = &q->shape;
    /* Rows of a matrix as the shapes say it; the batch may have become rows in mm. */
    const int64_t m = o->turn_a ? o->a->dims[1] : o->a->rank < 2 ? 1 : o->a->dims[o->a->rank - 2];
    const int64_t a_rows = mm->k ? tenon__view_count(o->a) / mm->k : m, y_rows = mm->count * mm->m;
    const int64_t b_cols = mm->b_count * mm->n;
    tenon_status st = check_parameter(o->a_zero, m, a_rows, "the zero point of A", err);
    if (!st) st = check_parameter(o->a_scale, m, a_rows, "the scale of A", err);
    if (!st) st = check_parameter(o->b_zero, mm->n, b_cols, "the zero point of B", err);
    if (!st) st = check_parameter(o->b_scale, mm->n, b_cols, "the scale of B", err);
    if (!st) st = check_parameter(o->y_zero, m, y_rows, "the zero point of Y", err);
    if (!st) st = check_parameter(o->y_scale, m, y_rows, "the scale of Y", err);
    if (!st) st = check_bias(o, mm->m, mm->n, err);
    return st;
}

/* Bytes behind the kernel's scratch: zero points, scales and bias of a part's columns. */
static bool scratch_set(const tenon__qmatmul_prepared *p, tenon__qmatmul *q, tenon__bind *c)
{
    const tenon__matmul *mm = &q->shape;
    const int64_t width = mm->panels * mm->nr < mm->n ? mm->panels * mm->nr : mm->n;
    size_t lists;
    if (!tenon__qgemm_scratch_bytes(p->row, mm->k, &q->scratch_bytes)) return false;
    q->scratch_bytes = tenon__align_up(q->scratch_bytes, LINE);
    return tenon__mul((size_t)width, 3 * sizeof(int32_t), &lists) &&
           tenon__add(q->scratch_bytes, lists, &c->scratch_bytes);
}

tenon_status tenon__qmatmul_bind(tenon__bind *c, tenon__qmatmul *q,
                                 const tenon__qmatmul_operands *o)
{
    const tenon__qmatmul_prepared *p = c->prepared;
    tenon__matmul *mm = &q->shape;
    tenon__view a = *o->a, b = *o->b;
    if (o->turn_a) a.dims[0] = o->a->dims[1], a.dims[1] = o->a->dims[0];
    if (o->turn_b) b.dims[0] = o->b->dims[1], b.dims[1] = o->b->dims[0];
    *q = (tenon__qmatmul){.shape = {.b_packed = p->packed}};
    tenon_status st = tenon__matmul_shape(mm, &a, &b, c->err);
    if (st) return st;
    if (o->turn_a) mm->a_row = 1, mm->a_col = mm->m;
    if (o->turn_b) mm->b_row = 1, mm->b_col = mm->k;
    mm->way = p->packed ? TENON__MATMUL_PACKED : TENON__MATMUL_PACKS;
    const tenon__matmul_cost cost = {.mr = p->row->mr,
                                     .nr = p->row->nr,
                                     .mac_ns = p->row->mac_ns,
                                     .pack_ns = PACK_NS,
                                     .read_ns = READ_NS * p->row->element_bytes,
                                     .copies = true};
    st = tenon__matmul_cut(mm, &cost, c);
    if (st || !mm->tiles) return st;
    st = check_parameters(q, o, c->err);
    if (st) return st;
    q->by_row = many(o->a_zero) || many(o->a_scale) || many(o->y_zero) || many(o->y_scale) ||
                (o->bias && o->bias->rank == 2 && o->bias->dims[0] > 1);
    size_t bytes = 0;
    bool fits = tenon__qgemm_panel_bytes(p->row, mm->k, &q->panel_bytes) && scratch_set(p, q, c);
    if (fits && !p->packed)
        fits = tenon__mul(q->panel_bytes, (size_t)tenon__qgemm_panels(p->row, mm->n), &bytes) &&
               tenon__mul(bytes, (size_t)mm->b_count, &bytes);
    if (!fits)
        return tenon__fail(c->err, TENON_ELIMIT, "B of %lld x %lld is too large", (long long)mm->k,
                           (long long)mm->n);
    c->work_bytes = bytes;
    return TENON_OK;
}

/* ---- run ------------------------------------------------------------------------------------ */

static int32_t zero_at(const tenon__view *v, int64_t at)
{
    return v ? (int32_t)tenon__get_i64(v->dtype, v->data, (size_t)(at % tenon__view_count(v))) : 0;
}

static float scale_at(const tenon__view *v, int64_t at)
{
    return v ? ((const float *)v->data)[at % tenon__view_count(v)] : 1.0f;
}

typedef struct context {
    const tenon__run *r;
    const tenon__qmatmul *q;
    const tenon__qmatmul_operands *o;
    const tenon__epilogue *tail;
} context;

/* `cols` zero points from column `at` on, as 32 bits. */
static void zeros_set(const tenon__view *v, int64_t at, int64_t cols, int32_t *out)
{
    const bool list = many(v);
    const int32_t one = list ? 0 : zero_at(v, 0);
    for (int64_t j = 0; j < cols && !list; j++)
        out[j] = one;
    if (!list) return;
    const uint8_t *from = (const uint8_t *)v->data + at % tenon__view_count(v);
    if (v->dtype == TENON_I8)
        for (int64_t j = 0; j < cols; j++)
            out[j] = (int8_t)from[j];
    else
        for (int64_t j = 0; j < cols; j++)
            out[j] = from[j];
}

static void scales_set(const tenon__view *v, int64_t at, int64_t cols, float a_scale, float y_scale,
                       float *out)
{
    const bool list = many(v);
    const float one = a_scale * (list ? 1.0f : scale_at(v, 0)) / y_scale;
    for (int64_t j = 0; j < cols && !list; j++)
        out[j] = one;
    if (!list) return;
    const float *from = (const float *)v->data + at % tenon__view_count(v);
    for (int64_t j = 0; j < cols; j++)
        out[j] = a_scale * from[j] / y_scale;
}

/* The columns' zero points, scales and bias for row i (any row, where all are alike). */
static void lists_set(const context *x, const tenon__matmul_part *p, int64_t i, tenon__qgemm *g)
{
    const tenon__qmatmul_operands *o = x->o;
    const tenon__matmul *mm = &x->q->shape;
    int32_t *zero = (int32_t *)(void *)((uint8_t *)x->r->scratch + x->q->scratch_bytes);
    float *scale = (float *)(void *)(zero + p->cols);
    int32_t *bias = (int32_t *)(void *)(scale + p->cols);
    const int64_t column = p->b * mm->n + p->j;
    zeros_set(o->b_zero, column, p->cols, zero);
    scales_set(o->b_scale, column, p->cols, o->alpha * scale_at(o->a_scale, p->a * mm->m + i),
               scale_at(o->y_scale, p->s * mm->m + i), scale);
    g->b_zero = zero;
    g->scale = scale;
    g->a_zero = zero_at(o->a_zero, p->a * mm->m + i);
    g->y_zero = zero_at(o->y_zero, p->s * mm->m + i);
    if (!o->bias) return;
    int64_t dims[2];
    bias_dims(o->bias, dims);
    const int32_t *from = (const int32_t *)o->bias->data + (dims[0] == 1 ? 0 : i * dims[1]);
    for (int64_t j = 0; j < p->cols; j++)
        bias[j] = from[dims[1] == 1 ? 0 : p->j + j];
    g->bias = bias;
}

static tenon__qgemm_out out_of(tenon_dtype dtype)
{
    return dtype == TENON_I32  ? TENON__QGEMM_I32
           : dtype == TENON_U8 ? TENON__QGEMM_U8
           : dtype == TENON_I8 ? TENON__QGEMM_I8
                               : TENON__QGEMM_F32;
}

static void part_run(void *ctx, const tenon__matmul_part *p)
{
    const context *x = ctx;
    const tenon__qmatmul_operands *o = x->o;
    const tenon__qmatmul_prepared *prep = x->r->prepared;
    const tenon__matmul *mm = &x->q->shape;
    const tenon_dtype dtype = x->r->out[0]->dtype;
    const int64_t at = (p->s * mm->m + p->i) * mm->n + p->j, size = tenon_dtype_bits(dtype) / 8;
    const int64_t panel = p->b * tenon__qgemm_panels(prep->row, mm->n) + p->j / prep->row->nr;
    const uint8_t *packed = prep->packed ? x->r->packed[0] : x->r->work;
    tenon__qgemm g = {.n = p->cols,
                      .k = mm->k,
                      .a = (const uint8_t *)o->a->data + p->a * mm->a_step + p->i * mm->a_row,
                      .a_row = mm->a_row,
                      .a_col = mm->a_col,
                      .a_signed = o->a->dtype == TENON_I8,
                      .b_signed = o->b->dtype == TENON_I8,
                      .b = packed + (size_t)panel * x->q->panel_bytes,
                      .out = out_of(dtype),
                      .c = (uint8_t *)x->r->out[0]->data + at * size,
                      .c_row = mm->n,
                      .scratch = x->r->scratch};
    if (x->tail) g.tail = *x->tail;
    if (o->float_bias) g.tail.bias = (const float *)o->float_bias->data + p->j;
    if (o->residual) g.tail.residual = (const float *)o->residual->data + at;
    g.m = x->q->by_row ? 1 : p->rows;
    for (int64_t i = 0; i < p->rows; i += g.m) {
        lists_set(x, p, p->i + i, &g);
        prep->row->run(&g);
        g.a = (const uint8_t *)g.a + mm->a_row;
        g.c = (uint8_t *)g.c + mm->n * size;
        if (g.tail.residual) g.tail.residual += mm->n;
    }
}

tenon_status tenon__qmatmul_run(const tenon__run *r, const tenon__qmatmul *q,
                                const tenon__qmatmul_operands *o, const tenon__epilogue *tail)
{
    const tenon__qmatmul_prepared *p = r->prepared;
    const tenon__matmul *mm = &q->shape;
    context x = {r, q, o, tail};
    const int64_t panels = tenon__qgemm_panels(p->row, mm->n), total = mm->b_count * panels;
    packing b = {.row = p->row,
                 .pack = {.b = o->b->data,
                          .is_signed = o->b->dtype == TENON_I8,
                          .row = mm->b_row,
                          .col = mm->b_col,
                          .k = mm->k,
                          .n = mm->n,
                          .dst = r->work},
                 .matrix = mm->b_step,
                 .packed = q->panel_bytes * (size_t)panels};
    if (mm->pack_tiles && r->phase == 0) {
        tenon__matmul_walk_panels(total, panels, mm->pack_panels, r->tile, pack_some, &b);
        return TENON_OK;
    }
    if (mm->packs_first) tenon__matmul_walk_panels(total, panels, total, 0, pack_some, &b);
    tenon__matmul_walk(mm, r->tile, part_run, &x);
    return TENON_OK;
}
