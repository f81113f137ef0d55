/* SPDX-License-Identifier: Apache-2.0 */
/* Gather: slices of an axis by index. ONNX Gather-1 .. 13.
 *
 * out[o.., i.., r..] = data[o.., indices[i..], r..], `axis` (default 0) of data between o and r;
 * its rank is rank(data) - 1 + rank(indices). Negative indices count from the back. Any dtype whose
 * slices fill whole bytes. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct attrs {
    int64_t axis;
} attrs;

typedef struct params {
    int64_t outer, n, count, bytes; /* of the axis, of the indices, of a slice */
    int64_t per_tile;               /* slices */
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
    int64_t dims[TENON_MAX_RANK];
    int axis, rank = 0;
    tenon__infer_set(c, 0, in->dtype, TENON__RANK_UNKNOWN, NULL);
    tenon_status st = tenon__check_index(c, 1, "indices");
    if (st || tenon__infer_rank_unknown(c, 2)) return st;
    st = tenon__infer_axis(c, "axis", a->axis, in->rank, &axis);
    if (st) return st;
    if (in->rank - 1 + indices->rank > TENON_MAX_RANK)
        return tenon__fail(c->err, TENON_ELIMIT, "the output's rank is %d; at most %d is supported",
                           in->rank - 1 + indices->rank, TENON_MAX_RANK);
    for (int d = 0; d < axis; d++)
        dims[rank++] = in->dims[d];
    for (int d = 0; d < indices->rank; d++)
        dims[rank++] = indices->dims[d];
    for (int d = axis + 1; d < in->rank; d++)
        dims[rank++] = in->dims[d];
    tenon__infer_set(c, 0, in->dtype, rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0];
    params *p = c->params;
    tenon__around around =
        tenon__around_axis(in, tenon__axis_of(((const attrs *)c->attrs)->axis, in->rank));
    int64_t bits = around.inner * tenon_dtype_bits(in->dtype);
    if (bits % 8)
        return tenon__fail(c->err, TENON_EUNSUPPORTED,
                           "slices of %lld elements of %s do not fill whole bytes",
                           (long long)around.inner, tenon_dtype_text(in->dtype));
    p->outer = around.outer;
    p->n = around.n;
    p->count = tenon__view_count(c->in[1]);
    p->bytes = bits / 8;
    c->tiles =
        p->bytes ? tenon__tiles(p->outer * p->count, 2 + 0.06 * (double)p->bytes, &p->per_tile) : 0;
    return TENON_OK;
}

/* Slices [from, to) of one outer place; the size is a constant where it matters. */
static inline tenon_status slices(const tenon__run *r, const uint8_t *data, uint8_t *out,
                                  int64_t from, int64_t to, int64_t bytes)
{
    const params *p = r->params;
    for (int64_t k = from; k < to; k++) {
        int64_t i = tenon__index_at(r->in[1], k);
        if (!tenon__index_fix(&i, p->n)) return tenon__index_error(r->err, i, p->n);
        memcpy(out + (k - from) * bytes, data + i * bytes, (size_t)bytes);
    }
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    int64_t at = (int64_t)r->tile * p->per_tile, end = at + p->per_tile;
    if (end > p->outer * p->count) end = p->outer * p->count;
    while (at < end) {
        int64_t outer = at / p->count, from = at % p->count;
        int64_t to = from + (end - at) < p->count ? from + (end - at) : p->count;
        const uint8_t *data = (const uint8_t *)r->in[0]->data + outer * p->n * p->bytes;
        uint8_t *out = (uint8_t *)r->out[0]->data + at * p->bytes;
        tenon_status st;
        switch (p->bytes) {
        case 1:
            st = slices(r, data, out, from, to, 1);
            break;
        case 2:
            st = slices(r, data, out, from, to, 2);
            break;
        case 4:
            st = slices(r, data, out, from, to, 4);
            break;
        case 8:
            st = slices(r, data, out, from, to, 8);
            break;
        default:
            st = slices(r, data, out, from, to, p->bytes);
            break;
        }
        if (st) return st;
        at += to - from;
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Gather", 1, 0, NULL}, {0}};

const tenon__op tenon__op_gather = {
    .name = "Gather",
    .doc = "Slices of an axis by index",
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
