/* SPDX-License-Identifier: Apache-2.0 */
/* OptionalGetElement: what an optional holds, not copied; any other value as it is. An error where
 * it holds nothing. Source: ONNX OptionalGetElement-15, -18 and -28. */
#include "opkit/sequence.h"

static tenon_status infer(tenon__infer *c)
{
    /* What is inside an optional is known when it is there. */
    if (c->in[0]->kind != TENON_VALUE_OPTIONAL) tenon__infer_like(c, 0, 0);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const tenon_value *value = r->in[0]->value;
    tenon_value *item;
    if (r->in[0]->kind != TENON_VALUE_OPTIONAL) {
        tenon_status status = tenon__sequence_item(r, 0, &item);
        return status ? status : tenon__sequence_give(r, item);
    }
    if (!value || tenon_value_count(value) == 0)
        return tenon__fail(r->err, TENON_EINVAL, "the optional is empty");
    return tenon__sequence_give(r, tenon__value_ref(tenon_value_item(value, 0)));
}

static const tenon__import imports[] = {{"onnx", "", "OptionalGetElement", 15, 0, NULL}, {0}};

const tenon__op tenon__op_optional_get_element = {
    .name = "OptionalGetElement",
    .doc = "What an optional holds",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST | TENON__OP_DYNAMIC | TENON__OP_VALUES,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .run = run,
};
