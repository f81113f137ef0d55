/* SPDX-License-Identifier: Apache-2.0 */
/* SequenceLength: the number of items, an int64 scalar. Source: ONNX SequenceLength-11. */
#include "opkit/sequence.h"

static tenon_status infer(tenon__infer *c)
{
    tenon_status status = tenon__sequence_check(c, 0, TENON_VALUE_SEQUENCE);
    if (status) return status;
    tenon__infer_set(c, 0, TENON_I64, 0, NULL);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const tenon_value *sequence;
    tenon_status status = tenon__sequence_input(r, 0, TENON_VALUE_SEQUENCE, &sequence);
    if (status == TENON_OK) *(int64_t *)r->out[0]->data = (int64_t)tenon_value_count(sequence);
    return status;
}

static const tenon__import imports[] = {{"onnx", "", "SequenceLength", 11, 0, NULL}, {0}};

const tenon__op tenon__op_sequence_length = {
    .name = "SequenceLength",
    .doc = "The number of items of a sequence",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST | TENON__OP_VALUES,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .run = run,
};
