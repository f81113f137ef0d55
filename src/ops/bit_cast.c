/* SPDX-License-Identifier: Apache-2.0 */
/* BitCast: the bits of x as dtype `to` of the same size; any shape, any dtype but strings. Source:
 * ONNX BitCast-26. */
#include "graph/op.h"
#include "tensor/onnx_type.h"

typedef struct attributes {
    tenon_dtype to;
} attributes;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    attributes *a = attrs;
    (void)graph;
    tenon_status status = tenon__attr_check(node, "to", TENON__ATTR_INT, err);
    if (status) return status;
    a->to = tenon__dtype_of_onnx(tenon__attr_int(node, "to", 0));
    if (a->to == TENON_NONE || a->to == TENON_STRING)
        return tenon__fail(err, TENON_EFORMAT, "to names no element type that has bits");
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attributes *a = c->attrs;
    const tenon__view *in = c->in[0];
    if (in->kind != TENON_VALUE_TENSOR || in->dtype == TENON_STRING)
        return tenon__fail(c->err, TENON_ETYPE, "the input is no tensor of numbers");
    if (in->dtype != TENON_NONE && tenon_dtype_bits(in->dtype) != tenon_dtype_bits(a->to))
        return tenon__fail(c->err, TENON_ETYPE, "%s has %u bits, %s has %u; they must have as many",
                           tenon_dtype_text(in->dtype), tenon_dtype_bits(in->dtype),
                           tenon_dtype_text(a->to), tenon_dtype_bits(a->to));
    tenon__infer_set(c, 0, a->to, in->rank, in->dims);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "BitCast", 26, 0, NULL}, {0}};

const tenon__op tenon__op_bit_cast = {
    .name = "BitCast",
    .doc = "The same bits as another type",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_VIEW,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attributes),
    .read = read,
    .infer = infer,
};
