/* SPDX-License-Identifier: Apache-2.0 */
/* DepthToSpace: blocks of channels become blocks of pixels. ONNX DepthToSpace-1 .. 13.
 *
 * [N, C, H, W] -> [N, C / b^2, H b, W b], C a multiple of b^2. With C seen as [b, b, C'] (mode DCR)
 * or [C', b, b] (CRD), pixel (y, x) of a block comes from place (y, x). Any dtype. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct attrs {
    int64_t block;
    bool columns_first; /* CRD */
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    tenon__str mode = tenon__attr_str(node, "mode", "DCR");
    (void)graph;
    a->block = tenon__attr_int(node, "blocksize", 0);
    a->columns_first = tenon__str_is(mode, "CRD");
    if (a->block < 1 || a->block > INT32_MAX)
        return tenon__fail(err, TENON_EFORMAT, "blocksize is %lld; it must be at least 1",
                           (long long)a->block);
    if (!a->columns_first && !tenon__str_is(mode, "DCR"))
        return tenon__fail(err, TENON_EFORMAT, "mode is '%.*s'; it must be DCR or CRD",
                           TENON__STR_ARG(mode));
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t area = a->block * a->block;
    int64_t dims[4] = {TENON__DIM_UNKNOWN, TENON__DIM_UNKNOWN, TENON__DIM_UNKNOWN,
                       TENON__DIM_UNKNOWN};
    tenon_status st = tenon__check_rank(c, 0, 4, "the input");
    if (st) return st;
    if (in->rank == 4) {
        if (in->dims[1] >= 0 && in->dims[1] % area)
            return tenon__fail(c->err, TENON_ESHAPE, "%lld channels are no multiple of %lld",
                               (long long)in->dims[1], (long long)area);
        dims[0] = in->dims[0];
        dims[1] = in->dims[1] < 0 ? TENON__DIM_UNKNOWN : in->dims[1] / area;
        dims[2] = tenon__dim_mul(in->dims[2], a->block);
        dims[3] = tenon__dim_mul(in->dims[3], a->block);
    }
    tenon__infer_set(c, 0, in->dtype, 4, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t b = a->block, depth = c->out[0]->dims[1], h = in->dims[2], w = in->dims[3];
    int64_t plane = h * w;
    const int64_t dims[6] = {in->dims[0], depth, h, b, w, b};
    const int64_t dcr[6] = {in->dims[1] * plane, plane, w, b * depth * plane, 1, depth * plane};
    const int64_t crd[6] = {in->dims[1] * plane, b * b * plane, w, b * plane, 1, plane};
    tenon__copy *copy = c->params;
    tenon__copy_init_dense(copy, c->cpu, in->dtype, 6, dims, 0, a->columns_first ? crd : dcr);
    c->tiles = copy->tiles;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    tenon__copy_run(r->params, r->in[0]->data, r->out[0]->data, r->tile);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "DepthToSpace", 1, 0, NULL}, {0}};

const tenon__op tenon__op_depth_to_space = {
    .name = "DepthToSpace",
    .doc = "Blocks of channels become blocks of pixels",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(tenon__copy),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
