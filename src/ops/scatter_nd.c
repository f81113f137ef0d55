/* SPDX-License-Identifier: Apache-2.0 */
/* ScatterND: a copy of data in which slices, named by tuples of indices, are replaced or folded.
 * ONNX ScatterND-11 .. 18.
 *
 * indices [i.., m], data [d1, .. dm, s..], updates [i.., s..]: out[indices[i]] = updates[i].
 * reduction: none, add, mul (16), max, min (18), in the order of indices. Negative indices count
 * from the back. Any dtype of whole bytes; numbers for reductions. */
#include "opkit/index.h"
#include "opkit/scatter.h"
#include "tensor/convert.h"

typedef struct attrs {
    tenon__scatter_how how;
} attrs;

/* Constant tuples that go up by one in their last index are packed as runs: how many, and the
 * first of them. */
typedef struct prepared {
    int64_t runs; /* 0: not packed */
} prepared;

/* Fewer tuples are not worth it, and may belong to a shape that is computed while binding. */
#define PACK_TUPLES 64

typedef struct params {
    tenon__scatter scatter;
    int depth;
    int64_t count, slice, bytes; /* tuples; elements of a slice; bytes of an element */
    int64_t extents[TENON_MAX_RANK], steps[TENON_MAX_RANK]; /* steps in bytes */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    return tenon__scatter_parse(tenon__attr_str(node, "reduction", "none"), &((attrs *)out)->how,
                                err);
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *in = c->in[0], *indices = c->in[1], *updates = c->in[2];
    tenon__infer_like(c, 0, 0);
    tenon_status st = tenon__check_index(c, 1, "indices");
    if (st == TENON_OK) st = tenon__scatter_check(c, ((const attrs *)c->attrs)->how, 2);
    if (st || tenon__infer_rank_unknown(c, 3)) return st;
    if (indices->rank < 1)
        return tenon__fail(c->err, TENON_ESHAPE, "indices are a scalar; they need a dim");
    int64_t depth = indices->dims[indices->rank - 1];
    if (depth < 0) return TENON_OK;
    if (depth > in->rank)
        return tenon__fail(c->err, TENON_ESHAPE, "tuples of %lld indices; data has rank %d",
                           (long long)depth, in->rank);
    int lead = indices->rank - 1;
    bool fits = updates->rank == lead + in->rank - (int)depth;
    for (int d = 0; fits && d < updates->rank; d++)
        fits = tenon__dim_agrees(updates->dims[d],
                                 d < lead ? indices->dims[d] : in->dims[d - lead + (int)depth]);
    if (!fits) {
        char a[120], b[120], u[120];
        return tenon__fail(c->err, TENON_ESHAPE, "updates %s do not fit data %s at indices %s",
                           tenon__view_print(updates, u, sizeof u),
                           tenon__view_print(in, a, sizeof a),
                           tenon__view_print(indices, b, sizeof b));
    }
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0], *indices = c->in[1];
    params *p = c->params;
    p->depth = (int)indices->dims[indices->rank - 1];
    p->bytes = tenon_dtype_bits(in->dtype) / 8;
    p->slice = tenon__dims_product(in->dims, p->depth, in->rank);
    p->count = tenon__dims_product(indices->dims, 0, indices->rank - 1);
    int64_t step = p->slice * p->bytes;
    for (int k = p->depth - 1; k >= 0; k--) {
        p->extents[k] = in->dims[k];
        p->steps[k] = step;
        step *= p->extents[k];
    }
    tenon__scatter_bind(c, &p->scatter, ((const attrs *)c->attrs)->how, p->count * p->slice);
    return TENON_OK;
}

/* ---- constant indices ---- */

static int64_t tuple_at(const tenon__view *v, int64_t k, int d)
{
    const int64_t depth = v->dims[v->rank - 1];
    return tenon__get_i64(v->dtype, v->data, (size_t)(k * depth + d));
}

/* Whether tuple k + 1 is the right neighbour of tuple k, whatever the data's dims. */
static bool goes_on(const tenon__view *v, int64_t k)
{
    const int last = (int)v->dims[v->rank - 1] - 1;
    for (int d = 0; d < last; d++)
        if (tuple_at(v, k, d) != tuple_at(v, k + 1, d)) return false;
    const int64_t i = tuple_at(v, k, last);
    return i != -1 && i < INT64_MAX && tuple_at(v, k + 1, last) == i + 1;
}

static int64_t tuples_of(const tenon__view *v)
{
    return tenon__dims_product(v->dims, 0, v->rank - 1);
}

