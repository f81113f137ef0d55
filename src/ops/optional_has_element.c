/* SPDX-License-Identifier: Apache-2.0 */
/* OptionalHasElement: whether an optional holds something; true for any other value, false for no
 * input at all. Source: ONNX OptionalHasElement-15, -18 and -28. */
#include "opkit/sequence.h"

static tenon_status infer(tenon__infer *c)
{
    tenon__infer_set(c, 0, TENON_BOOL, 0, NULL);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const tenon__view *in = r->in_count > 0 ? r->in[0] : NULL;
    uint8_t *out = r->out[0]->data;
    if (in && in->kind == TENON_VALUE_OPTIONAL)
        *out = in->value && tenon_value_count(in->value) > 0;
    else
        *out = in != NULL;
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "OptionalHasElement", 15, 0, NULL}, {0}};

const tenon__op tenon__op_optional_has_element = {
    .name = "OptionalHasElement",
    .doc = "Whether an optional holds something",
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST | TENON__OP_VALUES,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .run = run,
};
