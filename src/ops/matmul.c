/* SPDX-License-Identifier: Apache-2.0 */
/* MatMul: Y = A x B as numpy's matmul: the last two dims are matrices, those in front broadcast; a
 * vector A is a row and a vector B a column, whose dim is then left out of Y. f32, f64, i32, i64,
 * u32, u64 (integers wrap); f16 and bf16 widened. k of 0 gives zeros. ONNX MatMul-13.
 *
 * Passes add, for f32: input 2, a bias of [n]; input 3, a residual of Y's shape; and the attributes
 * activation, activation_alpha, activation_beta (see opkit/convolve.h):
 * Y = activation(A x B + bias + residual). */
#include "opkit/matmul.h"
#include "opkit/convolve.h"

typedef struct attrs {
    tenon__epilogue tail;
} attrs;

typedef struct prepared {
    const tenon__gemm_row *row;
    tenon__matmul_pack pack;
    bool packed;
} prepared;

typedef struct params {
    tenon__matmul product;
    int64_t per_tile; /* rows, in dtypes other than f32 */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    return tenon__convolve_activation(node, &a->tail, err);
}

static const tenon__view *input(const tenon__view *const *in, uint32_t count, uint32_t i)
{
    return i < count ? in[i] : NULL;
}

/* f32 of this shape, as far as either is known. */
static bool fits(const tenon__view *v, const int64_t *dims, int rank)
{
    if (v->dtype != TENON_F32 && v->dtype != TENON_NONE) return false;
    if (v->rank < 0 || !dims) return true;
    if (v->rank != rank) return false;
    for (int i = 0; i < rank; i++)
        if (!tenon__dim_agrees(v->dims[i], dims[i])) return false;
    return true;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *bias = input(c->in, c->in_count, 2);
    const tenon__view *residual = input(c->in, c->in_count, 3), *y = c->out[0];
    const tenon_dtype dtype = c->in[0]->dtype;
    if (dtype != TENON_NONE && !tenon__matmul_dtype(dtype))
        return tenon__fail(c->err, TENON_ETYPE,
                           "A is %s; it must be a float, int32, int64 or unsigned",
                           tenon_dtype_text(dtype));
    if (dtype != c->in[1]->dtype && dtype != TENON_NONE && c->in[1]->dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "A is %s and B %s; they must be the same",
                           tenon_dtype_text(dtype), tenon_dtype_text(c->in[1]->dtype));
    tenon_status st = tenon__matmul_infer(c, c->in[0], c->in[1], dtype);
    if (st) return st;
    if (!bias && !residual && a->tail.kind == TENON__ACT_NONE) return TENON_OK;
    if (dtype != TENON_F32 && dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_EUNSUPPORTED,
                           "bias, residual and activation are fused with float32 only");
    if (bias && !fits(bias, y->rank < 1 ? NULL : &y->dims[y->rank - 1], 1))
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the bias must be float32 with one element a column");
    if (residual && !fits(residual, y->rank < 0 ? NULL : y->dims, y->rank))
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the residual must be float32 of the output's shape");
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
    prepared *p = c->prepared;
    const tenon__view *b = c->in[1];
    if (c->in[0]->dtype != TENON_F32) return TENON_OK;
    p->row = tenon__gemm_choose(c->cpu);
    c->kernel = p->row->name;
    /* One column is read as it lies. */
    if (!b->known || b->rank < 2 || b->dims[b->rank - 1] == 1) return TENON_OK;
    const int64_t k = b->dims[b->rank - 2], n = b->dims[b->rank - 1];
    p->pack = (tenon__matmul_pack){.row = p->row,
                                   .k = k,
                                   .n = n,
                                   .count = tenon__dims_product(b->dims, 0, b->rank - 2),
                                   .b_row = n,
                                   .b_col = 1,
                                   .b_step = k * n,
                                   .columns = tenon__matmul_few(n)};
    if (k == 0 || n == 0 || p->pack.count == 0) return TENON_OK;
    p->packed = true;
    return tenon__matmul_pack_set(&p->pack, c, 0, 1, pack);
}

