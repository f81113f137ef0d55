/* SPDX-License-Identifier: Apache-2.0 */
/* Cast: x as dtype `to`. Any shape; all dtypes to all others, but complex ones only to themselves.
 * Reals become integers by cutting what is behind the point; what the target does not hold keeps
 * its low bits. f8 and f4 saturate, or not, as `saturate` says; float8e8m0 rounds by `round_mode`.
 * Numbers become the shortest text that gives them back, in numpy's form (1.0, 1e-05, True, nan);
 * text is read in any usual form, TENON_EFORMAT where it is no number. Source: ONNX Cast-25. */
#include "opkit/cast.h"
#include "tensor/onnx_type.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__cast_attrs *a = attrs;
    (void)graph;
    const tenon__attr *to = tenon__attr_find(node, "to");
    if (to && to->type == TENON__ATTR_STRING) { /* before opset 6 */
        char name[24] = "";
        if (to->s.size && to->s.size < sizeof name) memcpy(name, to->s.data, to->s.size);
        a->to = tenon_dtype_find(name);
    } else {
        tenon_status status = tenon__attr_check(node, "to", TENON__ATTR_INT, err);
        if (status) return status;
        a->to = tenon__dtype_of_onnx(tenon__attr_int(node, "to", 0));
    }
    if (a->to == TENON_NONE) return tenon__fail(err, TENON_EFORMAT, "to names no element type");
    return tenon__cast_read(node, a, err);
}

static const tenon__import imports[] = {{"onnx", "", "Cast", 1, 0, NULL}, {0}};

const tenon__op tenon__op_cast = {
    .name = "Cast",
    .doc = "Elements of one type as another",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__cast_attrs),
    .params_bytes = sizeof(tenon__cast_params),
    .read = read,
    .infer = tenon__cast_infer,
    .bind = tenon__cast_bind,
    .run = tenon__cast_run,
    .blocked = tenon__cast_blocked,
};
