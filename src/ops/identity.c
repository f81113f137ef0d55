/* SPDX-License-Identifier: Apache-2.0 */
/* Identity: the input, whatever it is: a tensor shares its memory with the output, a sequence,
 * optional or map is held once more. Source: ONNX Identity-25. */
#include "graph/op.h"
#include "tensor/tensor.h"

static tenon_status infer(tenon__infer *c)
{
    tenon__infer_like(c, 0, 0);
    c->out[0]->layout = c->in[0]->layout;
    return TENON_OK;
}

/* Not of tensors: those are views. */
static tenon_status run(const tenon__run *r)
{
    if (!r->in[0]->value) return tenon__fail(r->err, TENON_EINTERNAL, "the input holds no value");
    return r->services->give(r->services->ctx, r->out[0], tenon__value_ref(r->in[0]->value),
                             r->err);
}

static int blocked(const tenon__node *node, const void *attrs, const tenon__view *const *in,
                   uint32_t in_count, tenon__cpu_bits cpu)
{
    (void)node;
    (void)attrs;
    (void)in_count;
    (void)cpu;
    return in[0]->kind == TENON_VALUE_TENSOR && in[0]->rank >= 3;
}

static const tenon__import imports[] = {{"onnx", "", "Identity", 1, 0, NULL}, {0}};

const tenon__op tenon__op_identity = {
    .name = "Identity",
    .doc = "The input as it is",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_VIEW | TENON__OP_VALUES,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .run = run,
    .blocked = blocked,
};
