/* SPDX-License-Identifier: Apache-2.0 */
/* Mod: the remainder of a / b, with broadcasting: with fmod = 0 it has the sign of b (as in
 * Python), with fmod = 1 the sign of a (as in C). Integers, where by zero gives 0, and reals (f16
 * and bf16 widened), for which ONNX asks fmod = 1 and exporters do not always set it. Source: ONNX
 * Mod-13. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__attr_check(node, "fmod", TENON__ATTR_INT, err);
    if (status) return status;
    bool c_sign = tenon__attr_int(node, "fmod", 0) != 0;
    a->p[0] = c_sign; /* for the reference */
    return tenon__eltwise_read(node, a, c_sign ? TENON__F_FMOD : TENON__F_MOD, err);
}

TENON__ELTWISE_REF(p[0] != 0 ? fmod(x[0], x[1]) : x[0] - x[1] * floor(x[0] / x[1]))

static const tenon__import imports[] = {{"onnx", "", "Mod", 10, 0, NULL}, {0}};

const tenon__op tenon__op_mod = {.name = "Mod",
                                 .doc = "The remainder of a division",
                                 TENON__ELTWISE(2),
                                 .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                 .accuracy = TENON__ROUNDS,
                                 .imports = imports,
                                 .read = read,
                                 TENON__REF(ref)};
