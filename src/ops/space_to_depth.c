/* SPDX-License-Identifier: Apache-2.0 */
/* SpaceToDepth: blocks of pixels become channels. ONNX SpaceToDepth-1, 13.
 *
 * [N, C, H, W] -> [N, b^2 C, H / b, W / b]; channel (y b + x) C + c holds pixel (y, x) of each
 * block of channel c. H and W are multiples of b. Any dtype. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct attrs {
    int64_t block;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    a->block = tenon__attr_int(node, "blocksize", 0);
    if (a->block < 1 || a->block > INT32_MAX)
        return tenon__fail(err, TENON_EFORMAT, "blocksize is %lld; it must be at least 1",
                           (long long)a->block);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    int64_t b = ((const attrs *)c->attrs)->block;
    const tenon__view *in = c->in[0];
    int64_t dims[4] = {TENON__DIM_UNKNOWN, TENON__DIM_UNKNOWN, TENON__DIM_UNKNOWN,
                       TENON__DIM_UNKNOWN};
    tenon_status st = tenon__check_rank(c, 0, 4, "the input");
    if (st) return st;
    if (in->rank == 4) {
        dims[0] = in->dims[0];
        dims[1] = tenon__dim_mul(in->dims[1], b * b);
        for (int d = 2; d < 4; d++) {
            if (in->dims[d] >= 0 && in->dims[d] % b)
                return tenon__fail(c->err, TENON_ESHAPE,
                                   "dim %d is %lld, no multiple of blocksize %lld", d,
                                   (long long)in->dims[d], (long long)b);
            dims[d] = in->dims[d] < 0 ? TENON__DIM_UNKNOWN : in->dims[d] / b;
        }
    }
    tenon__infer_set(c, 0, in->dtype, 4, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    int64_t b = ((const attrs *)c->attrs)->block;
    const tenon__view *in = c->in[0], *out = c->out[0];
    int64_t w = in->dims[3], plane = in->dims[2] * w;
    const int64_t dims[6] = {in->dims[0], b, b, in->dims[1], out->dims[2], out->dims[3]};
    const int64_t from[6] = {in->dims[1] * plane, w, 1, plane, b * w, b};
    tenon__copy *copy = c->params;
    tenon__copy_init_dense(copy, c->cpu, in->dtype, 6, dims, 0, from);
    c->tiles = copy->tiles;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    tenon__copy_run(r->params, r->in[0]->data, r->out[0]->data, r->tile);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "SpaceToDepth", 1, 0, NULL}, {0}};

const tenon__op tenon__op_space_to_depth = {
    .name = "SpaceToDepth",
    .doc = "Blocks of pixels become channels",
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
