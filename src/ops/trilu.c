/* SPDX-License-Identifier: Apache-2.0 */
/* Trilu: the upper or lower triangle of the last two dims, zeros elsewhere. ONNX Trilu-14.
 *
 * Element (i, j) stays where j - i >= k (upper, the default) or j - i <= k (lower); k is an
 * optional int64 scalar, default 0. Any dtype of whole bytes. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct attrs {
    bool upper;
} attrs;

typedef struct params {
    int64_t height, width, bytes;
    int64_t rows, rows_per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    (void)err;
    ((attrs *)out)->upper = tenon__attr_int(node, "upper", 1) != 0;
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    size_t elem;
    tenon__infer_like(c, 0, 0);
    tenon_status st =
        c->in[0]->dtype ? tenon__elem_bytes(c->in[0]->dtype, "Trilu", &elem, c->err) : TENON_OK;
    if (st) return st;
    if (c->in[0]->rank >= 0 && c->in[0]->rank < 2)
        return tenon__fail(c->err, TENON_ESHAPE, "the input has rank %d; it must have at least 2",
                           c->in[0]->rank);
    if (!TENON__HAS(c, 1)) return TENON_OK;
    int64_t count = tenon__view_count(c->in[1]);
    if (count >= 0 && count != 1)
        return tenon__fail(c->err, TENON_ESHAPE, "k has %lld elements; it must be one number",
                           (long long)count);
    return tenon__check_index(c, 1, "k");
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0];
    params *p = c->params;
    p->height = in->dims[in->rank - 2];
    p->width = in->dims[in->rank - 1];
    p->bytes = tenon_dtype_bits(in->dtype) / 8;
    p->rows = tenon__dims_product(in->dims, 0, in->rank - 1);
    c->tiles = p->width ? tenon__tiles(p->rows, 6 + 0.06 * (double)(p->width * p->bytes),
                                       &p->rows_per_tile)
                        : 0;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    bool upper = ((const attrs *)r->attrs)->upper;
    const params *p = r->params;
    int64_t k = TENON__HAS(r, 1) ? tenon__index_at(r->in[1], 0) : 0;
    int64_t row = (int64_t)r->tile * p->rows_per_tile, end = row + p->rows_per_tile;
    /* Beyond these all or nothing stays: clamped so that sums do not overflow. */
    k = k > p->width ? p->width : k < -p->height ? -p->height : k;
    for (; row < end && row < p->rows; row++) {
        const uint8_t *in = (const uint8_t *)r->in[0]->data + row * p->width * p->bytes;
        uint8_t *out = (uint8_t *)r->out[0]->data + row * p->width * p->bytes;
        int64_t border =
            row % p->height + k + (upper ? 0 : 1); /* the first column of the upper part */
        border = border < 0 ? 0 : border > p->width ? p->width : border;
        size_t low = (size_t)(border * p->bytes), high = (size_t)((p->width - border) * p->bytes);
        if (upper) {
            memset(out, 0, low);
            memcpy(out + low, in + low, high);
        } else {
            memcpy(out, in, low);
            memset(out + low, 0, high);
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Trilu", 14, 0, NULL}, {0}};

const tenon__op tenon__op_trilu = {
    .name = "Trilu",
    .doc = "The upper or lower triangle of matrices",
    .min_inputs = 1,
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
