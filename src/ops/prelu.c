/* SPDX-License-Identifier: Apache-2.0 */
/* PRelu: y = x < 0 ? slope * x : x, slope repeated to the shape of x. Reals (f16 and bf16 widened)
 * and integers. Source: ONNX PRelu-16; before opset 7 the slope holds one value, or one per channel
 * (axis 1). */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__eltwise_read(node, a, TENON__F_PRELU, err);
    if (node->opset < 7) {
        a->old_axis = true;
        a->axis = 1;
    }
    return status;
}

static tenon_status infer(tenon__infer *c)
{
    tenon_status status = tenon__eltwise_infer(c);
    const tenon__view *x = c->in[0], *y = c->out[0];
    if (status || x->rank == TENON__RANK_UNKNOWN || y->rank == TENON__RANK_UNKNOWN) return status;
    bool same = x->rank == y->rank;
    for (int i = 0; same && i < x->rank; i++)
        same = tenon__dim_agrees(x->dims[i], y->dims[i]);
    char shape[128];
    if (!same)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the slope %s does not repeat to the input's shape",
                           tenon__view_print(c->in[1], shape, sizeof shape));
    return TENON_OK;
}

TENON__ELTWISE_REF(x[0] < 0 ? x[0] * x[1] : x[0])

static const tenon__import imports[] = {{"onnx", "", "PRelu", 1, 0, NULL}, {0}};

const tenon__op tenon__op_prelu = {.name = "PRelu",
                                   .doc = "x, scaled below zero by a learned slope",
                                   .min_inputs = 2,
                                   .max_inputs = 2,
                                   .min_outputs = 1,
                                   .max_outputs = 1,
                                   .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                   .accuracy = TENON__ROUNDS,
                                   .imports = imports,
                                   .attrs_bytes = sizeof(tenon__eltwise_attrs),
                                   .prepared_bytes = sizeof(tenon__eltwise_prepared),
                                   .params_bytes = sizeof(tenon__eltwise_params),
                                   .read = read,
                                   .infer = infer,
                                   .prepare = tenon__eltwise_prepare,
                                   .bind = tenon__eltwise_bind,
                                   .run = tenon__eltwise_run,
                                   .blocked = tenon__eltwise_blocked,
                                   TENON__REF(ref)};
