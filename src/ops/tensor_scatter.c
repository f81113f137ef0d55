/* SPDX-License-Identifier: Apache-2.0 */
/* TensorScatter: a cache with new entries written behind what each sequence of the batch has. ONNX
 * TensorScatter-24.
 *
 * past [B, .., max, ..] and update [B, .., n, ..] differ along `axis` (default -2, not the batch).
 * write_indices [B] (int64, default 0): where the first entry goes. mode `linear`: write_indices +
 * n must not exceed max; `circular`: places are taken modulo max. Any dtype of whole bytes. */
#include <inttypes.h>

#include "opkit/index.h"
#include "opkit/scatter.h"

typedef struct attrs {
    int64_t axis;
    bool circular;
} attrs;

typedef struct params {
    tenon__scatter scatter;
    int64_t most, entries, entry_bytes; /* of the axis; of update; of one entry */
    int64_t per_batch, outer;           /* outer = batch * per_batch */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    tenon__str mode = tenon__attr_str(node, "mode", "linear");
    (void)graph;
    a->axis = tenon__attr_int(node, "axis", -2);
    a->circular = tenon__str_is(mode, "circular");
    if (!a->circular && !tenon__str_is(mode, "linear"))
        return tenon__fail(err, TENON_EFORMAT, "mode is '%.*s'; it must be linear or circular",
                           TENON__STR_ARG(mode));
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0], *update = c->in[1];
    int axis;
    tenon__infer_like(c, 0, 0);
    tenon_status st = tenon__scatter_check(c, TENON__SCATTER_SET, 1);
    if (st || tenon__infer_rank_unknown(c, 2)) return st;
    st = tenon__infer_axis(c, "axis", a->axis, in->rank, &axis);
    if (st) return st;
    if (axis == 0) return tenon__fail(c->err, TENON_EFORMAT, "axis is 0, which is the batch");
    bool fits = in->rank == update->rank;
    for (int d = 0; fits && d < in->rank; d++)
        fits = tenon__dim_agrees(in->dims[d], update->dims[d]) ||
               (d == axis && update->dims[d] <= in->dims[d]);
    if (!fits) {
        char x[120], y[120];
        return tenon__fail(c->err, TENON_ESHAPE, "update %s does not fit the cache %s",
                           tenon__view_print(update, x, sizeof x),
                           tenon__view_print(in, y, sizeof y));
    }
    if (!TENON__HAS(c, 2)) return TENON_OK;
    st = tenon__check_index(c, 2, "write_indices");
    if (st == TENON_OK) st = tenon__check_rank(c, 2, 1, "write_indices");
    if (st || c->in[2]->rank < 0) return st;
    if (!tenon__dim_agrees(c->in[2]->dims[0], in->dims[0]))
        return tenon__fail(c->err, TENON_ESHAPE,
                           "write_indices has %lld numbers for a batch of %lld",
                           (long long)c->in[2]->dims[0], (long long)in->dims[0]);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0], *update = c->in[1];
    params *p = c->params;
    int axis = tenon__axis_of(((const attrs *)c->attrs)->axis, in->rank);
    p->most = in->dims[axis];
    p->entries = update->dims[axis];
    p->entry_bytes =
        tenon__dims_product(in->dims, axis + 1, in->rank) * (tenon_dtype_bits(in->dtype) / 8);
    p->per_batch = tenon__dims_product(in->dims, 1, axis);
    p->outer = in->dims[0] * p->per_batch;
    tenon__scatter_bind(c, &p->scatter, TENON__SCATTER_SET, p->outer * p->entries * p->entry_bytes);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    if (r->phase == 0) {
        tenon__scatter_copy(r, &p->scatter);
        return TENON_OK;
    }
    for (int64_t o = 0; o < p->outer; o++) {
        int64_t first = TENON__HAS(r, 2) ? tenon__index_at(r->in[2], o / p->per_batch) : 0;
        if (a->circular)
            first = (first % p->most + p->most) % p->most;
        else if (first < 0 || first > p->most - p->entries)
            return tenon__fail(r->err, TENON_ESHAPE,
                               "write index %" PRId64 " leaves no room for %" PRId64
                               " entries of %" PRId64,
                               first, p->entries, p->most);
        uint8_t *out = (uint8_t *)r->out[0]->data + o * p->most * p->entry_bytes;
        const uint8_t *update = (const uint8_t *)r->in[1]->data + o * p->entries * p->entry_bytes;
        int64_t front = p->most - first < p->entries ? p->most - first : p->entries;
        memcpy(out + first * p->entry_bytes, update, (size_t)(front * p->entry_bytes));
        memcpy(out, update + front * p->entry_bytes,
               (size_t)((p->entries - front) * p->entry_bytes));
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "TensorScatter", 24, 0, NULL}, {0}};

const tenon__op tenon__op_tensor_scatter = {
    .name = "TensorScatter",
    .doc = "Writes new entries into a cache",
    .min_inputs = 2,
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
