/* SPDX-License-Identifier: Apache-2.0 */
/* What QuantizeLinear and DequantizeLinear share. */
#include "opkit/quantize.h"

#include "tensor/convert.h"
#include "tensor/onnx_type.h"

/* Tiles are whole numbers of these elements: packed ones start on whole bytes. */
#define GRAIN 64

int tenon__quant_type_of(tenon_dtype dtype)
{
    switch (dtype) {
    case TENON_U8:
        return TENON__QUANT_U8;
    case TENON_I8:
        return TENON__QUANT_I8;
    case TENON_U16:
        return TENON__QUANT_U16;
    case TENON_I16:
        return TENON__QUANT_I16;
    case TENON_I32:
        return TENON__QUANT_I32;
    default:
        return -1;
    }
}

bool tenon__is_small_float(tenon_dtype dtype)
{
    return (dtype >= TENON_F8E4M3FN && dtype <= TENON_F8E5M2FNUZ) || dtype == TENON_F4E2M1;
}

void tenon__integer_range(tenon_dtype dtype, int32_t *low, int32_t *high)
{
    bool is_signed = dtype == TENON_I8 || dtype == TENON_I16 || dtype == TENON_I32 ||
                     dtype == TENON_I4 || dtype == TENON_I2;
    int64_t values = INT64_C(1) << tenon_dtype_bits(dtype);
    *low = is_signed ? (int32_t)(-values / 2) : 0;
    *high = (int32_t)(is_signed ? values / 2 - 1 : values - 1);
}

/* ---- read and infer ---- */

static tenon_status read_dtype(const tenon__node *node, const char *name, tenon_dtype *out,
                               tenon_error *err)
{
    tenon_status status = tenon__attr_check(node, name, TENON__ATTR_INT, err);
    int64_t type = status ? 0 : tenon__attr_int(node, name, 0);
    *out = type ? tenon__dtype_of_onnx(type) : TENON_NONE;
    if (type && *out == TENON_NONE)
        return tenon__fail(err, TENON_EFORMAT, "%s is %lld, which names no element type", name,
                           (long long)type);
    return status;
}

tenon_status tenon__quantize_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                                  tenon_error *err)
{
    static const char *const names[] = {"axis", "block_size", "saturate"};
    tenon__quantize_attrs *a = attrs;
    (void)graph;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tenon_status status = tenon__attr_check(node, names[i], TENON__ATTR_INT, err);
        if (status) return status;
    }
    a->axis = tenon__attr_int(node, "axis", 1);
    a->block_size = tenon__attr_int(node, "block_size", 0);
    a->saturate = tenon__attr_int(node, "saturate", 1) != 0;
    if (a->block_size < 0)
        return tenon__fail(err, TENON_EFORMAT, "block_size is %lld; it must be positive",
                           (long long)a->block_size);
    tenon_status status = read_dtype(node, "output_dtype", &a->output, err);
    return status ? status : read_dtype(node, "precision", &a->precision, err);
}

/* The axis where the scale is not of the whole tensor. */
static tenon_status axis_of(const tenon__quantize_attrs *a, const tenon__view *x, int *axis,
                            tenon_error *err)
{
    int64_t at = a->axis < 0 ? a->axis + x->rank : a->axis;
    if (x->rank == 1 && a->axis == 1) /* the default, of a vector */
        at = 0;
    if (at < 0 || at >= x->rank)
        return tenon__fail(err, TENON_EFORMAT, "axis is %lld; the input has rank %d",
                           (long long)a->axis, x->rank);
    *axis = (int)at;
    return TENON_OK;
}

static tenon_status blocked_shape(const tenon__quantize_attrs *a, const tenon__view *x,
                                  const tenon__view *scale, int axis, tenon_error *err)
{
    char text[128];
    bool agrees = true;
    for (int i = 0; i < x->rank; i++) {
        int64_t want = x->dims[i];
        if (i == axis && want > 0) want = (want - 1) / a->block_size + 1;
        agrees = agrees && tenon__dim_agrees(want, scale->dims[i]);
    }
    if (agrees) return TENON_OK;
    return tenon__fail(err, TENON_ESHAPE,
                       "the scale is %s; with block_size %lld along axis %d it does not fit",
                       tenon__view_print(scale, text, sizeof text), (long long)a->block_size, axis);
}

