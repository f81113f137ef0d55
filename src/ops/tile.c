/* SPDX-License-Identifier: Apache-2.0 */
/* Tile: the input repeated along each dim. ONNX Tile-6, 13.
 *
 * repeats has one number, not negative, for each dim. Any dtype. */
#include "opkit/copy.h"
#include "opkit/index.h"

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *in = c->in[0];
    int64_t repeats[TENON_MAX_RANK], dims[TENON_MAX_RANK];
    int count;
    for (int d = 0; d < TENON_MAX_RANK; d++)
        dims[d] = TENON__DIM_UNKNOWN;
    tenon__infer_set(c, 0, in->dtype, in->rank, dims);
    tenon_status st = tenon__infer_ints(c, 1, repeats, TENON_MAX_RANK, &count);
    if (st || tenon__infer_rank_unknown(c, 1)) return st;
    if (count != in->rank)
        return tenon__fail(c->err, TENON_ESHAPE, "repeats has %d numbers; the input has rank %d",
                           count, in->rank);
    for (int d = 0; d < count; d++) {
        if (repeats[d] < 0)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "repeats has %lld at %d; it must not be negative",
                               (long long)repeats[d], d);
        dims[d] = repeats[d] == 1 ? in->dims[d] : tenon__dim_mul(in->dims[d], repeats[d]);
        if (dims[d] < 0 && in->dims[d] >= 0)
            return tenon__fail(c->err, TENON_ELIMIT, "dim %d overflows", d);
    }
    tenon__infer_set(c, 0, in->dtype, in->rank, dims);
    return TENON_OK;
}

/* Each dim becomes two: how often, and the dim itself. */
static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0], *out = c->out[0];
    int64_t strides[TENON_MAX_RANK], dims[2 * TENON_MAX_RANK], from[2 * TENON_MAX_RANK];
    tenon__dense_strides(in->rank, in->dims, strides);
    for (int d = 0; d < in->rank; d++) {
        dims[2 * d] = in->dims[d] ? out->dims[d] / in->dims[d] : 0;
        dims[2 * d + 1] = in->dims[d];
        from[2 * d] = 0;
        from[2 * d + 1] = strides[d];
    }
    tenon__copy *copy = c->params;
    tenon__copy_init_dense(copy, c->cpu, in->dtype, 2 * in->rank, dims, 0, from);
    c->tiles = copy->tiles;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    tenon__copy_run(r->params, r->in[0]->data, r->out[0]->data, r->tile);
    return TENON_OK;
}

_Static_assert(2 * TENON_MAX_RANK <= TENON__COPY_RANK, "Tile needs two dims for each");

static const tenon__import imports[] = {{"onnx", "", "Tile", 6, 0, NULL}, {0}};

const tenon__op tenon__op_tile = {
    .name = "Tile",
    .doc = "Repeats a tensor along its dims",
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
