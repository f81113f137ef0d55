/* SPDX-License-Identifier: Apache-2.0 */
/* SequenceConstruct: a sequence of its inputs, tensors of one dtype and any shapes. Source: ONNX
 * SequenceConstruct-11. */
#include "opkit/sequence.h"

static tenon_status infer(tenon__infer *c)
{
    tenon__view item = *c->in[0];
    for (uint32_t i = 0; i < c->in_count; i++) {
        const tenon__view *v = c->in[i];
        if (!v) return tenon__fail(c->err, TENON_EFORMAT, "input %u is missing", i);
        tenon_status status = tenon__sequence_check(c, i, TENON_VALUE_TENSOR);
        if (status) return status;
        if (v->dtype != TENON_NONE && item.dtype != TENON_NONE && v->dtype != item.dtype)
            return tenon__fail(c->err, TENON_ETYPE, "input %u is %s among %s", i,
                               tenon_dtype_text(v->dtype), tenon_dtype_text(item.dtype));
        if (item.dtype == TENON_NONE) item.dtype = v->dtype;
        /* The items' shape is said where they have one. */
        bool same = item.rank >= 0 && v->rank == item.rank;
        for (int d = 0; same && d < item.rank; d++)
            same = v->dims[d] == item.dims[d];
        if (!same) item.rank = TENON__RANK_UNKNOWN;
    }
    tenon__sequence_infer(c, TENON_VALUE_SEQUENCE, &item);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    tenon_value *sequence, *item;
    tenon_status status = tenon__value_create(tenon__env_allocator(r->services->env),
                                              TENON_VALUE_SEQUENCE, NULL, &sequence, r->err);
    for (uint32_t i = 0; status == TENON_OK && i < r->in_count; i++) {
        status = tenon__sequence_item(r, i, &item);
        if (status) break;
        status = tenon__value_insert(sequence, i, item, r->err);
        if (status) tenon_value_destroy(item);
    }
    if (status == TENON_OK) return tenon__sequence_give(r, sequence);
    tenon_value_destroy(sequence);
    return status;
}

static const tenon__import imports[] = {{"onnx", "", "SequenceConstruct", 11, 0, NULL}, {0}};

const tenon__op tenon__op_sequence_construct = {
    .name = "SequenceConstruct",
    .doc = "A sequence of tensors",
    .min_inputs = 1,
    .max_inputs = 255,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST | TENON__OP_VALUES,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .run = run,
};
