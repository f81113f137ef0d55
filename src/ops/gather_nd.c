/* SPDX-License-Identifier: Apache-2.0 */
/* GatherND: slices by tuples of indices. ONNX GatherND-11 .. 13.
 *
 * indices [b.., i.., m], data [b.., d1, .. dm, s..], b.. being `batch_dims` common dims; out is
 * [b.., i.., s..] with out[b, i] = data[b, indices[b, i]]. Negative indices count from the back.
 * Any dtype of whole bytes. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct attrs {
    int64_t batch_dims;
} attrs;

typedef struct params {
    int depth;                  /* m */
    int64_t per_batch;          /* tuples */
    int64_t batch_bytes, bytes; /* of data: one batch, one slice */
    int64_t count, per_tile;    /* tuples */
    int64_t extents[TENON_MAX_RANK];
    int64_t steps[TENON_MAX_RANK]; /* bytes */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    int64_t n = tenon__attr_int(node, "batch_dims", 0);
    (void)graph;
    ((attrs *)out)->batch_dims = n;
    if (n < 0 || n >= TENON_MAX_RANK)
        return tenon__fail(err, TENON_EFORMAT, "batch_dims is %lld; it must lie in [0, %d)",
                           (long long)n, TENON_MAX_RANK);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *in = c->in[0], *indices = c->in[1];
    int batch = (int)((const attrs *)c->attrs)->batch_dims, rank = 0;
    int64_t dims[TENON_MAX_RANK];
    size_t elem;
    tenon__infer_set(c, 0, in->dtype, TENON__RANK_UNKNOWN, NULL);
    tenon_status st = tenon__check_index(c, 1, "indices");
    if (st == TENON_OK && in->dtype) st = tenon__elem_bytes(in->dtype, "GatherND", &elem, c->err);
    if (st || tenon__infer_rank_unknown(c, 2)) return st;
    if (indices->rank < 1 || batch >= indices->rank || batch > in->rank)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "batch_dims is %d, data and indices have rank %d and %d", batch,
                           in->rank, indices->rank);
    int64_t depth = indices->dims[indices->rank - 1];
    if (depth < 0) return TENON_OK;
    if (depth > in->rank - batch)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "tuples of %lld indices; data has %d dims for them", (long long)depth,
                           in->rank - batch);
    for (int d = 0; d < batch; d++)
        if (!tenon__dim_agrees(in->dims[d], indices->dims[d]))
            return tenon__fail(c->err, TENON_ESHAPE,
                               "batch dim %d is %lld in data and %lld in indices", d,
                               (long long)in->dims[d], (long long)indices->dims[d]);
    if (indices->rank - 1 + in->rank - batch - depth > TENON_MAX_RANK)
        return tenon__fail(c->err, TENON_ELIMIT, "the output's rank exceeds %d", TENON_MAX_RANK);
    for (int d = 0; d < indices->rank - 1; d++)
        dims[rank++] = indices->dims[d];
    for (int d = batch + (int)depth; d < in->rank; d++)
        dims[rank++] = in->dims[d];
    tenon__infer_set(c, 0, in->dtype, rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0], *indices = c->in[1];
    int batch = (int)((const attrs *)c->attrs)->batch_dims;
    params *p = c->params;
    p->depth = (int)indices->dims[indices->rank - 1];
    p->bytes = tenon__dims_product(in->dims, batch + p->depth, in->rank) *
               (tenon_dtype_bits(in->dtype) / 8);
    p->per_batch = tenon__dims_product(indices->dims, batch, indices->rank - 1);
    p->count = tenon__dims_product(indices->dims, 0, indices->rank - 1);
    int64_t step = p->bytes;
    for (int k = p->depth - 1; k >= 0; k--) {
        p->extents[k] = in->dims[batch + k];
        p->steps[k] = step;
        step *= p->extents[k];
    }
    p->batch_bytes = step;
    c->tiles = p->bytes ? tenon__tiles(p->count, 3 + 0.06 * (double)p->bytes, &p->per_tile) : 0;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    int64_t k = (int64_t)r->tile * p->per_tile, end = k + p->per_tile;
    for (; k < end && k < p->count; k++) {
        int64_t at = k / p->per_batch * p->batch_bytes;
        for (int d = 0; d < p->depth; d++) {
            int64_t i = tenon__index_at(r->in[1], k * p->depth + d);
            if (!tenon__index_fix(&i, p->extents[d]))
                return tenon__index_error(r->err, i, p->extents[d]);
            at += i * p->steps[d];
        }
        memcpy((uint8_t *)r->out[0]->data + k * p->bytes, (const uint8_t *)r->in[0]->data + at,
               (size_t)p->bytes);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "GatherND", 11, 0, NULL}, {0}};

const tenon__op tenon__op_gather_nd = {
    .name = "GatherND",
    .doc = "Slices by tuples of indices",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
