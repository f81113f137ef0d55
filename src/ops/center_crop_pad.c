/* SPDX-License-Identifier: Apache-2.0 */
/* CenterCropPad: axes cut to, or padded with zeros to, given extents around their middle. ONNX
 * CenterCropPad-18.
 *
 * shape has one number for each of axes (default: all). Where the difference is odd, one more is
 * cut from or added at the end. Any dtype of whole bytes. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct attrs {
    int count; /* -1: all axes */
    int64_t axes[TENON_MAX_RANK];
} attrs;

typedef struct params {
    tenon__stretch zeros; /* of the output; none where nothing is padded */
    uint32_t zero_tiles;
    tenon__copy copy;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    size_t count;
    const int64_t *axes = tenon__attr_ints(node, "axes", &count);
    (void)graph;
    if (count > TENON_MAX_RANK)
        return tenon__fail(err, TENON_EFORMAT, "axes has %zu numbers; at most %d make sense", count,
                           TENON_MAX_RANK);
    a->count = axes ? (int)count : -1;
    if (axes) memcpy(a->axes, axes, count * sizeof *axes);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t shape[TENON_MAX_RANK], dims[TENON_MAX_RANK];
    int count;
    size_t elem;
    for (int d = 0; d < TENON_MAX_RANK; d++)
        dims[d] = TENON__DIM_UNKNOWN;
    tenon__infer_set(c, 0, in->dtype, in->rank, dims);
    tenon_status st =
        in->dtype ? tenon__elem_bytes(in->dtype, "CenterCropPad", &elem, c->err) : TENON_OK;
    if (st == TENON_OK) st = tenon__infer_ints(c, 1, shape, TENON_MAX_RANK, &count);
    if (st || tenon__infer_rank_unknown(c, 1)) return st;
    if (count != (a->count < 0 ? in->rank : a->count))
        return tenon__fail(c->err, TENON_ESHAPE, "shape has %d numbers for %d axes", count,
                           a->count < 0 ? in->rank : a->count);
    memcpy(dims, in->dims, sizeof dims);
    for (int k = 0; k < count; k++) {
        int axis;
        st = tenon__infer_axis(c, "axes", a->count < 0 ? k : a->axes[k], in->rank, &axis);
        if (st) return st;
        if (shape[k] < 0)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "shape has %lld at %d; extents are not negative",
                               (long long)shape[k], k);
        dims[axis] = shape[k];
    }
    tenon__infer_set(c, 0, in->dtype, in->rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0], *out = c->out[0];
    params *p = c->params;
    int64_t from[TENON_MAX_RANK], to[TENON_MAX_RANK], dims[TENON_MAX_RANK], src_at = 0, dst_at = 0;
    bool padded = false;
    tenon__dense_strides(in->rank, in->dims, from);
    tenon__dense_strides(in->rank, out->dims, to);
    for (int d = 0; d < in->rank; d++) {
        int64_t more = out->dims[d] - in->dims[d];
        dims[d] = more < 0 ? out->dims[d] : in->dims[d];
        src_at += more < 0 ? -more / 2 * from[d] : 0;
        dst_at += more > 0 ? more / 2 * to[d] : 0;
        padded = padded || more > 0;
    }
    int64_t bytes = tenon__view_count(out) * (tenon_dtype_bits(out->dtype) / 8);
    p->zero_tiles = tenon__stretch_init(&p->zeros, padded ? bytes : 0, 64);
    tenon__copy_init(&p->copy, c->cpu, in->dtype, in->rank, dims, src_at, from, dst_at, to);
    c->phases = 2;
    c->tiles = p->zero_tiles ? p->zero_tiles : p->copy.tiles;
    return TENON_OK;
}

static uint32_t tiles(const void *parameters, uint32_t phase)
{
    const params *p = parameters;
    return phase == 0 ? p->zero_tiles : p->copy.tiles;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    int64_t from, to;
    if (r->phase == 1) {
        tenon__copy_run(&p->copy, r->in[0]->data, r->out[0]->data, r->tile);
        return TENON_OK;
    }
    tenon__stretch_tile(&p->zeros, r->tile, &from, &to);
    memset((uint8_t *)r->out[0]->data + from, 0, (size_t)(to - from));
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "CenterCropPad", 18, 0, NULL}, {0}};

const tenon__op tenon__op_center_crop_pad = {
    .name = "CenterCropPad",
    .doc = "Axes cut or padded around their middle",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .tiles = tiles,
    .run = run,
};
