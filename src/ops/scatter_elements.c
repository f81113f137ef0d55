/* SPDX-License-Identifier: Apache-2.0 */
/* ScatterElements: a copy of data in which out[.., indices[.., i, ..], ..] = updates[.., i, ..]
 * along an axis. ONNX ScatterElements-11 .. 18, and Scatter-9 .. 11 by its old name.
 *
 * indices and updates have one shape, data's rank and, but for the axis, extents no larger than
 * data's. reduction: none, add, mul (16), max, min (18), folded in the order of indices. Negative
 * indices count from the back. Any dtype of whole bytes; numbers for reductions. */
#include "opkit/index.h"
#include "opkit/scatter.h"

typedef struct attrs {
    int64_t axis;
    tenon__scatter_how how;
} attrs;

typedef struct params {
    tenon__scatter scatter;
    int rank;
    int64_t columns, rows, bytes;
    int64_t extent, axis_step, column_step; /* of data; steps in elements */
    int64_t dims[TENON_MAX_RANK], steps[TENON_MAX_RANK];
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    a->axis = tenon__attr_int(node, "axis", 0);
    return tenon__scatter_parse(tenon__attr_str(node, "reduction", "none"), &a->how, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0], *indices = c->in[1], *updates = c->in[2];
    int axis;
    tenon__infer_like(c, 0, 0);
    tenon_status st = tenon__check_index(c, 1, "indices");
    if (st == TENON_OK) st = tenon__scatter_check(c, a->how, 2);
    if (st || tenon__infer_rank_unknown(c, 3)) return st;
    st = tenon__infer_axis(c, "axis", a->axis, in->rank, &axis);
    if (st) return st;
    if (in->rank != indices->rank || in->rank != updates->rank)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "data, indices and updates have ranks %d, %d and %d", in->rank,
                           indices->rank, updates->rank);
    for (int d = 0; d < in->rank; d++) {
        if (!tenon__dim_agrees(indices->dims[d], updates->dims[d]))
            return tenon__fail(c->err, TENON_ESHAPE,
                               "dim %d is %lld in indices and %lld in updates", d,
                               (long long)indices->dims[d], (long long)updates->dims[d]);
        if (d != axis && in->dims[d] >= 0 && indices->dims[d] > in->dims[d])
            return tenon__fail(c->err, TENON_ESHAPE,
                               "dim %d of indices is %lld; data has only %lld", d,
                               (long long)indices->dims[d], (long long)in->dims[d]);
    }
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0], *indices = c->in[1];
    params *p = c->params;
    int64_t strides[TENON_MAX_RANK];
    int axis = tenon__axis_of(a->axis, in->rank);
    tenon__dense_strides(in->rank, in->dims, strides);
    for (int d = 0; d < in->rank; d++) {
        p->dims[d] = indices->dims[d];
        p->steps[d] = d == axis ? 0 : strides[d];
    }
    p->rank = in->rank;
    p->bytes = tenon_dtype_bits(in->dtype) / 8;
    p->extent = in->dims[axis];
    p->axis_step = strides[axis];
    p->column_step = p->steps[p->rank - 1];
    p->columns = indices->dims[p->rank - 1];
    p->rows = tenon__dims_product(indices->dims, 0, p->rank - 1);
    tenon__scatter_bind(c, &p->scatter, a->how, p->columns * p->rows);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    const uint8_t *updates = r->in[2]->data;
    if (r->phase == 0) {
        tenon__scatter_copy(r, &p->scatter);
        return TENON_OK;
    }
    for (int64_t row = 0; row < p->rows; row++) {
        int64_t at = 0, rest = row;
        for (int d = p->rank - 2; d >= 0; d--) {
            at += rest % p->dims[d] * p->steps[d];
            rest /= p->dims[d];
        }
        for (int64_t k = 0; k < p->columns; k++) {
            int64_t i = tenon__index_at(r->in[1], row * p->columns + k);
            if (!tenon__index_fix(&i, p->extent)) return tenon__index_error(r->err, i, p->extent);
            tenon__scatter_put(&p->scatter, r->out[0]->data,
                               (at + k * p->column_step + i * p->axis_step) * p->bytes,
                               updates + (row * p->columns + k) * p->bytes, 1, p->bytes);
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {
    {"onnx", "", "ScatterElements", 11, 0, NULL}, {"onnx", "", "Scatter", 9, 0, NULL}, {0}};

const tenon__op tenon__op_scatter_elements = {
    .name = "ScatterElements",
    .doc = "Writes one element of an axis for each index",
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
