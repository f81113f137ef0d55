/* SPDX-License-Identifier: Apache-2.0 */
/* MaxUnpool: ONNX MaxUnpool-9 .. 22.
 *
 * Y is zero but for Y[I[i]] = X[i], indices counting over all of the extents (in - 1) * stride +
 * kernel - pads, in row-major order; where two are the same, the later wins. Input 2 (int64 list of
 * Y's rank, optional) says Y's shape instead, which is no smaller: the rest is zero. X and I [N, C,
 * D1, ...] have the same shape; floating-point types are moved as they are. Attributes
 * kernel_shape, strides, pads as in opkit/window.h. */
#include "opkit/index.h"
#include "opkit/window.h"

typedef struct params {
    int rank;
    int64_t own[TENON_MAX_RANK]; /* the extents that indices count over */
    int64_t count;               /* their product */
    bool padded;                 /* Y is larger */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    return tenon__window_read(node, out, err);
}

static tenon_status own_extents(const tenon__window_attrs *a, const tenon__view *x, int64_t *own,
                                tenon_error *err)
{
    const int rank = x->rank - 2;
    if (!a->has_kernel || a->rank != rank)
        return tenon__fail(err, TENON_ESHAPE,
                           "kernel_shape speaks of %d axes, the input has %d spatial ones", a->rank,
                           rank);
    own[0] = x->dims[0];
    own[1] = x->dims[1];
    for (int i = 0; i < rank; i++) {
        int64_t *d = &own[2 + i];
        *d = TENON__DIM_UNKNOWN;
        if (x->dims[2 + i] < 0) continue;
        if (!tenon__mul_i64(x->dims[2 + i] - 1, a->stride[i], d) ||
            !tenon__add_i64(*d, a->kernel[i] - a->before[i] - a->after[i], d) || *d < 0)
            return tenon__fail(err, TENON_ESHAPE,
                               "spatial axis %d of extent %lld cannot be unpooled so", i,
                               (long long)x->dims[2 + i]);
    }
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *x = c->in[0], *index = c->in[1];
    const tenon_dtype d = x->dtype;
    if (d != TENON_NONE && d != TENON_F16 && d != TENON_BF16 && d != TENON_F32 && d != TENON_F64)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; want a floating-point type",
                           tenon_dtype_text(d));
    if (index->dtype != TENON_I64 && index->dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "the indices are %s; want int64",
                           tenon_dtype_text(index->dtype));
    c->out[0]->dtype = d;
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    tenon_status st = tenon__window_rank(c, 3);
    if (st) return st;
    bool same = index->rank == TENON__RANK_UNKNOWN || index->rank == x->rank;
    for (int i = 0; same && i < x->rank && index->rank >= 0; i++)
        same = tenon__dim_agrees(index->dims[i], x->dims[i]);
    if (!same)
        return tenon__fail(c->err, TENON_ESHAPE, "the indices have not the shape of the input");
    int64_t own[TENON_MAX_RANK], wanted[TENON_MAX_RANK];
    int count = -1;
    if ((st = own_extents(c->attrs, x, own, c->err))) return st;
    if (TENON__HAS(c, 2)) {
        st = tenon__infer_ints(c, 2, wanted, TENON_MAX_RANK, &count);
        if (st == TENON_EAGAIN) {
            for (int i = 0; i < x->rank; i++)
                wanted[i] = TENON__DIM_UNKNOWN;
            tenon__infer_set(c, 0, d, x->rank, wanted);
        }
        if (st) return st;
        if (count != x->rank)
            return tenon__fail(c->err, TENON_ESHAPE, "output_shape has %d numbers; want %d", count,
                               x->rank);
    }
    for (int i = 0; i < x->rank && count >= 0; i++)
        if (wanted[i] < 0 || (own[i] >= 0 && wanted[i] < own[i]))
            return tenon__fail(c->err, TENON_ESHAPE,
                               "output_shape has %lld on axis %d; want %lld or more",
                               (long long)wanted[i], i, (long long)own[i]);
    tenon__infer_set(c, 0, d, x->rank, count >= 0 ? wanted : own);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    params *p = c->params;
    const tenon__view *y = c->out[0];
    tenon_status st = own_extents(c->attrs, c->in[0], p->own, c->err);
    if (st) return st;
    p->rank = y->rank;
    p->count = 1;
    p->padded = false;
    for (int i = 0; i < p->rank; i++) {
        p->count *= p->own[i];
        p->padded = p->padded || p->own[i] != y->dims[i];
    }
    return TENON_OK;
}

/* Place in Y of place `at` among the own extents. */
static int64_t place(const params *p, const tenon__view *y, int64_t at)
{
    int64_t to = 0, step = 1;
    for (int i = p->rank - 1; i >= 0; i--) {
        to += at % p->own[i] * step;
        at /= p->own[i];
        step *= y->dims[i];
    }
    return to;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    const tenon__view *x = r->in[0], *y = r->out[0];
    const size_t bytes = tenon_dtype_bits(x->dtype) / 8;
    const int64_t n = tenon__view_count(x), total = tenon__view_count(y);
    const int64_t *index = r->in[1]->data;
    if (total) memset(y->data, 0, (size_t)total * bytes);
    for (int64_t i = 0; i < n; i++) {
        if (index[i] < 0 || index[i] >= p->count)
            return tenon__fail(r->err, TENON_EFORMAT, "index %lld is not in 0 .. %lld",
                               (long long)index[i], (long long)p->count - 1);
        const int64_t to = p->padded ? place(p, y, index[i]) : index[i];
        memcpy((uint8_t *)y->data + (size_t)to * bytes,
               (const uint8_t *)x->data + (size_t)i * bytes, bytes);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "MaxUnpool", 9, 0, NULL}, {0}};

const tenon__op tenon__op_max_unpool = {
    .name = "MaxUnpool",
    .doc = "Puts pooled elements back where they came from",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__window_attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
