/* SPDX-License-Identifier: Apache-2.0 */
/* GatherElements: out[.., i, ..] = data[.., indices[.., i, ..], ..] along an axis. ONNX
 * GatherElements-11, 13.
 *
 * indices have data's rank and, but for the axis, extents no larger than data's; the output has
 * their shape. Negative indices count from the back. Any dtype of whole bytes. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct attrs {
    int64_t axis;
} attrs;

typedef struct params {
    int rank, axis;
    int64_t columns, rows, rows_per_tile;          /* of the indices */
    int64_t bytes, extent, axis_step, column_step; /* of data; steps in elements */
    int64_t dims[TENON_MAX_RANK], steps[TENON_MAX_RANK];
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    (void)err;
    ((attrs *)out)->axis = tenon__attr_int(node, "axis", 0);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0], *indices = c->in[1];
    size_t elem;
    int axis;
    tenon__infer_set(c, 0, in->dtype, indices->rank, indices->dims);
    tenon_status st = tenon__check_index(c, 1, "indices");
    if (st == TENON_OK && in->dtype)
        st = tenon__elem_bytes(in->dtype, "GatherElements", &elem, c->err);
    if (st || tenon__infer_rank_unknown(c, 2)) return st;
    st = tenon__infer_axis(c, "axis", a->axis, in->rank, &axis);
    if (st) return st;
    if (in->rank != indices->rank)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "data has rank %d and indices %d; they must be equal", in->rank,
                           indices->rank);
    for (int d = 0; d < in->rank; d++)
        if (d != axis && in->dims[d] >= 0 && indices->dims[d] > in->dims[d])
            return tenon__fail(c->err, TENON_ESHAPE,
                               "dim %d of indices is %lld; data has only %lld", d,
                               (long long)indices->dims[d], (long long)in->dims[d]);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0], *indices = c->in[1];
    params *p = c->params;
    int64_t strides[TENON_MAX_RANK];
    p->rank = in->rank;
    p->axis = tenon__axis_of(((const attrs *)c->attrs)->axis, in->rank);
    p->bytes = tenon_dtype_bits(in->dtype) / 8;
    tenon__dense_strides(in->rank, in->dims, strides);
    for (int d = 0; d < p->rank; d++) {
        p->dims[d] = indices->dims[d];
        p->steps[d] = d == p->axis ? 0 : strides[d];
    }
    p->extent = in->dims[p->axis];
    p->axis_step = strides[p->axis];
    p->column_step = p->steps[p->rank - 1];
    p->columns = indices->dims[p->rank - 1];
    p->rows = tenon__dims_product(indices->dims, 0, p->rank - 1);
    c->tiles =
        p->columns ? tenon__tiles(p->rows, 10 + 1.5 * (double)p->columns, &p->rows_per_tile) : 0;
    return TENON_OK;
}

static inline tenon_status columns(const tenon__run *r, int64_t row, int64_t at, int64_t bytes)
{
    const params *p = r->params;
    const uint8_t *data = r->in[0]->data;
    uint8_t *out = (uint8_t *)r->out[0]->data + row * p->columns * bytes;
    for (int64_t k = 0; k < p->columns; k++) {
        int64_t i = tenon__index_at(r->in[1], row * p->columns + k);
        if (!tenon__index_fix(&i, p->extent)) return tenon__index_error(r->err, i, p->extent);
        memcpy(out + k * bytes, data + (at + k * p->column_step + i * p->axis_step) * bytes,
               (size_t)bytes);
    }
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    int64_t row = (int64_t)r->tile * p->rows_per_tile, end = row + p->rows_per_tile;
    for (; row < end && row < p->rows; row++) {
        int64_t at = 0, rest = row;
        for (int d = p->rank - 2; d >= 0; d--) {
            at += rest % p->dims[d] * p->steps[d];
            rest /= p->dims[d];
        }
        tenon_status st;
        switch (p->bytes) {
        case 1:
            st = columns(r, row, at, 1);
            break;
        case 2:
            st = columns(r, row, at, 2);
            break;
        case 4:
            st = columns(r, row, at, 4);
            break;
        case 8:
            st = columns(r, row, at, 8);
            break;
        default:
            st = columns(r, row, at, p->bytes);
            break;
        }
        if (st) return st;
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "GatherElements", 11, 0, NULL}, {0}};

const tenon__op tenon__op_gather_elements = {
    .name = "GatherElements",
    .doc = "One element of an axis for each index",
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
