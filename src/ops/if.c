/* SPDX-License-Identifier: Apache-2.0 */
/* If: outputs of then_branch where cond (one bool) is true, of else_branch otherwise. The branches
 * take no inputs and see the enclosing graph's values. Source: ONNX If-1 .. If-25. */
#include "opkit/control.h"

static tenon_status infer(tenon__infer *c)
{
    const tenon__graph *branch[2] = {tenon__attr_graph(c->node, "then_branch"),
                                     tenon__attr_graph(c->node, "else_branch")};
    if (c->in[0]->dtype != TENON_BOOL && c->in[0]->dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "cond is %s; it must be bool",
                           tenon_dtype_text(c->in[0]->dtype));
    for (int i = 0; i < 2; i++) {
        if (!branch[i])
            return tenon__fail(c->err, TENON_EFORMAT, "it needs then_branch and else_branch");
        if (branch[i]->outputs.count < c->out_count)
            return tenon__fail(c->err, TENON_EFORMAT,
                               "a branch gives %zu outputs; %u are asked for",
                               branch[i]->outputs.count, c->out_count);
    }
    tenon__control_infer(c, branch[0], 0, UINT32_MAX);
    return TENON_OK;
}

static tenon_status next(tenon__control *c, int *body)
{
    if (c->round == 0) {
        if (tenon__view_count(c->run.in[0]) != 1 || !c->run.in[0]->data)
            return tenon__fail(c->run.err, TENON_ESHAPE, "cond must hold one element");
        *body = *(const uint8_t *)c->run.in[0]->data ? 0 : 1;
        c->body_in_count = 0;
        return TENON_OK;
    }
    *body = -1;
    for (uint32_t i = 0; i < c->run.out_count && i < c->body_out_count; i++) {
        tenon_status st = tenon__control_copy(c, i, c->body_out[i]);
        if (st) return st;
    }
    return TENON_OK;
}

static const char *const bodies[] = {"then_branch", "else_branch", NULL};

static const tenon__import imports[] = {{"onnx", "", "If", 1, 0, NULL}, {0}};

const tenon__op tenon__op_if = {
    .name = "If",
    .doc = "one of two graphs, by a condition",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 255,
    .flags = TENON__OP_DYNAMIC,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .next = next,
    .bodies = bodies,
};
