/* SPDX-License-Identifier: Apache-2.0 */
/* ArrayFeatureExtractor: elements of the last dim by index. ai.onnx.ml ArrayFeatureExtractor-1.
 *
 * X [.., C], Y any shape of n int64 indices; out is [.., n], or [1, n] for X [C]. Any dtype of
 * whole bytes. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct params {
    int64_t rows, columns, count, bytes, per_tile;
} params;

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *x = c->in[0];
    int64_t dims[TENON_MAX_RANK];
    size_t elem;
    tenon__infer_set(c, 0, x->dtype, TENON__RANK_UNKNOWN, NULL);
    tenon_status st = tenon__check_index(c, 1, "the indices");
    if (st == TENON_OK && x->dtype)
        st = tenon__elem_bytes(x->dtype, "ArrayFeatureExtractor", &elem, c->err);
    if (st || tenon__infer_rank_unknown(c, 1)) return st;
    if (x->rank < 1)
        return tenon__fail(c->err, TENON_ESHAPE, "the input is a scalar; it must have a dim");
    memcpy(dims, x->dims, sizeof dims);
    if (x->rank == 1) dims[0] = 1;
    dims[x->rank == 1 ? 1 : x->rank - 1] = tenon__view_count(c->in[1]);
    tenon__infer_set(c, 0, x->dtype, x->rank == 1 ? 2 : x->rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *x = c->in[0];
    params *p = c->params;
    p->columns = x->dims[x->rank - 1];
    p->rows = tenon__dims_product(x->dims, 0, x->rank - 1);
    p->count = tenon__view_count(c->in[1]);
    p->bytes = tenon_dtype_bits(x->dtype) / 8;
    c->tiles = p->count ? tenon__tiles(p->rows, 3.0 * (double)p->count, &p->per_tile) : 0;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    int64_t row = (int64_t)r->tile * p->per_tile, end = row + p->per_tile;
    for (; row < end && row < p->rows; row++) {
        const uint8_t *in = (const uint8_t *)r->in[0]->data + row * p->columns * p->bytes;
        uint8_t *out = (uint8_t *)r->out[0]->data + row * p->count * p->bytes;
        for (int64_t k = 0; k < p->count; k++) {
            int64_t i = tenon__index_at(r->in[1], k);
            if (!tenon__index_fix(&i, p->columns)) return tenon__index_error(r->err, i, p->columns);
            memcpy(out + k * p->bytes, in + i * p->bytes, (size_t)p->bytes);
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "ArrayFeatureExtractor", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_array_feature_extractor = {
    .name = "ArrayFeatureExtractor",
    .doc = "Elements of the last dim by index",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .params_bytes = sizeof(params),
    .infer = infer,
    .bind = bind,
    .run = run,
};
