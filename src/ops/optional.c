/* SPDX-License-Identifier: Apache-2.0 */
/* Optional: an optional that holds the input, or nothing, then of attribute `type`. Source: ONNX
 * Optional-15 and -28. */
#include "opkit/sequence.h"

static tenon_status infer(tenon__infer *c)
{
    const tenon__attr *type = tenon__attr_find(c->node, "type");
    if (c->in_count > 0 && c->in[0])
        tenon__sequence_infer(c, TENON_VALUE_OPTIONAL, c->in[0]);
    else if (type && type->type == TENON__ATTR_TYPE)
        tenon__sequence_infer(c, TENON_VALUE_OPTIONAL, type->type_view);
    else
        return tenon__fail(c->err, TENON_EFORMAT, "without an input, attribute type is needed");
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    tenon_value *optional, *item = NULL;
    tenon_status status = tenon__value_create(tenon__env_allocator(r->services->env),
                                              TENON_VALUE_OPTIONAL, NULL, &optional, r->err);
    if (status) return status;
    optional->dtype = r->out[0]->dtype;
    if (r->in_count > 0 && r->in[0]) {
        status = tenon__sequence_item(r, 0, &item);
        if (status == TENON_OK) status = tenon__value_insert(optional, 0, item, r->err);
    }
    if (status == TENON_OK) return tenon__sequence_give(r, optional);
    tenon_value_destroy(item);
    tenon_value_destroy(optional);
    return status;
}

static const tenon__import imports[] = {{"onnx", "", "Optional", 15, 0, NULL}, {0}};

const tenon__op tenon__op_optional = {
    .name = "Optional",
    .doc = "An optional that holds a value, or nothing",
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST | TENON__OP_VALUES,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .run = run,
};
