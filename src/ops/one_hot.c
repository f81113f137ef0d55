/* SPDX-License-Identifier: Apache-2.0 */
/* OneHot: a new axis of `depth`, on at the index and off elsewhere. ONNX OneHot-9, 11.
 *
 * indices are numbers of any type (fractions are dropped); those outside [-depth, depth) switch
 * nothing on. depth is one number; values is [off, on], whose type the output has. axis counts in
 * the output (default -1). */
#include "opkit/copy.h"
#include "opkit/index.h"
#include "tensor/convert.h"

typedef struct attrs {
    int64_t axis;
} attrs;

typedef struct params {
    int64_t outer, depth, inner, bytes, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    (void)err;
    ((attrs *)out)->axis = tenon__attr_int(node, "axis", -1);
    return TENON_OK;
}

static tenon_status check_values(tenon__infer *c)
{
    size_t elem;
    tenon_status st = tenon__check_rank(c, 2, 1, "values");
    if (st) return st;
    if (c->in[2]->rank == 1 && !tenon__dim_agrees(c->in[2]->dims[0], 2))
        return tenon__fail(c->err, TENON_ESHAPE, "values has %lld elements; it must be [off, on]",
                           (long long)c->in[2]->dims[0]);
    if (c->in[0]->dtype == TENON_STRING || c->in[0]->dtype == TENON_C64 ||
        c->in[0]->dtype == TENON_C128)
        return tenon__fail(c->err, TENON_ETYPE, "indices are %s; they must be numbers",
                           tenon_dtype_text(c->in[0]->dtype));
    return c->in[2]->dtype ? tenon__elem_bytes(c->in[2]->dtype, "OneHot", &elem, c->err) : TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *in = c->in[0], *depth_view = c->in[1];
    int64_t dims[TENON_MAX_RANK], depth = TENON__DIM_UNKNOWN;
    int axis;
    tenon__infer_set(c, 0, c->in[2]->dtype, TENON__RANK_UNKNOWN, NULL);
    tenon_status st = check_values(c);
    if (st || tenon__infer_rank_unknown(c, 1)) return st;
    if (in->rank + 1 > TENON_MAX_RANK)
        return tenon__fail(c->err, TENON_ELIMIT, "the output's rank exceeds %d", TENON_MAX_RANK);
    st = tenon__infer_axis(c, "axis", ((const attrs *)c->attrs)->axis, in->rank + 1, &axis);
    if (st) return st;
    const void *data = tenon__infer_data(c, 1);
    if (data) {
        if (tenon__view_count(depth_view) != 1 || depth_view->dtype == TENON_STRING)
            return tenon__fail(c->err, TENON_ESHAPE, "depth must be one number");
        depth = tenon__get_i64(depth_view->dtype, data, 0);
        if (depth < 0)
            return tenon__fail(c->err, TENON_ESHAPE, "depth is %lld; it must not be negative",
                               (long long)depth);
    }
    for (int d = 0; d <= in->rank; d++)
        dims[d] = d == axis ? depth : in->dims[d - (d > axis)];
    tenon__infer_set(c, 0, c->in[2]->dtype, in->rank + 1, dims);
    return data ? TENON_OK : TENON_EAGAIN;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *out = c->out[0];
    params *p = c->params;
    tenon__around a =
        tenon__around_axis(out, tenon__axis_of(((const attrs *)c->attrs)->axis, out->rank));
    p->outer = a.outer;
    p->depth = a.n;
    p->inner = a.inner;
    p->bytes = tenon_dtype_bits(out->dtype) / 8;
    double cost = 3.0 * (double)p->inner + 0.06 * (double)(p->depth * p->inner * p->bytes);
    c->tiles = tenon__view_count(out) ? tenon__tiles(p->outer, cost, &p->per_tile) : 0;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    const uint8_t *values = r->in[2]->data;
    int64_t o = (int64_t)r->tile * p->per_tile, end = o + p->per_tile;
    for (; o < end && o < p->outer; o++) {
        uint8_t *out = (uint8_t *)r->out[0]->data + o * p->depth * p->inner * p->bytes;
        tenon__fill(out, values, (size_t)p->bytes, p->depth * p->inner);
        for (int64_t k = 0; k < p->inner; k++) {
            int64_t i = tenon__get_i64(r->in[0]->dtype, r->in[0]->data, (size_t)(o * p->inner + k));
            if (!tenon__index_fix(&i, p->depth)) continue;
            memcpy(out + (i * p->inner + k) * p->bytes, values + p->bytes, (size_t)p->bytes);
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "OneHot", 9, 0, NULL}, {0}};

const tenon__op tenon__op_one_hot = {
    .name = "OneHot",
    .doc = "On at an index, off elsewhere, along a new axis",
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
    .run = run,
};
