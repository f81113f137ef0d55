/* SPDX-License-Identifier: Apache-2.0 */
/* SequenceAt: the item at a position from -n to n - 1, not copied. Source: ONNX SequenceAt-11. */
#include "opkit/sequence.h"

static tenon_status infer(tenon__infer *c)
{
    tenon_status status = tenon__sequence_check(c, 0, TENON_VALUE_SEQUENCE);
    if (status) return status;
    tenon__infer_set(c, 0, c->in[0]->dtype, TENON__RANK_UNKNOWN, NULL);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const tenon_value *sequence;
    size_t at;
    tenon_status status = tenon__sequence_input(r, 0, TENON_VALUE_SEQUENCE, &sequence);
    if (status == TENON_OK)
        status = tenon__sequence_position(r, 1, tenon_value_count(sequence), false, 0, &at);
    if (status) return status;
    return tenon__sequence_give(r, tenon__value_ref(tenon_value_item(sequence, at)));
}

static const tenon__import imports[] = {{"onnx", "", "SequenceAt", 11, 0, NULL}, {0}};

const tenon__op tenon__op_sequence_at = {
    .name = "SequenceAt",
    .doc = "The item of a sequence at a position",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST | TENON__OP_DYNAMIC | TENON__OP_VALUES,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .run = run,
};
