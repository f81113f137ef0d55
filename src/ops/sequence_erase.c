/* SPDX-License-Identifier: Apache-2.0 */
/* SequenceErase: a sequence without the item at a position from -n to n - 1, by default the last.
 * Source: ONNX SequenceErase-11. */
#include "opkit/sequence.h"

static tenon_status infer(tenon__infer *c)
{
    tenon_status status = tenon__sequence_check(c, 0, TENON_VALUE_SEQUENCE);
    if (status) return status;
    tenon__sequence_infer(c, TENON_VALUE_SEQUENCE, c->in[0]);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const tenon_value *sequence;
    tenon_value *shorter;
    size_t at, count;
    tenon_status status = tenon__sequence_input(r, 0, TENON_VALUE_SEQUENCE, &sequence);
    if (status) return status;
    count = tenon_value_count(sequence);
    status = tenon__sequence_position(r, 1, count, false, count ? count - 1 : 0, &at);
    if (status == TENON_OK) status = tenon__sequence_copy(r, sequence, &shorter);
    if (status) return status;
    tenon_value_destroy(shorter->items.items[at]);
    shorter->items.count--;
    memmove(shorter->items.items + at, shorter->items.items + at + 1,
            (shorter->items.count - at) * sizeof *shorter->items.items);
    return tenon__sequence_give(r, shorter);
}

static const tenon__import imports[] = {{"onnx", "", "SequenceErase", 11, 0, NULL}, {0}};

const tenon__op tenon__op_sequence_erase = {
    .name = "SequenceErase",
    .doc = "A sequence without one of its items",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST | TENON__OP_VALUES,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .run = run,
};
