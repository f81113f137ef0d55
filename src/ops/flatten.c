/* SPDX-License-Identifier: Apache-2.0 */
/* Flatten: [d0 * .. * d(axis-1), d(axis) * ..]. ONNX Flatten-1 .. 25.
 *
 * axis in [-rank, rank], default 1; an empty product is 1. Any dtype. The storage is shared. */
#include "opkit/index.h"

typedef struct attrs {
    int64_t axis;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    (void)err;
    ((attrs *)out)->axis = tenon__attr_int(node, "axis", 1);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t dims[2] = {TENON__DIM_UNKNOWN, TENON__DIM_UNKNOWN};
    if (in->rank == TENON__RANK_UNKNOWN) {
        tenon__infer_set(c, 0, in->dtype, 2, dims);
        return TENON_OK;
    }
    if (a->axis < -in->rank || a->axis > in->rank)
        return tenon__fail(c->err, TENON_EFORMAT, "axis %lld is outside [-%d, %d]",
                           (long long)a->axis, in->rank, in->rank);
    int axis = tenon__axis_of(a->axis, in->rank);
    for (int half = 0; half < 2; half++) {
        int from = half ? axis : 0, to = half ? in->rank : axis;
        dims[half] = 1;
        for (int d = from; d < to; d++) {
            /* A lone symbol among ones stays that symbol. */
            if (in->dims[d] == 1) continue;
            dims[half] = dims[half] == 1 ? in->dims[d] : tenon__dim_mul(dims[half], in->dims[d]);
        }
    }
    tenon__infer_set(c, 0, in->dtype, 2, dims);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Flatten", 1, 0, NULL}, {0}};

const tenon__op tenon__op_flatten = {
    .name = "Flatten",
    .doc = "Two dims, divided at an axis",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_VIEW,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
};
