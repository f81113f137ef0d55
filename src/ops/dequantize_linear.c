/* SPDX-License-Identifier: Apache-2.0 */
/* DequantizeLinear: y = (x - zero point) * scale. One scale for all, for each place on an axis, or
 * for each block of block_size places. x in (u)int2 to (u)int16, int32, f8, f4; scale in f32, f16,
 * bf16, float8e8m0; y in output_dtype, else the scale's dtype (f32 for float8e8m0), rounded once.
 * Source: ONNX DequantizeLinear-25. */
#include "opkit/quantize.h"

#include "tensor/convert.h"

static tenon_status infer(tenon__infer *c)
{
    const tenon__quantize_attrs *a = c->attrs;
    const tenon__view *x = c->in[0], *scale = c->in[1], *zero = c->in_count > 2 ? c->in[2] : NULL;
    const uint32_t reals = 1u << TENON_F32 | 1u << TENON_F16 | 1u << TENON_BF16;
    tenon_status status = tenon__quantize_shapes(c);
    if (status) return status;
    bool packed = x->dtype == TENON_U4 || x->dtype == TENON_I4 || x->dtype == TENON_U2 ||
                  x->dtype == TENON_I2;
    if (x->dtype && !packed && !tenon__is_small_float(x->dtype) &&
        tenon__quant_type_of(x->dtype) < 0)
        return tenon__fail(c->err, TENON_ETYPE, "%s is no quantised type",
                           tenon_dtype_text(x->dtype));
    if (scale->dtype && !((reals | 1u << TENON_F8E8M0) >> scale->dtype & 1))
        return tenon__fail(c->err, TENON_ETYPE, "the scale is %s; it must be real",
                           tenon_dtype_text(scale->dtype));
    if (zero && zero->dtype && x->dtype && zero->dtype != x->dtype)
        return tenon__fail(c->err, TENON_ETYPE,
                           "the input is %s, the zero point %s; they must be one type",
                           tenon_dtype_text(x->dtype), tenon_dtype_text(zero->dtype));
    tenon_dtype to = a->output                      ? a->output
                     : scale->dtype == TENON_F8E8M0 ? TENON_F32
                                                    : scale->dtype;
    if (to && !(reals >> to & 1))
        return tenon__fail(c->err, TENON_ETYPE, "output_dtype is %s; it must be real",
                           tenon_dtype_text(to));
    tenon__infer_set(c, 0, to, x->rank, x->dims);
    return TENON_OK;
}

/* Packed integers and small floats, one by one. */
static void dequantize_slowly(const tenon__view *x, int64_t at, int64_t n,
                              const tenon__quantize_scales *s, int step, float *y)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t k = i * step;
        float v;
        if (x->dtype == TENON_F4E2M1)
            v = tenon__f4_to_f32((uint8_t)tenon__packed_get(x->dtype, x->data, (size_t)(at + i))) -
                s->real_zero[k];
        else if (tenon__is_small_float(x->dtype))
            v = tenon__f8_to_f32(x->dtype, ((const uint8_t *)x->data)[at + i]) - s->real_zero[k];
        else
            v = (float)(tenon__packed_get(x->dtype, x->data, (size_t)(at + i)) - s->zero[k]);
        y[i] = v * s->scale[k];
    }
}

/* At most TENON__QUANTIZE_PIECE elements from `at` on. */
static tenon_status dequantize_piece(const tenon__run *r, int64_t at, int64_t n,
                                     const tenon__quantize_scales *s, int step)
{
    const tenon__quantize_params *p = r->params;
    const tenon__view *x = r->in[0];
    tenon_dtype to = r->out[0]->dtype;
    float block[TENON__QUANTIZE_PIECE];
    float *y = to == TENON_F32 ? (float *)r->out[0]->data + at : block;
    int type = tenon__quant_type_of(x->dtype);
    if (type >= 0)
        p->row.dequantize[type]((const char *)x->data +
                                    (size_t)at * (tenon_dtype_bits(x->dtype) / 8),
                                y, n, s->scale, s->zero, step);
    else
        dequantize_slowly(x, at, n, s, step, y);
    if (to == TENON_F32) return TENON_OK;
    char *out = (char *)r->out[0]->data + (size_t)at * (tenon_dtype_bits(to) / 8);
    return tenon__convert(TENON_F32, block, to, out, 0, (size_t)n, true, r->err);
}

static tenon_status run(const tenon__run *r)
{
    const tenon__quantize_params *p = r->params;
    const tenon__view *zero = r->in_count > 2 ? r->in[2] : NULL;
    int64_t at = (int64_t)r->tile * p->per_tile, end = at + p->per_tile;
    tenon__quantize_scales scales;
    tenon_status status = TENON_OK;
    end = end < p->total ? end : p->total;
    while (at < end && !status) {
        tenon__quantize_stretch s = tenon__quantize_next(p, at, end);
        status =
            tenon__quantize_load(r->in[1], zero, s.scale, s.step ? s.count : 1, &scales, r->err);
        for (int64_t n; s.count > 0 && !status; at += n, s.count -= n) {
            n = s.count < TENON__QUANTIZE_PIECE ? s.count : TENON__QUANTIZE_PIECE;
            status = dequantize_piece(r, at, n, &scales, s.step);
        }
    }
    return status;
}

static const tenon__import imports[] = {{"onnx", "", "DequantizeLinear", 10, 0, NULL},
                                        {"onnx", "com.microsoft", "DequantizeLinear", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_dequantize_linear = {
    .name = "DequantizeLinear",
    .doc = "Small numbers of a given scale as reals",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__quantize_attrs),
    .params_bytes = sizeof(tenon__quantize_params),
    .read = tenon__quantize_read,
    .infer = infer,
    .bind = tenon__quantize_bind,
    .run = run,
};
