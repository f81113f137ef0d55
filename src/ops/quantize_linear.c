/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeLinear: y = saturate(round(x / scale) + zero point), halves to even; for f8 and f4
 * y = cast(x / scale + zero point). One scale for all, for each place on an axis, or for each block
 * of block_size places. x in f32, f16, bf16, int32; scale in these and float8e8m0; y in (u)int2 to
 * (u)int16, f8, f4: output_dtype, else the zero point's, else uint8. The quotient is rounded to
 * `precision`, else to the scale's dtype, where that is f16 or bf16. Source: ONNX
 * QuantizeLinear-25. */
#include "opkit/quantize.h"

#include <math.h>

#include "tensor/convert.h"

static tenon_status infer(tenon__infer *c)
{
    const tenon__quantize_attrs *a = c->attrs;
    const tenon__view *x = c->in[0], *zero = c->in_count > 2 ? c->in[2] : NULL;
    const uint32_t reals = 1u << TENON_F32 | 1u << TENON_F16 | 1u << TENON_BF16 | 1u << TENON_I32;
    tenon_status status = tenon__quantize_shapes(c);
    if (status) return status;
    if ((x->dtype && !(reals >> x->dtype & 1)) ||
        (c->in[1]->dtype && !((reals | 1u << TENON_F8E8M0) >> c->in[1]->dtype & 1)))
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s, the scale %s; they must be real",
                           tenon_dtype_text(x->dtype), tenon_dtype_text(c->in[1]->dtype));
    tenon_dtype to = a->output;
    if (zero && zero->dtype) {
        if (to && to != zero->dtype)
            return tenon__fail(c->err, TENON_ETYPE, "output_dtype is %s, the zero point %s",
                               tenon_dtype_text(to), tenon_dtype_text(zero->dtype));
        to = zero->dtype;
    } else if (!to && !zero) {
        to = TENON_U8;
    }
    bool packed = to == TENON_U4 || to == TENON_I4 || to == TENON_U2 || to == TENON_I2;
    if (to && !packed && !tenon__is_small_float(to) && tenon__quant_type_of(to) < 0)
        return tenon__fail(c->err, TENON_ETYPE, "%s is no type to quantise to",
                           tenon_dtype_text(to));
    tenon__infer_set(c, 0, to, x->rank, x->dims);
    return TENON_OK;
}

static float at_precision(tenon_dtype precision, float v)
{
    if (precision == TENON_F16) return tenon__f16_to_f32(tenon__f32_to_f16(v));
    if (precision == TENON_BF16) return tenon__bf16_to_f32(tenon__f32_to_bf16(v));
    return v;
}

static void store_packed(const tenon__run *r, int64_t at, float v, int32_t zero)
{
    int32_t low, high;
    tenon_dtype to = r->out[0]->dtype;
    tenon__integer_range(to, &low, &high);
    v = rintf(v);
    v = v > (float)(low - zero) ? v : (float)(low - zero);
    v = v < (float)(high - zero) ? v : (float)(high - zero);
    tenon__packed_set(to, r->out[0]->data, (size_t)at, (int)v + zero);
}

/* At most TENON__QUANTIZE_PIECE elements from `at` on. */
static tenon_status quantize_piece(const tenon__run *r, int64_t at, int64_t n,
                                   const tenon__quantize_scales *s, int step)
{
    const tenon__quantize_attrs *a = r->attrs;
    const tenon__quantize_params *p = r->params;
    const tenon__view *x = r->in[0];
    tenon_dtype to = r->out[0]->dtype, precision = a->precision ? a->precision : r->in[1]->dtype;
    float block[TENON__QUANTIZE_PIECE];
    const float *from = (const float *)x->data + at;
    if (x->dtype != TENON_F32) {
        const char *start = (const char *)x->data + (size_t)at * (tenon_dtype_bits(x->dtype) / 8);
        tenon_status status =
            tenon__convert(x->dtype, start, TENON_F32, block, 0, (size_t)n, true, r->err);
        if (status) return status;
        from = block;
    }
    int type = tenon__quant_type_of(to);
    if (type >= 0 && precision != TENON_F16 && precision != TENON_BF16) {
        char *y = (char *)r->out[0]->data + (size_t)at * (tenon_dtype_bits(to) / 8);
        p->row.quantize[type](from, y, n, s->scale, s->zero, step);
        return TENON_OK;
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t k = i * step;
        float v = at_precision(precision, from[i] / s->scale[k]);
        if (to == TENON_F4E2M1) {
            tenon__packed_set(to, r->out[0]->data, (size_t)(at + i),
                              tenon__f32_to_f4(v + s->real_zero[k]));
        } else if (tenon__is_small_float(to)) {
            ((uint8_t *)r->out[0]->data)[at + i] =
                tenon__f32_to_f8(to, v + s->real_zero[k], a->saturate);
        } else if (type >= 0) {
            char *y = (char *)r->out[0]->data + (size_t)(at + i) * (tenon_dtype_bits(to) / 8);
            p->row.quantize[type](&v, y, 1, &(float){1.0f}, &s->zero[k], 0);
        } else {
            store_packed(r, at + i, v, s->zero[k]);
        }
    }
    return TENON_OK;
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
            status = quantize_piece(r, at, n, &scales, s.step);
        }
    }
    return status;
}

static const tenon__import imports[] = {{"onnx", "", "QuantizeLinear", 10, 0, NULL},
                                        {"onnx", "com.microsoft", "QuantizeLinear", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_quantize_linear = {
    .name = "QuantizeLinear",
    .doc = "Reals as small numbers of a given scale",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__quantize_attrs),
    .params_bytes = sizeof(tenon__quantize_params),
    .read = tenon__quantize_read,
    .infer = infer,
    .bind = tenon__quantize_bind,
    .run = run,
};
