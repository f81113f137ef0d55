/* SPDX-License-Identifier: Apache-2.0 */
/* Squeeze: dims of 1 taken out. ONNX Squeeze-1 .. 25.
 *
 * axes (attribute before opset 13, then an optional input): which ones; each must be 1. Without
 * axes all dims of 1 go. Any dtype. The storage is shared. */
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
        return tenon__fail(err, TENON_EFORMAT, "axes has %zu numbers; at most %d make sense", count,
                           TENON_MAX_RANK);
    if (axes) memcpy(a->axes, axes, count * sizeof *axes);
    return TENON_OK;
}

/* Marks the dims to drop. */
static tenon_status marked(tenon__infer *c, bool *drop)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t axes[TENON_MAX_RANK];
    int count = a->count;
    if (count >= 0) {
        memcpy(axes, a->axes, sizeof axes);
    } else {
        tenon_status st = tenon__infer_ints(c, 1, axes, TENON_MAX_RANK, &count);
        if (st) return st;
    }
    for (int d = 0; count < 0 && d < in->rank; d++)
        drop[d] = in->dims[d] == 1;
    for (int k = 0; k < count; k++) {
        int axis;
        tenon_status st = tenon__infer_axis(c, "axes", axes[k], in->rank, &axis);
        if (st) return st;
        if (in->dims[axis] != 1 && in->dims[axis] >= 0)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "dim %d is %lld; only dims of 1 can be squeezed", axis,
                               (long long)in->dims[axis]);
        drop[axis] = true;
    }
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    bool drop[TENON_MAX_RANK] = {false}, all = a->count < 0 && !TENON__HAS(c, 1);
    tenon__infer_set(c, 0, in->dtype, TENON__RANK_UNKNOWN, NULL);
    if (tenon__infer_rank_unknown(c, 1) || (all && !tenon__dims_known(in))) return TENON_OK;
    tenon_status st = marked(c, drop);
    if (st) return st;
    int64_t dims[TENON_MAX_RANK];
    int rank = 0;
    for (int d = 0; d < in->rank; d++)
        if (!drop[d]) dims[rank++] = in->dims[d];
    tenon__infer_set(c, 0, in->dtype, rank, dims);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Squeeze", 1, 0, NULL}, {0}};

const tenon__op tenon__op_squeeze = {
    .name = "Squeeze",
    .doc = "Takes dims of 1 out",
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
