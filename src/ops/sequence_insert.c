/* SPDX-License-Identifier: Apache-2.0 */
/* SequenceInsert: a sequence with one more tensor, in front of the item at a position from -n to n,
 * by default behind the last. Source: ONNX SequenceInsert-11. */
#include "opkit/sequence.h"

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *sequence = c->in[0], *item = c->in[1];
    tenon__view of = {.dtype = sequence->dtype, .rank = TENON__RANK_UNKNOWN};
    tenon_status status = tenon__sequence_check(c, 0, TENON_VALUE_SEQUENCE);
    if (status) return status;
    if (of.dtype != TENON_NONE && item->dtype != TENON_NONE && of.dtype != item->dtype)
        return tenon__fail(c->err, TENON_ETYPE, "a %s into a sequence of %s",
                           tenon_dtype_text(item->dtype), tenon_dtype_text(of.dtype));
    if (of.dtype == TENON_NONE) of.dtype = item->dtype;
    tenon__sequence_infer(c, TENON_VALUE_SEQUENCE, &of);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const tenon_value *sequence;
    tenon_value *longer, *item;
    size_t at, count;
    tenon_status status = tenon__sequence_input(r, 0, TENON_VALUE_SEQUENCE, &sequence);
    if (status) return status;
    count = tenon_value_count(sequence);
    status = tenon__sequence_position(r, 2, count, true, count, &at);
    if (status) return status;
    if (count >= TENON__SEQUENCE_ITEMS)
        return tenon__fail(r->err, TENON_ELIMIT, "more than %d items", TENON__SEQUENCE_ITEMS);
    status = tenon__sequence_copy(r, sequence, &longer);
    if (status) return status;
    status = tenon__sequence_item(r, 1, &item);
    if (status == TENON_OK) {
        status = tenon__value_insert(longer, at, item, r->err);
        if (status) tenon_value_destroy(item);
    }
    if (status == TENON_OK) return tenon__sequence_give(r, longer);
    tenon_value_destroy(longer);
    return status;
}

static const tenon__import imports[] = {{"onnx", "", "SequenceInsert", 11, 0, NULL}, {0}};

const tenon__op tenon__op_sequence_insert = {
    .name = "SequenceInsert",
    .doc = "A sequence with one more tensor",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST | TENON__OP_VALUES,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .run = run,
};
