/* SPDX-License-Identifier: Apache-2.0 */
/* ConstantOfShape: one value everywhere. ONNX ConstantOfShape-9 .. 25.
 *
 * The input is an integer list of extents; value is a tensor of one element, default float32 0. */
#include "opkit/copy.h"
#include "opkit/index.h"
#include "tensor/convert.h"

typedef struct attrs {
    tenon_dtype dtype;
    unsigned elem_bytes;
    uint8_t value[16]; /* elements below a byte: as often as they fit */
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    const tenon__view *value = tenon__attr_tensor(node, "value");
    (void)graph;
    a->dtype = TENON_F32;
    a->elem_bytes = 4;
    if (!value) return TENON_OK;
    if (tenon__view_count(value) != 1)
        return tenon__fail(err, TENON_EFORMAT, "value has %lld elements; it must have one",
                           (long long)tenon__view_count(value));
    unsigned bits = tenon_dtype_bits(value->dtype);
    a->dtype = value->dtype;
    a->elem_bytes = bits < 8 ? 1 : bits / 8;
    if (bits >= 8) {
        memcpy(a->value, value->data, a->elem_bytes);
        return TENON_OK;
    }
    for (size_t k = 0; k < 8 / bits; k++)
        tenon__packed_set(a->dtype, a->value, k, tenon__packed_get(a->dtype, value->data, 0));
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int64_t dims[TENON_MAX_RANK];
    int rank = TENON__RANK_UNKNOWN;
    tenon_status st = tenon__infer_ints(c, 0, dims, TENON_MAX_RANK, &rank);
    if (st == TENON_EAGAIN && c->in[0]->rank == 1 && c->in[0]->dims[0] >= 0 &&
        c->in[0]->dims[0] <= TENON_MAX_RANK) {
        rank = (int)c->in[0]->dims[0];
        for (int d = 0; d < rank; d++)
            dims[d] = TENON__DIM_UNKNOWN;
        tenon__infer_set(c, 0, a->dtype, rank, dims);
    } else if (st == TENON_EAGAIN) {
        tenon__infer_set(c, 0, a->dtype, TENON__RANK_UNKNOWN, NULL);
    }
    if (st) return st;
    for (int d = 0; d < rank; d++)
        if (dims[d] < 0)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "the extent at %d is %lld; it must not be negative", d,
                               (long long)dims[d]);
    tenon__infer_set(c, 0, a->dtype, rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    size_t bytes = 0;
    if (!tenon__view_bytes(c->out[0], &bytes) || bytes > INT64_MAX)
        return tenon__fail(c->err, TENON_ELIMIT, "the output's size overflows");
    c->tiles = tenon__stretch_init(c->params, (int64_t)bytes, 64);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    int64_t from, to;
    tenon__stretch_tile(r->params, r->tile, &from, &to);
    tenon__fill((uint8_t *)r->out[0]->data + from, a->value, a->elem_bytes,
                (to - from) / a->elem_bytes);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "ConstantOfShape", 9, 0, NULL}, {0}};

const tenon__op tenon__op_constant_of_shape = {
    .name = "ConstantOfShape",
    .doc = "One value everywhere",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(tenon__stretch),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
