/* SPDX-License-Identifier: Apache-2.0 */
/* BitShift: y = a << b or a >> b, as direction says ("LEFT", "RIGHT"), with broadcasting; unsigned
 * integers. Where b reaches the bits of a, 0. Source: ONNX BitShift-11. */
#include "opkit/eltwise_ref.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__eltwise_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__attr_check(node, "direction", TENON__ATTR_STRING, err);
    if (status) return status;
    tenon__str direction = tenon__attr_str(node, "direction", "");
    bool left = tenon__str_is(direction, "LEFT");
    if (!left && !tenon__str_is(direction, "RIGHT"))
        return tenon__fail(err, TENON_EFORMAT, "direction is '%.*s'; it must be 'LEFT' or 'RIGHT'",
                           TENON__STR_ARG(direction));
    a->p[0] = left; /* for the reference */
    return tenon__eltwise_read(node, a, left ? TENON__F_SHIFT_LEFT : TENON__F_SHIFT_RIGHT, err);
}

TENON__ELTWISE_REF(p[0] != 0 ? ldexp(x[0], (int)x[1]) : floor(ldexp(x[0], -(int)x[1])))

static const tenon__import imports[] = {{"onnx", "", "BitShift", 11, 0, NULL}, {0}};

const tenon__op tenon__op_bit_shift = {.name = "BitShift",
                                       .doc = "Moves bits up or down",
                                       TENON__ELTWISE(2),
                                       .flags = TENON__OP_INPLACE,
                                       .accuracy = TENON__EXACT,
                                       .imports = imports,
                                       .read = read,
                                       TENON__REF(ref)};