tenon_status tenon__quantize_shapes(tenon__infer *c)
{
    const tenon__quantize_attrs *a = c->attrs;
    const tenon__view *x = c->in[0], *scale = c->in[1], *zero = c->in_count > 2 ? c->in[2] : NULL;
    int axis = 0;
    if (x->kind != TENON_VALUE_TENSOR || scale->kind != TENON_VALUE_TENSOR)
        return tenon__fail(c->err, TENON_ETYPE, "an input is no tensor");
    if (zero && zero->rank >= 0 && scale->rank >= 0 && tenon__dims_known(zero) &&
        tenon__dims_known(scale) && tenon__view_count(zero) != tenon__view_count(scale))
        return tenon__fail(c->err, TENON_ESHAPE,
                           "%lld scales and %lld zero points; there must be as many",
                           (long long)tenon__view_count(scale), (long long)tenon__view_count(zero));
    if (x->rank < 0 || scale->rank < 0 || tenon__view_count(scale) == 1) return TENON_OK;
    tenon_status status = scale->rank ? axis_of(a, x, &axis, c->err) : TENON_OK;
    if (status || !scale->rank) return status;
    if (a->block_size) {
        if (scale->rank != x->rank)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "the scale has rank %d, the input %d; in blocks they are equal",
                               scale->rank, x->rank);
        return blocked_shape(a, x, scale, axis, c->err);
    }
    if (scale->rank != 1)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the scale has rank %d; without block_size it has 0 or 1", scale->rank);
    if (!tenon__dim_agrees(scale->dims[0], x->dims[axis]))
        return tenon__fail(c->err, TENON_ESHAPE, "%lld scales for an axis of %lld",
                           (long long)scale->dims[0], (long long)x->dims[axis]);
    return TENON_OK;
}

/* ---- bind and walk ---- */

tenon_status tenon__quantize_bind(tenon__bind *c)
{
    const tenon__quantize_attrs *a = c->attrs;
    tenon__quantize_params *p = c->params;
    const tenon__view *x = c->in[0], *scale = c->in[1];
    int axis = 0;
    tenon__quant_find(c->cpu, &p->row);
    p->total = tenon__view_count(x);
    p->kind = TENON__PER_TENSOR;
    if (tenon__view_count(scale) != 1) {
        tenon_status status = axis_of(a, x, &axis, c->err);
        if (status) return status;
        p->kind = a->block_size ? TENON__PER_BLOCK : TENON__PER_AXIS;
        p->length = x->dims[axis];
        p->inner = tenon__dims_product(x->dims, axis + 1, x->rank);
        p->block = a->block_size;
        p->blocks = p->kind == TENON__PER_BLOCK ? scale->dims[axis] : p->length;
    }
    bool fast = tenon_dtype_bits(x->dtype) >= 8 && tenon_dtype_bits(c->out[0]->dtype) >= 8;
    double cost_ns = fast ? 0.5 : 10;
    c->tiles = tenon__tiles((p->total + GRAIN - 1) / GRAIN, cost_ns * GRAIN, &p->per_tile);
    p->per_tile *= GRAIN;
    return TENON_OK;
}

tenon__quantize_stretch tenon__quantize_next(const tenon__quantize_params *p, int64_t position,
                                             int64_t end)
{
    tenon__quantize_stretch s = {.count = end - position};
    int64_t most = s.count;
    if (p->kind == TENON__PER_TENSOR) return s;
    int64_t inner_at = position % p->inner, row = position / p->inner;
    int64_t at = row % p->length, outer = row / p->length;
    if (p->kind == TENON__PER_AXIS) {
        s.scale = at;
        s.step = p->inner == 1;
        most = p->inner == 1 ? p->length - at : p->inner - inner_at;
    } else {
        s.scale = (outer * p->blocks + at / p->block) * p->inner + inner_at;
        s.step = p->inner != 1;
        most = p->inner - inner_at;
        if (p->inner == 1) {
            most = p->block - at % p->block;
            most = most < p->length - at ? most : p->length - at;
        }
    }
    s.count = s.count < most ? s.count : most;
    if (s.step && s.count > TENON__QUANTIZE_PIECE) s.count = TENON__QUANTIZE_PIECE;
    return s;
}

tenon_status tenon__quantize_load(const tenon__view *scale, const tenon__view *zero, int64_t at,
                                  int64_t count, tenon__quantize_scales *out, tenon_error *err)
{
    unsigned bits = tenon_dtype_bits(scale->dtype);
    const char *from = (const char *)scale->data +
                       (size_t)at * bits / 8; /* whole bytes: a scale's dtype has them */
    tenon_status status =
        tenon__convert(scale->dtype, from, TENON_F32, out->scale, 0, (size_t)count, true, err);
    for (int64_t i = 0; i < count && !status; i++) {
        size_t k = (size_t)(at + i);
        bool real = zero && tenon__is_small_float(zero->dtype);
        out->zero[i] = zero && !real ? (int32_t)tenon__get_i64(zero->dtype, zero->data, k) : 0;
        out->real_zero[i] = real ? (float)tenon__get_f64(zero->dtype, zero->data, k) : 0;
    }
    return status;
}
