/* SPDX-License-Identifier: Apache-2.0 */
/* RotaryEmbedding: in each head, the first rotary_embedding_dim elements (0: all) are pairs (a, b),
 * either element i and i + half, or (interleaved) neighbours; they become (cos a - sin b, sin a +
 * cos b) with the cos and sin of the row's position and the pair; the others stay. X [batch, heads,
 * rows, size] or [batch, rows, heads * size]; caches [positions, half] with position_ids [batch,
 * rows], else [batch, rows, half]. f32; f16 and bf16 widened. ONNX RotaryEmbedding-23. */
#include "opkit/norm.h"

typedef struct attrs {
    bool interleaved;
    int64_t dim, heads; /* 0: all; not given */
} attrs;

typedef struct params {
    int64_t batch, rows, heads, size, half;
    int64_t batch_step, row_step, head_step;
    int64_t count, per_tile; /* pairs of a batch and a row */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    tenon_status st = tenon__attr_check(node, "interleaved", TENON__ATTR_INT, err);
    if (!st) st = tenon__attr_check(node, "rotary_embedding_dim", TENON__ATTR_INT, err);
    if (!st) st = tenon__attr_check(node, "num_heads", TENON__ATTR_INT, err);
    if (st) return st;
    a->interleaved = tenon__attr_int(node, "interleaved", 0) != 0;
    a->dim = tenon__attr_int(node, "rotary_embedding_dim", 0);
    a->heads = tenon__attr_int(node, "num_heads", 0);
    if (a->dim < 0 || a->dim % 2)
        return tenon__fail(err, TENON_EFORMAT,
                           "rotary_embedding_dim is %lld; an even number is wanted",
                           (long long)a->dim);
    if (a->heads < 0) return tenon__fail(err, TENON_EFORMAT, "num_heads is below 0");
    return TENON_OK;
}

static tenon_status check_cache(tenon__infer *c, uint32_t i, const char *name, int64_t batch,
                                int64_t rows, int64_t half)
{
    const tenon__view *v = c->in[i];
    char text[128];
    bool by_id = c->in_count > 3 && c->in[3];
    if (v->rank < 0) return TENON_OK;
    bool fits = v->rank == (by_id ? 2 : 3) && tenon__dim_agrees(v->dims[v->rank - 1], half);
    if (fits && !by_id)
        fits = tenon__dim_agrees(v->dims[0], batch) && tenon__dim_agrees(v->dims[1], rows);
    if (fits) return TENON_OK;
    return tenon__fail(c->err, TENON_ESHAPE, "%s is %s; [%s, %lld] is wanted", name,
                       tenon__view_print(v, text, sizeof text), by_id ? "positions" : "batch, rows",
                       (long long)half);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0], *ids = c->in_count > 3 ? c->in[3] : NULL;
    tenon_status st = TENON_OK;
    for (uint32_t i = 0; i < 3 && !st; i++) {
        st = tenon__norm_check_dtype(c, i);
        if (!st && c->in[i]->dtype == TENON_F64)
            st = tenon__fail(c->err, TENON_ETYPE, "input %u is float64; float32 is wanted", i);
    }
    if (st) return st;
    if (ids && ids->dtype != TENON_NONE && ids->dtype != TENON_I64)
        return tenon__fail(c->err, TENON_ETYPE, "position_ids is %s; int64 is wanted",
                           tenon_dtype_text(ids->dtype));
    tenon__infer_like(c, 0, 0);
    if (x->rank < 0) return TENON_OK;
    if (x->rank != 3 && x->rank != 4)
        return tenon__fail(c->err, TENON_ESHAPE, "X has rank %d; 3 or 4 is wanted", x->rank);
    if (x->rank == 3 && !a->heads)
        return tenon__fail(c->err, TENON_EFORMAT, "X has rank 3: num_heads is needed");
    int64_t rows = x->dims[x->rank - 2], size = x->dims[x->rank - 1];
    if (x->rank == 3 && size >= 0) {
        if (size % a->heads)
            return tenon__fail(c->err, TENON_ESHAPE, "%lld columns are no multiple of %lld heads",
                               (long long)size, (long long)a->heads);
        size /= a->heads;
    }
    if (size >= 0 && (a->dim > size || (!a->dim && size % 2)))
        return tenon__fail(c->err, TENON_ESHAPE, "a head of %lld has no %lld elements to turn",
                           (long long)size, (long long)(a->dim ? a->dim : size + 1));
    int64_t half = a->dim ? a->dim / 2 : size >= 0 ? size / 2 : TENON__DIM_UNKNOWN;
    if ((st = check_cache(c, 1, "cos_cache", x->dims[0], rows, half))) return st;
    if ((st = check_cache(c, 2, "sin_cache", x->dims[0], rows, half))) return st;
    if (ids && ids->rank >= 0 &&
        (ids->rank != 2 || !tenon__dim_agrees(ids->dims[0], x->dims[0]) ||
         !tenon__dim_agrees(ids->dims[1], rows)))
        return tenon__fail(c->err, TENON_ESHAPE, "position_ids is not [batch, rows]");
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *p = c->params;
    const tenon__view *x = c->in[0];
    bool four = x->rank == 4;
    p->batch = x->dims[0];
    p->heads = four ? x->dims[1] : a->heads;
    p->rows = x->dims[four ? 2 : 1];
    p->size = four ? x->dims[3] : x->dims[2] / a->heads;
    p->half = a->dim ? a->dim / 2 : p->size / 2;
    p->batch_step = p->heads * p->rows * p->size;
    p->head_step = four ? p->rows * p->size : p->size;
    p->row_step = four ? p->size : p->heads * p->size;
    p->count = p->heads && p->size ? p->batch * p->rows : 0;
    c->tiles = tenon__tiles(p->count, 10 + (double)p->heads * (double)p->size * 0.6, &p->per_tile);
    c->flops = 3.0 * (double)tenon__view_count(x);
    return TENON_OK;
}

