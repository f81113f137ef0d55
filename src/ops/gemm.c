/* SPDX-License-Identifier: Apache-2.0 */
/* Gemm: Y = alpha * A' x B' + beta * C, where A' [m, k] is A or, with transA, A turned; B' [k, n]
 * the same with transB; C, optional, broadcasts to [m, n]. f32, f64, i32, i64, u32, u64 (with alpha
 * and beta other than 1 computed in double, then truncated); f16 and bf16 widened. ONNX Gemm-13.
 *
 * Passes add, for f32: input 3, a residual of Y's shape, beside a C that is no whole matrix; and
 * the attributes activation, activation_alpha, activation_beta (see opkit/convolve.h): Y =
 * activation(alpha * A' x B' + beta * C + residual). */
#include "opkit/convolve.h"
#include "opkit/matmul.h"
#include "tensor/convert.h"

typedef struct attrs {
    float alpha, beta;
    bool turn_a, turn_b;
    tenon__epilogue tail;
} attrs;

typedef struct prepared {
    const tenon__gemm_row *row;
    tenon__matmul_pack pack;
    bool packed;
} prepared;

typedef enum addend { ADDEND_NONE, ADDEND_ONE, ADDEND_COLUMNS, ADDEND_ROWS, ADDEND_MATRIX } addend;

typedef struct params {
    tenon__matmul product;
    addend c;
    int64_t per_tile; /* rows, in dtypes other than f32 */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    a->alpha = tenon__attr_float(node, "alpha", 1);
    a->beta = tenon__attr_float(node, "beta", 1);
    a->turn_a = tenon__attr_int(node, "transA", 0) != 0;
    a->turn_b = tenon__attr_int(node, "transB", 0) != 0;
    return tenon__convolve_activation(node, &a->tail, err);
}

static const tenon__view *input(const tenon__view *const *in, uint32_t count, uint32_t i)
{
    return i < count ? in[i] : NULL;
}

/* C's dims as [rows, columns]; rank at most 2. */
static void addend_dims(const tenon__view *c, int64_t dims[2])
{
    dims[0] = c->rank == 2 ? c->dims[0] : 1;
    dims[1] = c->rank >= 1 ? c->dims[c->rank - 1] : 1;
}

static tenon_status check_addends(tenon__infer *c, int64_t m, int64_t n)
{
    const attrs *a = c->attrs;
    const tenon__view *v = input(c->in, c->in_count, 2), *z = input(c->in, c->in_count, 3);
    const tenon_dtype dtype = c->in[0]->dtype;
    if (v && v->dtype != TENON_NONE && v->dtype != dtype)
        return tenon__fail(c->err, TENON_ETYPE, "C is %s and A %s; they must be the same",
                           tenon_dtype_text(v->dtype), tenon_dtype_text(dtype));
    if (v && v->rank >= 0) {
        int64_t dims[2];
        if (v->rank > 2)
            return tenon__fail(c->err, TENON_ESHAPE, "C has rank %d; it can be 2 at most", v->rank);
        addend_dims(v, dims);
        if ((dims[0] != 1 && !tenon__dim_agrees(dims[0], m)) ||
            (dims[1] != 1 && !tenon__dim_agrees(dims[1], n)))
            return tenon__fail(c->err, TENON_ESHAPE,
                               "C of %lld x %lld does not broadcast to %lld x %lld",
                               (long long)dims[0], (long long)dims[1], (long long)m, (long long)n);
    }
    if (!z && a->tail.kind == TENON__ACT_NONE) return TENON_OK;
    if (dtype != TENON_F32 && dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_EUNSUPPORTED,
                           "residual and activation are fused with float32 only");
    const bool typed = !z || z->dtype == TENON_F32 || z->dtype == TENON_NONE;
    if (!typed ||
        (z && z->rank >= 0 &&
         (z->rank != 2 || !tenon__dim_agrees(z->dims[0], m) || !tenon__dim_agrees(z->dims[1], n))))
        return tenon__fail(c->err, TENON_ESHAPE, "the residual must have the output's shape");
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0], *w = c->in[1];
    if (x->dtype != TENON_NONE && !tenon__matmul_dtype(x->dtype))
        return tenon__fail(c->err, TENON_ETYPE,
                           "A is %s; it must be a float, int32, int64 or unsigned",
                           tenon_dtype_text(x->dtype));
    if (x->dtype != w->dtype && x->dtype != TENON_NONE && w->dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "A is %s and B %s; they must be the same",
                           tenon_dtype_text(x->dtype), tenon_dtype_text(w->dtype));
    int64_t dims[2] = {TENON__DIM_UNKNOWN, TENON__DIM_UNKNOWN};
    for (int i = 0; i < 2; i++)
        if (c->in[i]->rank >= 0 && c->in[i]->rank != 2)
            return tenon__fail(c->err, TENON_ESHAPE, "%c has rank %d; it must be 2", "AB"[i],
                               c -> in[i] -> rank);
    if (x->rank == 2) dims[0] = x->dims[a->turn_a ? 1 : 0];
    if (w->rank == 2) dims[1] = w->dims[a->turn_b ? 0 : 1];
    if (x->rank == 2 && w->rank == 2) {
        const int64_t ka = x->dims[a->turn_a ? 0 : 1], kb = w->dims[a->turn_b ? 1 : 0];
        if (!tenon__dim_agrees(ka, kb))
            return tenon__fail(c->err, TENON_ESHAPE,
                               "A' has %lld columns and B' %lld rows; they must be as many",
                               (long long)ka, (long long)kb);
    }
    tenon_status st = check_addends(c, dims[0], dims[1]);
    if (st) return st;
    tenon__infer_set(c, 0, x->dtype, 2, dims);
    return TENON_OK;
}

