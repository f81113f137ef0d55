/* SPDX-License-Identifier: Apache-2.0 */
/* SequenceEmpty: a sequence without items, of tensors of `dtype` (float32 by default). Source: ONNX
 * SequenceEmpty-11. */
#include "opkit/sequence.h"
#include "tensor/onnx_type.h"

#include <inttypes.h>

typedef struct attrs {
    tenon_dtype dtype;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    int64_t type = tenon__attr_int(node, "dtype", tenon__dtype_to_onnx(TENON_F32));
    (void)graph;
    a->dtype = tenon__dtype_of_onnx(type);
    if (a->dtype == TENON_NONE)
        return tenon__fail(err, TENON_EFORMAT, "dtype is %" PRId64 ", which is no element type",
                           type);
    return tenon__attr_check(node, "dtype", TENON__ATTR_INT, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view item = {.dtype = a->dtype, .rank = TENON__RANK_UNKNOWN};
    tenon__sequence_infer(c, TENON_VALUE_SEQUENCE, &item);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    tenon_value *sequence;
    tenon_status status = tenon__value_create(tenon__env_allocator(r->services->env),
                                              TENON_VALUE_SEQUENCE, NULL, &sequence, r->err);
    if (status) return status;
    sequence->dtype = a->dtype;
    return tenon__sequence_give(r, sequence);
}

static const tenon__import imports[] = {{"onnx", "", "SequenceEmpty", 11, 0, NULL}, {0}};

const tenon__op tenon__op_sequence_empty = {
    .name = "SequenceEmpty",
    .doc = "A sequence without items",
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .run = run,
};