static void turn(const float *x, float *y, const float *cos, const float *sin, int64_t half)
{
    for (int64_t i = 0; i < half; i++) {
        float first = x[i], second = x[half + i];
        y[i] = cos[i] * first - sin[i] * second;
        y[half + i] = sin[i] * first + cos[i] * second;
    }
}

static void turn_neighbours(const float *x, float *y, const float *cos, const float *sin,
                            int64_t half)
{
    for (int64_t i = 0; i < half; i++) {
        float first = x[2 * i], second = x[2 * i + 1];
        y[2 * i] = cos[i] * first - sin[i] * second;
        y[2 * i + 1] = sin[i] * first + cos[i] * second;
    }
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const tenon__view *ids = r->in_count > 3 ? r->in[3] : NULL;
    const float *cos = r->in[1]->data, *sin = r->in[2]->data;
    int64_t end = ((int64_t)r->tile + 1) * p->per_tile;
    for (int64_t k = (int64_t)r->tile * p->per_tile; k < end && k < p->count; k++) {
        int64_t at = k / p->rows * p->batch_step + k % p->rows * p->row_step;
        int64_t place = ids ? ((const int64_t *)ids->data)[k] : k;
        if (ids && (place < 0 || place >= r->in[1]->dims[0] || place >= r->in[2]->dims[0]))
            return tenon__fail(r->err, TENON_EINVAL,
                               "position %lld is not in the caches, which have %lld",
                               (long long)place, (long long)r->in[1]->dims[0]);
        for (int64_t h = 0; h < p->heads; h++, at += p->head_step) {
            const float *x = (const float *)r->in[0]->data + at;
            float *y = (float *)r->out[0]->data + at;
            if (a->interleaved)
                turn_neighbours(x, y, cos + place * p->half, sin + place * p->half, p->half);
            else
                turn(x, y, cos + place * p->half, sin + place * p->half, p->half);
            size_t rest = (size_t)(p->size - 2 * p->half);
            if (rest) memcpy(y + 2 * p->half, x + 2 * p->half, rest * sizeof *y);
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "RotaryEmbedding", 23, 0, NULL}, {0}};

const tenon__op tenon__op_rotary_embedding = {
    .name = "RotaryEmbedding",
    .doc = "Pairs of elements turned by the angle of their position",
    .min_inputs = 3,
    .max_inputs = 4,
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
};
