/* SPDX-License-Identifier: Apache-2.0 */
/* Clip: y = min(max(x, low), high). Any shape; reals (f16 and bf16 widened) and integers. The
 * limits are attributes before opset 11, then optional inputs of one element; a missing one does
 * not limit. Where low is above high, high wins. Source: ONNX Clip-13. */
#include "opkit/eltwise_ref.h"

#include <float.h>
#include <math.h>

typedef struct attributes {
    tenon__eltwise_attrs common;
    bool by_attribute;
    float low, high;
} attributes;

typedef union limit {
    float f32;
    double f64;
    int64_t i64; /* little-endian: smaller integers lie at the start */
    uint64_t u64;
    uint8_t bytes[8];
} limit;

typedef struct parameters {
    tenon__eltwise_params common;
    limit limits[2]; /* used where there is no input */
} parameters;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    attributes *a = attrs;
    (void)graph;
    a->by_attribute = node->opset < 11;
    a->low = -INFINITY;
    a->high = INFINITY;
    tenon_status status = TENON_OK;
    if (a->by_attribute) {
        status = tenon__eltwise_parameter(node, "min", -INFINITY, &a->low, err);
        if (!status) status = tenon__eltwise_parameter(node, "max", INFINITY, &a->high, err);
    }
    return status ? status : tenon__eltwise_read(node, &a->common, TENON__F_CLIP, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attributes *a = c->attrs;
    const tenon__view *x = c->in[0];
    for (uint32_t i = 0; i < c->in_count; i++) {
        if (i > 0 && !c->in[i]) continue;
        tenon_status status = tenon__eltwise_accepts(c, i, a->common.dtypes);
        if (status) return status;
        const tenon__view *v = c->in[i];
        if (v->dtype != x->dtype && v->dtype != TENON_NONE && x->dtype != TENON_NONE)
            return tenon__fail(c->err, TENON_ETYPE,
                               "the input is %s, a limit %s; they must be one type",
                               tenon_dtype_text(x->dtype), tenon_dtype_text(v->dtype));
        if (i > 0 && tenon__dims_known(v) && tenon__view_count(v) != 1)
            return tenon__fail(c->err, TENON_ESHAPE, "a limit has %lld elements; it must have one",
                               (long long)tenon__view_count(v));
    }
    tenon__infer_like(c, 0, 0);
    c->out[0]->layout = x->layout;
    return TENON_OK;
}

/* The least and the greatest of a dtype, or what the attributes say. */
static void set_limits(const attributes *a, tenon_dtype dtype, limit *limits)
{
    unsigned bits = tenon_dtype_bits(dtype);
    if (dtype == TENON_F32) {
        limits[0].f32 = a->low;
        limits[1].f32 = a->high;
    } else if (dtype == TENON_F64) {
        limits[0].f64 = (double)a->low;
        limits[1].f64 = (double)a->high;
    } else if (TENON__SIGNED_DTYPES >> dtype & 1) {
        limits[0].u64 = 0;
        limits[0].bytes[bits / 8 - 1] = 0x80;
        limits[1].u64 = UINT64_MAX;
        limits[1].bytes[bits / 8 - 1] = 0x7f;
    } else {
        limits[0].u64 = 0;
        limits[1].u64 = UINT64_MAX;
    }
}

static tenon_status bind(tenon__bind *c)
{
    const attributes *a = c->attrs;
    const tenon__eltwise_prepared *prepared = c->prepared;
    parameters *p = c->params;
    tenon_dtype dtype = c->in[0]->dtype;
    tenon__view scalar = {.dtype = dtype};
    const tenon__view *in[] = {c->in[0], &scalar, &scalar};
    tenon__eltwise_params *common = &p->common;
    common->row =
        prepared->row ? prepared->row : tenon__eltwise_find(c->cpu, TENON__F_CLIP, dtype, NULL);
    if (!common->row)
        return tenon__fail(c->err, TENON_ETYPE, "no kernel for %s", tenon_dtype_text(dtype));
    set_limits(a, dtype, p->limits);
    c->flops = (double)tenon__view_count(c->in[0]);
    return tenon__broadcast_bind(&common->broadcast, c->out[0], in, 3, (double)common->row->cost_ns,
                                 &c->tiles, c->err);
}

static tenon_status run(const tenon__run *r)
{
    const parameters *p = r->params;
    const void *in[3] = {r->in[0]->data};
    for (uint32_t i = 1; i < 3; i++)
        in[i] = r->in_count > i && r->in[i] ? r->in[i]->data : p->limits[i - 1].bytes;
    tenon__broadcast_run(&p->common.broadcast, r->tile, r->out[0]->data, in, p->common.row->fn,
                         NULL);
    return TENON_OK;
}

static int blocked(const tenon__node *node, const void *attrs, const tenon__view *const *in,
                   uint32_t in_count, tenon__cpu_bits cpu)
{
    (void)node;
    (void)attrs;
    (void)in_count;
    (void)cpu;
    return tenon__broadcast_blocked(in, 1);
}

static const tenon__import imports[] = {{"onnx", "", "Clip", 1, 0, NULL}, {0}};

const tenon__op tenon__op_clip = {
    .name = "Clip",
    .doc = "x held between two limits",
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attributes),
    .prepared_bytes = sizeof(tenon__eltwise_prepared),
    .params_bytes = sizeof(parameters),
    .read = read,
    .infer = infer,
    .prepare = tenon__eltwise_prepare,
    .bind = bind,
    .run = run,
    .blocked = blocked,
};
