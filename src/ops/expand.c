/* SPDX-License-Identifier: Apache-2.0 */
/* Expand: numpy broadcasting of the input with a shape. ONNX Expand-8, 13.
 *
 * shape is an integer list; where it has 1 (or is shorter) the input's dim stays. Any dtype. */
#include "opkit/copy.h"
#include "opkit/index.h"

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *in = c->in[0];
    int64_t shape[TENON_MAX_RANK], dims[TENON_MAX_RANK];
    int count;
    tenon__infer_set(c, 0, in->dtype, TENON__RANK_UNKNOWN, NULL);
    tenon_status st = tenon__infer_ints(c, 1, shape, TENON_MAX_RANK, &count);
    if (st) return st;
    if (count < 0) return tenon__fail(c->err, TENON_EFORMAT, "shape is missing");
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    int rank = in->rank > count ? in->rank : count;
    for (int d = 0; d < rank; d++) {
        int from = d - (rank - in->rank), to = d - (rank - count);
        int64_t a = from < 0 ? 1 : in->dims[from], b = to < 0 ? 1 : shape[to];
        if (b < 0)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "shape has %lld at %d; extents are not negative", (long long)b, to);
        if (a >= 0 && a != b && a != 1 && b != 1)
            return tenon__fail(c->err, TENON_ESHAPE, "dim %d is %lld and cannot become %lld", from,
                               (long long)a, (long long)b);
        dims[d] = b == 1 ? a : a < 0 || a == 1 ? b : a;
    }
    tenon__infer_set(c, 0, in->dtype, rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0], *out = c->out[0];
    int64_t strides[TENON_MAX_RANK], from[TENON_MAX_RANK];
    tenon__dense_strides(in->rank, in->dims, strides);
    for (int d = 0; d < out->rank; d++) {
        int own = d - (out->rank - in->rank);
        from[d] = own < 0 || in->dims[own] == 1 ? 0 : strides[own];
    }
    tenon__copy *copy = c->params;
    tenon__copy_init_dense(copy, c->cpu, in->dtype, out->rank, out->dims, 0, from);
    c->tiles = copy->tiles;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    tenon__copy_run(r->params, r->in[0]->data, r->out[0]->data, r->tile);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Expand", 8, 0, NULL}, {0}};

const tenon__op tenon__op_expand = {
    .name = "Expand",
    .doc = "Broadcasts to a shape",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .params_bytes = sizeof(tenon__copy),
    .infer = infer,
    .bind = bind,
    .run = run,
};