static tenon_status bind(tenon__bind *c)
{
    const prepared *prep = c->prepared;
    params *p = c->params;
    p->product = (tenon__matmul){.row = prep->row ? prep->row : tenon__gemm_choose(c->cpu),
                                 .b_packed = prep->packed,
                                 .b_columns = prep->pack.columns};
    tenon_status st = tenon__matmul_shape(&p->product, c->in[0], c->in[1], c->err);
    if (st) return st;
    if (c->in[0]->dtype == TENON_F32) return tenon__matmul_bind(&p->product, c);
    tenon__matmul *mm = &p->product;
    const double ns = (double)mm->n * (double)mm->k + 10;
    c->tiles = mm->tiles = mm->n ? tenon__tiles(mm->count * mm->m, ns, &p->per_tile) : 0;
    c->flops = 2.0 * (double)mm->count * (double)mm->m * (double)mm->n * (double)mm->k;
    return TENON_OK;
}

static uint32_t tiles(const void *data, uint32_t phase)
{
    const params *p = data;
    return tenon__matmul_tiles(&p->product, phase);
}

static tenon_status run_plain(const tenon__run *r)
{
    const params *p = r->params;
    const tenon__matmul *mm = &p->product;
    const tenon_dtype dtype = r->in[0]->dtype;
    const int64_t size = tenon_dtype_bits(dtype) / 8, total = mm->count * mm->m;
    const int64_t from = (int64_t)r->tile * p->per_tile;
    const int64_t to = total - from < p->per_tile ? total : from + p->per_tile;
    for (int64_t i = from; i < to; i++) {
        int64_t a, b;
        tenon__matmul_at(mm, i / mm->m, &a, &b);
        tenon__matmul_plain_row(
            dtype, mm->n, mm->k,
            (const uint8_t *)r->in[0]->data + (a * mm->a_step + i % mm->m * mm->a_row) * size,
            mm->a_col, (const uint8_t *)r->in[1]->data + b * mm->b_step * size, mm->b_row,
            mm->b_col, (uint8_t *)r->out[0]->data + i * mm->n * size);
    }
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const prepared *prep = r->prepared;
    if (r->in[0]->dtype != TENON_F32) return run_plain(r);
    const tenon__view *bias = input(r->in, r->in_count, 2);
    const tenon__view *residual = input(r->in, r->in_count, 3);
    tenon__matmul_call call = {.a = r->in[0]->data,
                               .b = prep->packed ? r->packed[0] : r->in[1]->data,
                               .c = r->out[0]->data,
                               .scale = 1,
                               .residual_scale = 1,
                               .epilogue = a->tail};
    call.epilogue.bias = bias ? bias->data : NULL;
    call.epilogue.residual = residual ? residual->data : NULL;
    tenon__matmul_run(&p->product, &call, r);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
#include "opkit/matmul_ref.h"

static tenon_status ref(const tenon__run *r)
{
    const attrs *a = r->attrs;
    tenon__matmul mm = {0};
    tenon_status st = tenon__matmul_shape(&mm, r->in[0], r->in[1], r->err);
    if (st) return st;
    const tenon__view *bias = input(r->in, r->in_count, 2);
    const tenon__view *residual = input(r->in, r->in_count, 3);
    for (int64_t s = 0; s < mm.count; s++) {
        int64_t at_a, at_b;
        tenon__matmul_at(&mm, s, &at_a, &at_b);
        for (int64_t e = 0; e < mm.m * mm.n; e++) {
            const int64_t i = e / mm.n, j = e % mm.n, at = s * mm.m * mm.n + e;
            number v = matmul_ref(r->in[0], at_a * mm.a_step + i * mm.a_row, mm.a_col, r->in[1],
                                  at_b * mm.b_step + j * mm.b_col, mm.b_row, mm.k);
            if (bias) v.real += tenon__get_f64(TENON_F32, bias->data, (size_t)j);
            if (residual) v.real += tenon__get_f64(TENON_F32, residual->data, (size_t)at);
            if (r->out[0]->dtype == TENON_F32)
                v.real = (double)tenon__activate(&a->tail, (float)v.real);
            number_set(r->out[0], at, v);
        }
    }
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "MatMul", 1, 0, NULL}, {0}};

const tenon__op tenon__op_matmul = {.name = "MatMul",
                                    .doc = "Matrix product, batched",
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
