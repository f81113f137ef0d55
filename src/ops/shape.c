/* SPDX-License-Identifier: Apache-2.0 */
/* Shape: the dims [start, end) as int64. ONNX Shape-1 .. 25.
 *
 * start (default 0) and end (default rank) count from the back where negative and are clamped. Any
 * dtype. Computed while sizes are inferred wherever the dims are numbers. */
#include "opkit/index.h"

typedef struct attrs {
    int64_t start, end;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    (void)err;
    a->start = tenon__attr_int(node, "start", 0);
    a->end = tenon__attr_int(node, "end", INT64_MAX);
    return TENON_OK;
}

static int clamp_axis(int64_t axis, int rank)
{
    if (axis < 0) axis += rank;
    return axis < 0 ? 0 : axis > rank ? rank : (int)axis;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t dims[1] = {TENON__DIM_UNKNOWN};
    bool known = in->rank != TENON__RANK_UNKNOWN;
    int start = 0, end = 0;
    if (known) {
        start = clamp_axis(a->start, in->rank);
        end = clamp_axis(a->end, in->rank);
        dims[0] = end > start ? end - start : 0;
    }
    tenon__infer_set(c, 0, TENON_I64, 1, dims);
    for (int d = start; d < end; d++)
        known = known && in->dims[d] >= 0;
    void *value = known ? tenon__infer_emit(c, 0) : NULL;
    if (value && end > start)
        memcpy(value, in->dims + start, (size_t)(end - start) * sizeof *in->dims);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__view *in = r->in[0];
    int start = clamp_axis(a->start, in->rank), end = clamp_axis(a->end, in->rank);
    if (end > start)
        memcpy(r->out[0]->data, in->dims + start, (size_t)(end - start) * sizeof *in->dims);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Shape", 1, 0, NULL}, {0}};

const tenon__op tenon__op_shape = {
    .name = "Shape",
    .doc = "The dims of a tensor",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .run = run,
};
