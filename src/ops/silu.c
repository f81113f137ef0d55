/* SPDX-License-Identifier: Apache-2.0 */
/* Silu: y = x / (1 + exp(-x)): Swish without an attribute, which passes and formats other than ONNX
 * make. Any shape; f32 and f64 (f16 and bf16 widened). */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    a->p[0] = 1.0f;
    return tenon__eltwise_read(node, a, TENON__F_SWISH, err);
}

TENON__ELTWISE_REF(x[0] / (1 + exp(-x[0])))

static const tenon__import imports[] = {{0}};

const tenon__op tenon__op_silu = {.name = "Silu",
                                  .doc = "x times its sigmoid",
                                  TENON__ELTWISE(1),
                                  .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                  .accuracy = TENON__ROUNDS,
                                  .imports = imports,
                                  .read = read,
                                  TENON__REF(ref)};
