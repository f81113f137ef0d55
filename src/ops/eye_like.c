/* SPDX-License-Identifier: Apache-2.0 */
/* EyeLike: ones on diagonal k (0 the main one, above it positive), zeros elsewhere, in the shape of
 * the input, which has rank 2, and in its dtype unless `dtype` says otherwise. Any dtype of
 * numbers. Source: ONNX EyeLike-22. */
#include "graph/op.h"
#include "tensor/convert.h"
#include "tensor/onnx_type.h"

typedef struct attributes {
    tenon_dtype dtype; /* TENON_NONE: the input's */
    int64_t k;
} attributes;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    attributes *a = attrs;
    (void)graph;
    tenon_status status = tenon__attr_check(node, "dtype", TENON__ATTR_INT, err);
    if (!status) status = tenon__attr_check(node, "k", TENON__ATTR_INT, err);
    if (status) return status;
    a->k = tenon__attr_int(node, "k", 0);
    if (!tenon__attr_find(node, "dtype")) return TENON_OK;
    a->dtype = tenon__dtype_of_onnx(tenon__attr_int(node, "dtype", 0));
    if (a->dtype == TENON_NONE)
        return tenon__fail(err, TENON_EFORMAT, "dtype names no element type");
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attributes *a = c->attrs;
    const tenon__view *x = c->in[0];
    tenon_dtype dtype = a->dtype == TENON_NONE ? x->dtype : a->dtype;
    if (x->kind != TENON_VALUE_TENSOR || (x->rank != 2 && x->rank != TENON__RANK_UNKNOWN))
        return tenon__fail(c->err, TENON_ESHAPE, "the input has rank %d; it must be a matrix",
                           x->rank);
    if (dtype == TENON_STRING || dtype == TENON_C64 || dtype == TENON_C128)
        return tenon__fail(c->err, TENON_ETYPE, "%s has no one", tenon_dtype_text(dtype));
    tenon__infer_set(c, 0, dtype, x->rank, x->dims);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attributes *a = r->attrs;
    tenon__view *y = r->out[0];
    int64_t rows = y->dims[0], cols = y->dims[1];
    size_t size_bytes;
    double one = 1;
    uint8_t bits[8] = {0};
    if (!tenon__view_bytes(y, &size_bytes) || size_bytes == 0) return TENON_OK;
    memset(y->data, 0, size_bytes);
    tenon_status status = tenon__convert(TENON_F64, &one, y->dtype, bits, 0, 1, true, r->err);
    if (status || a->k >= cols || a->k <= -rows) return status;
    int64_t row = a->k < 0 ? -a->k : 0, col = a->k < 0 ? 0 : a->k;
    unsigned width = tenon_dtype_bits(y->dtype);
    for (; row < rows && col < cols; row++, col++) {
        size_t at = (size_t)(row * cols + col);
        if (width < 8)
            tenon__packed_set(y->dtype, y->data, at, tenon__packed_get(y->dtype, bits, 0));
        else
            memcpy((char *)y->data + at * (width / 8), bits, width / 8);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "EyeLike", 9, 0, NULL}, {0}};

const tenon__op tenon__op_eye_like = {
    .name = "EyeLike",
    .doc = "Ones on a diagonal",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attributes),
    .read = read,
    .infer = infer,
    .run = run,
};