static int64_t end_of_run(const tenon__view *v, int64_t k, int64_t count)
{
    for (k++; k < count && goes_on(v, k - 1); k++)
        continue;
    return k;
}

static tenon_status pack(const tenon__pack *p)
{
    const tenon__view *v = p->in[1];
    const int depth = (int)v->dims[v->rank - 1];
    int64_t *dst = p->dst;
    for (int64_t k = 0, end, count = tuples_of(v); k < count; k = end) {
        end = end_of_run(v, k, count);
        *dst++ = end - k;
        for (int d = 0; d < depth; d++)
            *dst++ = tuple_at(v, k, d);
    }
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    const tenon__view *v = c->in[1];
    prepared *pre = c->prepared;
    if (!v->known || !v->data || v->rank < 1 || v->dims[v->rank - 1] < 1 ||
        tuples_of(v) < PACK_TUPLES)
        return TENON_OK;
    const int64_t count = tuples_of(v), depth = v->dims[v->rank - 1];
    int64_t runs = 0;
    for (int64_t k = 0; k < count; k = end_of_run(v, k, count))
        runs++;
    if (runs > count / 4) return TENON_OK;
    pre->runs = runs;
    c->packed[0].size_bytes = (size_t)(runs * (1 + depth)) * sizeof(int64_t);
    c->packed[0].tiles = 1;
    c->packed[0].pack = pack;
    c->packed[0].input = 1;
    c->packed[0].variant = (uint64_t)depth;
    return TENON_OK;
}

/* ---- updates ---- */

/* The byte that a tuple names; `ahead`: so many more along the last index are there. */
static inline tenon_status place(const tenon__run *r, const params *p, const int64_t *tuple,
                                 int64_t ahead, int64_t *at)
{
    *at = 0;
    for (int d = 0; d < p->depth; d++) {
        int64_t i = tuple[d];
        const int64_t last = d == p->depth - 1 ? i + ahead : i;
        if (!tenon__index_fix(&i, p->extents[d]))
            return tenon__index_error(r->err, i, p->extents[d]);
        if (last >= p->extents[d]) return tenon__index_error(r->err, last, p->extents[d]);
        *at += i * p->steps[d];
    }
    return TENON_OK;
}

static tenon_status update_runs(const tenon__run *r, const params *p, int64_t runs)
{
    const int64_t *run = r->packed[0];
    const uint8_t *from = r->in[2]->data;
    for (int64_t at; runs > 0; runs--, run += 1 + p->depth) {
        tenon_status st = place(r, p, run + 1, run[0] - 1, &at);
        if (st) return st;
        const int64_t elems = run[0] * p->slice;
        tenon__scatter_put(&p->scatter, r->out[0]->data, at, from, elems, p->bytes);
        from += elems * p->bytes;
    }
    return TENON_OK;
}

/* The byte that tuple k names. */
static inline tenon_status locate(const tenon__run *r, const params *p, int64_t k, int64_t *at)
{
    int64_t tuple[TENON_MAX_RANK];
    if (r->in[1]->dtype == TENON_I64)
        return place(r, p, (const int64_t *)r->in[1]->data + k * p->depth, 0, at);
    for (int d = 0; d < p->depth; d++)
        tuple[d] = tenon__index_at(r->in[1], k * p->depth + d);
    return place(r, p, tuple, 0, at);
}

/* Tuples that name neighbours, one after another, are written as one slice. */
static tenon_status update(const tenon__run *r, const params *p)
{
    const int64_t bytes = p->slice * p->bytes;
    const uint8_t *from = r->in[2]->data;
    int64_t at, then = 0;
    tenon_status st = p->count ? locate(r, p, 0, &then) : TENON_OK;
    for (int64_t k = 0, next; k < p->count && st == TENON_OK; k = next) {
        at = then;
        for (next = k + 1; next < p->count; next++) {
            st = locate(r, p, next, &then);
            if (st || then != at + (next - k) * bytes) break;
        }
        if (st) break;
        tenon__scatter_put(&p->scatter, r->out[0]->data, at, from + k * bytes,
                           (next - k) * p->slice, p->bytes);
    }
    return st;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    const prepared *pre = r->prepared;
    if (r->phase) return pre->runs ? update_runs(r, p, pre->runs) : update(r, p);
    tenon__scatter_copy(r, &p->scatter);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "ScatterND", 11, 0, NULL}, {0}};

const tenon__op tenon__op_scatter_nd = {
    .name = "ScatterND",
    .doc = "Writes slices by tuples of indices",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .prepared_bytes = sizeof(prepared),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .prepare = prepare,
    .bind = bind,
    .tiles = tenon__scatter_tiles,
    .run = run,
};