static tenon_status pack(const tenon__pack *p)
{
    const prepared *prep = p->prepared;
    tenon__matmul_pack_run(&prep->pack, p->in[1]->dtype, p->in[1]->data, p->dst, p->tile);
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    const attrs *a = c->attrs;
    prepared *p = c->prepared;
    const tenon__view *b = c->in[1];
    if (c->in[0]->dtype != TENON_F32) return TENON_OK;
    p->row = tenon__gemm_choose(c->cpu);
    c->kernel = p->row->name;
    if (!b->known) return TENON_OK;
    const int64_t k = b->dims[a->turn_b ? 1 : 0], n = b->dims[a->turn_b ? 0 : 1];
    const bool few = tenon__matmul_few(n) && !a->turn_a;
    /* Few columns that are contiguous are read as they lie. */
    if (k == 0 || n == 0 || (few && (a->turn_b || n == 1))) return TENON_OK;
    p->pack = (tenon__matmul_pack){.row = p->row,
                                   .k = k,
                                   .n = n,
                                   .count = 1,
                                   .b_row = a->turn_b ? 1 : n,
                                   .b_col = a->turn_b ? k : 1,
                                   .columns = few};
    p->packed = true;
    return tenon__matmul_pack_set(&p->pack, c, 0, 1, pack);
}

static addend addend_of(const tenon__view *c, int64_t m, int64_t n)
{
    int64_t dims[2];
    if (!c) return ADDEND_NONE;
    addend_dims(c, dims);
    if (dims[0] == 1 && dims[1] == n) return ADDEND_COLUMNS;
    if (dims[0] == m && dims[1] == n) return ADDEND_MATRIX;
    return dims[0] == m && m > 1 ? ADDEND_ROWS : ADDEND_ONE;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const prepared *prep = c->prepared;
    params *p = c->params;
    const int64_t *x = c->in[0]->dims, *w = c->in[1]->dims;
    const int64_t m = x[a->turn_a ? 1 : 0], k = x[a->turn_a ? 0 : 1], n = w[a->turn_b ? 0 : 1];
    p->product = (tenon__matmul){.row = prep->row ? prep->row : tenon__gemm_choose(c->cpu),
                                 .m = m,
                                 .n = n,
                                 .k = k,
                                 .a_row = a->turn_a ? 1 : k,
                                 .a_col = a->turn_a ? m : 1,
                                 .b_row = a->turn_b ? 1 : n,
                                 .b_col = a->turn_b ? k : 1,
                                 .b_count = 1,
                                 .b_packed = prep->packed,
                                 .b_columns = prep->pack.columns};
    p->c = addend_of(input(c->in, c->in_count, 2), m, n);
    if (c->in[0]->dtype != TENON_F32) {
        c->tiles = n ? tenon__tiles(m, (double)n * (double)k + 10, &p->per_tile) : 0;
        p->product.tiles = c->tiles;
        c->flops = 2.0 * (double)m * (double)n * (double)k;
        return TENON_OK;
    }
    if (p->c == ADDEND_MATRIX && input(c->in, c->in_count, 3))
        return tenon__fail(c->err, TENON_EUNSUPPORTED,
                           "C and a residual are both whole matrices; one of them can be");
    tenon_status st = tenon__matmul_bind(&p->product, c);
    if (st) return st;
    /* Behind the product's scratch: C, when it must be scaled or repeated. */
    size_t bytes;
    if (!tenon__mul((size_t)(m > n ? m : n), sizeof(float), &bytes) ||
        !tenon__add(bytes, tenon__align_up(c->scratch_bytes, sizeof(float)), &bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "the output is too large");
    if (p->c != ADDEND_NONE && p->c != ADDEND_MATRIX && (a->beta != 1 || p->c == ADDEND_ONE))
        c->scratch_bytes = bytes;
    return TENON_OK;
}

static uint32_t tiles(const void *data, uint32_t phase)
{
    const params *p = data;
    return tenon__matmul_tiles(&p->product, phase);
}

/* alpha * sum + beta * c in `dtype`, element j of a row of sums. */
static void add_plain(const tenon__run *r, int64_t i, uint8_t *row)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const tenon_dtype dtype = r->in[0]->dtype;
    const tenon__view *c = input(r->in, r->in_count, 2);
    const int64_t n = p->product.n;
    for (int64_t j = 0; j < n; j++) {
        const int64_t at = p->c == ADDEND_COLUMNS  ? j
                           : p->c == ADDEND_ROWS   ? i
                           : p->c == ADDEND_MATRIX ? i * n + j
                                                   : 0;
        if (dtype != TENON_F64 && a->alpha == 1 && a->beta == 1) {
            uint64_t sum = (uint64_t)tenon__get_i64(dtype, row, (size_t)j);
            if (c) sum += (uint64_t)tenon__get_i64(dtype, c->data, (size_t)at);
            const uint32_t low = (uint32_t)sum;
            if (tenon_dtype_bits(dtype) == 32)
                memcpy(row + j * 4, &low, sizeof low);
            else
                memcpy(row + j * 8, &sum, sizeof sum);
            continue;
        }
        double v = (double)a->alpha * tenon__get_f64(dtype, row, (size_t)j);
        if (c) v += (double)a->beta * tenon__get_f64(dtype, c->data, (size_t)at);
        (void)tenon__convert(TENON_F64, &v, dtype, row + j * (tenon_dtype_bits(dtype) / 8), 0, 1,
                             false, NULL);
    }
}

