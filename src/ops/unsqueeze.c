/* SPDX-License-Identifier: Apache-2.0 */
/* Unsqueeze: dims of 1 put in. ONNX Unsqueeze-1 .. 25.
 *
 * axes (attribute before opset 13, then an input) count in the output's rank; no axis twice. Any
 * dtype. The storage is shared. */
#include "opkit/index.h"

typedef struct attrs {
    int count; /* -1: not given */
    int64_t axes[TENON_MAX_RANK];
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    size_t count;
    const int64_t *axes = tenon__attr_ints(node, "axes", &count);
    (void)graph;
    a->count = axes ? (int)count : -1;
    if (count > TENON_MAX_RANK)
        return tenon__fail(err, TENON_ELIMIT,
                           "axes has %zu numbers; ranks above %d are not supported", count,
                           TENON_MAX_RANK);
    if (axes) memcpy(a->axes, axes, count * sizeof *axes);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t axes[TENON_MAX_RANK], dims[TENON_MAX_RANK];
    bool added[TENON_MAX_RANK] = {false};
    int count = a->count;
    tenon__infer_set(c, 0, in->dtype, TENON__RANK_UNKNOWN, NULL);
    if (count >= 0) {
        memcpy(axes, a->axes, sizeof axes);
    } else {
        tenon_status st = tenon__infer_ints(c, 1, axes, TENON_MAX_RANK, &count);
        if (st) return st;
        if (count < 0) return tenon__fail(c->err, TENON_EFORMAT, "axes are missing");
    }
    if (in->rank == TENON__RANK_UNKNOWN) return TENON_OK;
    int rank = in->rank + count;
    if (rank > TENON_MAX_RANK)
        return tenon__fail(c->err, TENON_ELIMIT, "the output's rank is %d; at most %d is supported",
                           rank, TENON_MAX_RANK);
    for (int k = 0; k < count; k++) {
        int axis;
        tenon_status st = tenon__infer_axis(c, "axes", axes[k], rank, &axis);
        if (st) return st;
        if (added[axis]) return tenon__fail(c->err, TENON_EFORMAT, "axes names dim %d twice", axis);
        added[axis] = true;
    }
    for (int d = 0, from = 0; d < rank; d++)
        dims[d] = added[d] ? 1 : in->dims[from++];
    tenon__infer_set(c, 0, in->dtype, rank, dims);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Unsqueeze", 1, 0, NULL}, {0}};

const tenon__op tenon__op_unsqueeze = {
    .name = "Unsqueeze",
    .doc = "Puts dims of 1 in",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_VIEW,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
};
