/* SPDX-License-Identifier: Apache-2.0 */
/* Concat: the inputs one behind the other along an axis. ONNX Concat-1 .. 13.
 *
 * All inputs are of one type and rank and agree in every other dim. axis in [-rank, rank); Concat-1
 * defaults to 1. Any dtype. Along the channels of blocked tensors whole blocks are moved. */
#include "opkit/index.h"
#include "opkit/pieces.h"

typedef struct attrs {
    int64_t axis;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    if (node->opset >= 4 && !tenon__attr_find(node, "axis"))
        return tenon__fail(err, TENON_EFORMAT, "the attribute axis is missing");
    ((attrs *)out)->axis = tenon__attr_int(node, "axis", 1);
    return TENON_OK;
}

static tenon_status mismatch(tenon__infer *c, uint32_t i)
{
    char a[160], b[160];
    return tenon__fail(
        c->err, TENON_ESHAPE, "inputs 0 and %u are %s and %s; all dims but one must agree", i,
        tenon__view_print(c->in[0], a, sizeof a), tenon__view_print(c->in[i], b, sizeof b));
}

static tenon_status join(tenon__infer *c, uint32_t i, int axis, int rank, int64_t *dims)
{
    const tenon__view *v = c->in[i];
    tenon_status st = tenon__check_same(c, 0, i);
    if (st) return st;
    if (v->rank == TENON__RANK_UNKNOWN) {
        dims[axis] = TENON__DIM_UNKNOWN;
        return TENON_OK;
    }
    if (v->rank != rank) return mismatch(c, i);
    for (int d = 0; d < rank; d++) {
        if (d == axis) {
            dims[d] = tenon__dim_add(dims[d], v->dims[d]);
        } else {
            if (!tenon__dim_agrees(dims[d], v->dims[d])) return mismatch(c, i);
            if (dims[d] < 0 && v->dims[d] >= 0) dims[d] = v->dims[d];
        }
    }
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int64_t dims[TENON_MAX_RANK];
    int axis;
    bool blocked = c->in[0]->layout == TENON__C16;
    tenon__infer_set(c, 0, c->in[0]->dtype, TENON__RANK_UNKNOWN, NULL);
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    int rank = c->in[0]->rank;
    tenon_status st = tenon__infer_axis(c, "axis", a->axis, rank, &axis);
    if (st) return st;
    memcpy(dims, c->in[0]->dims, sizeof dims);
    for (uint32_t i = 1; i < c->in_count; i++) {
        if (!c->in[i]) return tenon__fail(c->err, TENON_EFORMAT, "input %u is missing", i);
        st = join(c, i, axis, rank, dims);
        if (st) return st;
    }
    tenon__infer_set(c, 0, c->in[0]->dtype, rank, dims);
    if (blocked) c->out[0]->layout = TENON__C16;
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *out = c->out[0];
    const tenon__pieces *p = c->params;
    c->tiles = tenon__pieces_init(c->params, out, tenon__axis_of(a->axis, out->rank), c->in_count);
    c->joined = p->outer == 1 && tenon_dtype_bits(out->dtype) >= 8;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    tenon__pieces_run(r->params, r->out[0], r->in, r->in_count, true, r->tile);
    return TENON_OK;
}

static int blocked(const tenon__node *node, const void *parsed, const tenon__view *const *in,
                   uint32_t in_count, tenon__cpu_bits cpu)
{
    int64_t axis = ((const attrs *)parsed)->axis;
    (void)node;
    (void)cpu;
    for (uint32_t i = 0; i < in_count; i++) {
        if (!in[i] || in[i]->rank < 3 || in[i]->dtype != TENON_F32) return 0;
        if (axis != 1 && axis != 1 - in[i]->rank) return 0;
        if (in[i]->dims[1] < 0 || in[i]->dims[1] % TENON__BLOCK) return 0;
    }
    return 1;
}

static const tenon__import imports[] = {{"onnx", "", "Concat", 1, 0, NULL}, {0}};

const tenon__op tenon__op_concat = {
    .name = "Concat",
    .doc = "Tensors one behind the other along an axis",
    .min_inputs = 1,
    .max_inputs = 255,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(tenon__pieces),
    .flags = TENON__OP_JOINS,
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
    .blocked = blocked,
};
