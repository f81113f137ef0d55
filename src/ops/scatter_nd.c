/* SPDX-License-Identifier: Apache-2.0 */
/* ScatterND: a copy of data in which slices, named by tuples of indices, are replaced or folded.
 * ONNX ScatterND-11 .. 18.
 *
 * indices [i.., m], data [d1, .. dm, s..], updates [i.., s..]: out[indices[i]] = updates[i].
 * reduction: none, add, mul (16), max, min (18), in the order of indices. Negative indices count
 * from the back. Any dtype of whole bytes; numbers for reductions. */
#include "opkit/index.h"
#include "opkit/scatter.h"

typedef struct attrs {
    tenon__scatter_how how;
} attrs;

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

/* The byte that tuple k names. */
static inline tenon_status locate(const tenon__run *r, const params *p, int64_t k, int64_t *at)
{
    const bool wide = r->in[1]->dtype == TENON_I64;
    const int64_t *tuple = wide ? (const int64_t *)r->in[1]->data + k * p->depth : NULL;
    *at = 0;
    for (int d = 0; d < p->depth; d++) {
        int64_t i = wide ? tuple[d] : tenon__index_at(r->in[1], k * p->depth + d);
        if (!tenon__index_fix(&i, p->extents[d]))
            return tenon__index_error(r->err, i, p->extents[d]);
        *at += i * p->steps[d];
    }
    return TENON_OK;
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
    if (r->phase) return update(r, p);
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
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .tiles = tenon__scatter_tiles,
    .run = run,
};
