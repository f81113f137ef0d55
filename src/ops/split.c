/* SPDX-License-Identifier: Apache-2.0 */
/* Split: one tensor cut into several along an axis. ONNX Split-1 .. 18.
 *
 * split (an attribute before opset 13, then an optional input) gives the extents, which add up to
 * the dim. Without it the parts are equal; from opset 18 on (num_outputs) the last may be smaller.
 * Any dtype. Along the channels of blocked tensors whole blocks are moved. */
#include "opkit/index.h"
#include "opkit/pieces.h"
#include "tensor/convert.h"

typedef struct attrs {
    int64_t axis;
    const int64_t *split; /* NULL: not given */
    size_t count;
    int64_t num_outputs; /* 0: not given */
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    a->axis = tenon__attr_int(node, "axis", 0);
    a->split = tenon__attr_ints(node, "split", &a->count);
    a->num_outputs = tenon__attr_int(node, "num_outputs", 0);
    if (a->num_outputs && a->num_outputs != node->output_count)
        return tenon__fail(err, TENON_EFORMAT, "num_outputs is %lld; the node has %u outputs",
                           (long long)a->num_outputs, node->output_count);
    return TENON_OK;
}

static tenon_status set_part(tenon__infer *c, uint32_t i, int axis, int64_t extent)
{
    int64_t dims[TENON_MAX_RANK];
    memcpy(dims, c->in[0]->dims, sizeof dims);
    dims[axis] = extent;
    tenon__infer_set(c, i, c->in[0]->dtype, c->in[0]->rank, dims);
    if (c->in[0]->layout == TENON__C16) c->out[i]->layout = TENON__C16;
    return TENON_OK;
}

static tenon_status equal_parts(tenon__infer *c, int axis)
{
    const attrs *a = c->attrs;
    int64_t extent = c->in[0]->dims[axis], count = c->out_count;
    int64_t part = extent < 0 ? TENON__DIM_UNKNOWN : (extent + count - 1) / count;
    if (extent >= 0 && extent % count && !a->num_outputs)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "dim %d is %lld, which does not divide into %lld equal parts", axis,
                           (long long)extent, (long long)count);
    for (uint32_t i = 0; i < c->out_count; i++) {
        int64_t rest = extent < 0 ? TENON__DIM_UNKNOWN : extent - part * (int64_t)i;
        set_part(c, i, axis, extent < 0 ? part : rest < 0 ? 0 : rest < part ? rest : part);
    }
    return TENON_OK;
}

static tenon_status given_parts(tenon__infer *c, int axis, int64_t count, const void *list,
                                tenon_dtype dtype)
{
    int64_t extent = c->in[0]->dims[axis], sum = 0;
    if (count != c->out_count)
        return tenon__fail(c->err, TENON_ESHAPE, "split has %lld numbers; the node has %u outputs",
                           (long long)count, c->out_count);
    for (uint32_t i = 0; i < c->out_count; i++) {
        int64_t part = tenon__get_i64(dtype, list, i);
        if (part < 0 || !tenon__add_i64(sum, part, &sum))
            return tenon__fail(c->err, TENON_ESHAPE,
                               "split has %lld at %u; extents are not negative", (long long)part,
                               i);
        set_part(c, i, axis, part);
    }
    if (extent >= 0 && sum != extent)
        return tenon__fail(c->err, TENON_ESHAPE, "split adds up to %lld; dim %d is %lld",
                           (long long)sum, axis, (long long)extent);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int axis;
    for (uint32_t i = 0; i < c->out_count; i++)
        tenon__infer_set(c, i, c->in[0]->dtype, TENON__RANK_UNKNOWN, NULL);
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    tenon_status st = tenon__infer_axis(c, "axis", a->axis, c->in[0]->rank, &axis);
    if (st) return st;
    if (a->split) return given_parts(c, axis, (int64_t)a->count, a->split, TENON_I64);
    if (!TENON__HAS(c, 1)) return equal_parts(c, axis);
    st = tenon__check_index(c, 1, "split");
    if (st) return st;
    const void *list = tenon__infer_data(c, 1);
    if (list) return given_parts(c, axis, tenon__view_count(c->in[1]), list, c->in[1]->dtype);
    for (uint32_t i = 0; i < c->out_count; i++)
        set_part(c, i, axis, TENON__DIM_UNKNOWN);
    return TENON_EAGAIN;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    c->tiles = tenon__pieces_init(c->params, in, tenon__axis_of(a->axis, in->rank), c->out_count);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    tenon__pieces_run(r->params, r->in[0], (const tenon__view *const *)r->out, r->out_count, false,
                      r->tile);
    return TENON_OK;
}

/* Whole blocks only, which is certain where the extents are written in the node, or follow. */
static int blocked(const tenon__node *node, const void *parsed, const tenon__view *const *in,
                   uint32_t in_count, tenon__cpu_bits cpu)
{
    const attrs *a = parsed;
    (void)cpu;
    if (in[0]->rank < 3 || in[0]->dtype != TENON_F32 || in[0]->dims[1] < 0) return 0;
    if (a->axis != 1 && a->axis != 1 - in[0]->rank) return 0;
    if (a->split || (in_count > 1 && in[1])) {
        const tenon__view *list = in_count > 1 ? in[1] : NULL;
        int64_t count = a->split ? (int64_t)a->count : list->known ? tenon__view_count(list) : 0;
        for (int64_t i = 0; i < count; i++) {
            int64_t part =
                a->split ? a->split[i] : tenon__get_i64(list->dtype, list->data, (size_t)i);
            if (part % TENON__BLOCK) return 0;
        }
        return count > 0;
    }
    int64_t blocks = in[0]->dims[1] / TENON__BLOCK;
    return in[0]->dims[1] % TENON__BLOCK == 0 && blocks % node->output_count == 0;
}

static const tenon__import imports[] = {{"onnx", "", "Split", 2, 0, NULL}, {0}};

const tenon__op tenon__op_split = {
    .name = "Split",
    .doc = "One tensor cut into several along an axis",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 255,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(tenon__pieces),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
    .blocked = blocked,
};