static tenon_status run_plain(const tenon__run *r)
{
    const params *p = r->params;
    const tenon__matmul *mm = &p->product;
    const tenon_dtype dtype = r->in[0]->dtype;
    const int64_t size = tenon_dtype_bits(dtype) / 8;
    const int64_t from = (int64_t)r->tile * p->per_tile;
    const int64_t to = mm->m - from < p->per_tile ? mm->m : from + p->per_tile;
    for (int64_t i = from; i < to; i++) {
        uint8_t *row = (uint8_t *)r->out[0]->data + i * mm->n * size;
        tenon__matmul_plain_row(dtype, mm->n, mm->k,
                                (const uint8_t *)r->in[0]->data + i * mm->a_row * size, mm->a_col,
                                r->in[1]->data, mm->b_row, mm->b_col, row);
        add_plain(r, i, row);
    }
    return TENON_OK;
}

/* beta * C as the product's epilogue takes it. */
static void set_addend(const tenon__run *r, tenon__matmul_call *call)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const tenon__view *c = input(r->in, r->in_count, 2), *z = input(r->in, r->in_count, 3);
    if (z) call->epilogue.residual = z->data;
    if (p->c == ADDEND_NONE) return;
    const float *v = c->data;
    if (p->c == ADDEND_MATRIX) {
        call->epilogue.residual = v;
        call->residual_scale = a->beta;
        return;
    }
    call->bias_by_row = p->c == ADDEND_ROWS;
    call->epilogue.bias = v;
    if (a->beta == 1 && p->c != ADDEND_ONE) return;
    float *scaled = (float *)r->scratch + p->product.row->scratch_bytes / sizeof(float);
    const int64_t count = call->bias_by_row ? p->product.m : p->product.n;
    for (int64_t i = 0; i < count; i++)
        scaled[i] = a->beta * v[p->c == ADDEND_ONE ? 0 : i];
    call->epilogue.bias = scaled;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const prepared *prep = r->prepared;
    if (r->in[0]->dtype != TENON_F32) return run_plain(r);
    tenon__matmul_call call = {.a = r->in[0]->data,
                               .b = prep->packed ? r->packed[0] : r->in[1]->data,
                               .c = r->out[0]->data,
                               .scale = a->alpha,
                               .residual_scale = 1,
                               .epilogue = a->tail};
    set_addend(r, &call);
    tenon__matmul_run(&p->product, &call, r);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
#include "opkit/matmul_ref.h"

static tenon_status ref(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const int64_t *x = r->in[0]->dims, *w = r->in[1]->dims, *y = r->out[0]->dims;
    const tenon__view *c = input(r->in, r->in_count, 2), *z = input(r->in, r->in_count, 3);
    const int64_t k = x[a->turn_a ? 0 : 1];
    for (int64_t e = 0; e < y[0] * y[1]; e++) {
        const int64_t i = e / y[1], j = e % y[1];
        number v = matmul_ref(r->in[0], a->turn_a ? i : i * k, a->turn_a ? x[1] : 1, r->in[1],
                              a->turn_b ? j * k : j, a->turn_b ? 1 : w[1], k);
        number add = {0};
        if (c) {
            int64_t dims[2];
            addend_dims(c, dims);
            add = number_get(c, (dims[0] == 1 ? 0 : i * dims[1]) + (dims[1] == 1 ? 0 : j));
        }
        if (number_is_real(r->out[0]->dtype)) {
            v.real = (double)a->alpha * v.real + (double)a->beta * add.real;
            if (z) v.real += number_get(z, e).real;
            if (r->out[0]->dtype == TENON_F32)
                v.real = (double)tenon__activate(&a->tail, (float)v.real);
        } else if (a->alpha == 1 && a->beta == 1) {
            v.whole += add.whole;
        } else {
            return tenon__fail(r->err, TENON_EUNSUPPORTED, "integers with alpha or beta");
        }
        number_set(r->out[0], e, v);
    }
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "Gemm", 1, 0, NULL}, {0}};

const tenon__op tenon__op_gemm = {.name = "Gemm",
                                  .doc = "Matrix product with scales and an addend",
                                  .min_inputs = 2,
                                  .max_inputs = 4,
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
