/* SPDX-License-Identifier: Apache-2.0 */
/* What onnxruntime's operators on bytes with scales share. */
#include "opkit/qlinear.h"

#include <math.h>

#include "tensor/convert.h"

tenon_status tenon__qlinear_check_tensor(const tenon__infer *c, uint32_t i)
{
    const tenon__view *v = i < c->in_count ? c->in[i] : NULL;
    if (!v) return tenon__fail(c->err, TENON_EFORMAT, "input %u is absent; it is not optional", i);
    if (v->kind == TENON_VALUE_TENSOR &&
        (!v->dtype || v->dtype == TENON_U8 || v->dtype == TENON_I8))
        return TENON_OK;
    return tenon__fail(c->err, TENON_ETYPE, "input %u is %s; it must be a uint8 or int8 tensor", i,
                       tenon_dtype_text(v->dtype));
}

tenon_status tenon__qlinear_check(const tenon__infer *c, uint32_t scale, uint32_t zero,
                                  tenon_dtype dtype)
{
    const tenon__view *s = scale < c->in_count ? c->in[scale] : NULL,
                      *z = zero < c->in_count ? c->in[zero] : NULL;
    if (!s) return tenon__fail(c->err, TENON_EFORMAT, "input %u, a scale, is absent", scale);
    if (s->dtype && s->dtype != TENON_F32)
        return tenon__fail(c->err, TENON_ETYPE, "input %u, a scale, is %s; it must be float32",
                           scale, tenon_dtype_text(s->dtype));
    if (z && z->dtype && dtype && z->dtype != dtype)
        return tenon__fail(c->err, TENON_ETYPE, "input %u, a zero point, is %s; it must be %s",
                           zero, tenon_dtype_text(z->dtype), tenon_dtype_text(dtype));
    if ((tenon__dims_known(s) && tenon__view_count(s) != 1) ||
        (z && tenon__dims_known(z) && tenon__view_count(z) != 1))
        return tenon__fail(c->err, TENON_ESHAPE, "inputs %u and %u must have one element each",
                           scale, zero);
    return TENON_OK;
}

float tenon__qlinear_scale(const tenon__run *r, uint32_t i)
{
    float scale;
    memcpy(&scale, r->in[i]->data, sizeof scale);
    return scale;
}

int32_t tenon__qlinear_zero(const tenon__run *r, uint32_t i)
{
    const tenon__view *v = i < r->in_count ? r->in[i] : NULL;
    return v ? (int32_t)tenon__get_i64(v->dtype, v->data, 0) : 0;
}

static uint8_t quantised(double v, tenon_dtype dtype, int32_t zero)
{
    double low = dtype == TENON_U8 ? 0 : -128, high = dtype == TENON_U8 ? 255 : 127;
    v = rint(v) + zero;
    v = v > low ? v : low;
    return (uint8_t)(int)(v < high ? v : high);
}

void tenon__qlinear_table(tenon_dtype from, float x_scale, int32_t x_zero, tenon_dtype to,
                          float y_scale, int32_t y_zero, tenon__qlinear_function f, const void *p,
                          uint8_t *table)
{
    for (int q = 0; q < 256; q++) {
        int value = from == TENON_U8 || q < 128 ? q : q - 256;
        table[q] = quantised(f(p, (double)(value - x_zero) * (double)x_scale) / (double)y_scale, to,
                             y_zero);
    }
}

/* ---- one tensor ---- */

tenon_status tenon__qlinear_unary_infer(tenon__infer *c)
{
    tenon_status status = tenon__qlinear_check_tensor(c, 0);
    if (!status) status = tenon__qlinear_check(c, 1, 2, c->in[0]->dtype);
    if (!status) status = tenon__qlinear_check(c, 3, 4, c->in[0]->dtype);
    if (!status) tenon__infer_like(c, 0, 0);
    return status;
}

tenon_status tenon__qlinear_unary_bind(tenon__bind *c)
{
    tenon__qlinear_params *p = c->params;
    tenon__quant_find(c->cpu, &p->row);
    p->total = tenon__view_count(c->in[0]);
    c->tiles = tenon__tiles(p->total, 0.5, &p->per_tile);
    return TENON_OK;
}

tenon_status tenon__qlinear_unary_run(const tenon__run *r, tenon__qlinear_function f)
{
    const tenon__qlinear_params *p = r->params;
    tenon_dtype dtype = r->in[0]->dtype;
    uint8_t table[256];
    tenon__qlinear_table(dtype, tenon__qlinear_scale(r, 1), tenon__qlinear_zero(r, 2), dtype,
                         tenon__qlinear_scale(r, 3), tenon__qlinear_zero(r, 4), f, r->attrs, table);
    int64_t at = (int64_t)r->tile * p->per_tile;
    int64_t n = p->total - at < p->per_tile ? p->total - at : p->per_tile;
    p->row.look_up((const uint8_t *)r->in[0]->data + at, (uint8_t *)r->out[0]->data + at, n, table);
    return TENON_OK;
}

/* ---- two tensors ---- */

tenon_status tenon__qlinear_binary_infer(tenon__infer *c)
{
    tenon_status status = tenon__qlinear_check_tensor(c, 0);
    if (!status) status = tenon__qlinear_check_tensor(c, 3);
    for (uint32_t i = 0; i < 3 && !status; i++)
        status =
            tenon__qlinear_check(c, i < 2 ? 3 * i + 1 : 6, i < 2 ? 3 * i + 2 : 7, c->in[0]->dtype);
    if (status) return status;
    const tenon__view *in[] = {c->in[0], c->in[3]};
    if (in[0]->dtype && in[1]->dtype && in[0]->dtype != in[1]->dtype)
        return tenon__fail(c->err, TENON_ETYPE, "the operands are %s and %s; they must be one type",
                           tenon_dtype_text(in[0]->dtype), tenon_dtype_text(in[1]->dtype));
    c->out[0]->dtype = in[0]->dtype;
    if (in[0]->rank == TENON__RANK_UNKNOWN || in[1]->rank == TENON__RANK_UNKNOWN) return TENON_OK;
    return tenon__infer_broadcast(c, in, 2, c->out[0]);
}

tenon_status tenon__qlinear_binary_bind(tenon__bind *c)
{
    tenon__qlinear_params *p = c->params;
    const tenon__view *in[] = {c->in[0], c->in[3]};
    tenon__quant_find(c->cpu, &p->row);
    return tenon__broadcast_bind(&p->broadcast, c->out[0], in, 2, 0.5, &c->tiles, c->err);
}

tenon_status tenon__qlinear_binary_run(const tenon__run *r, bool product)
{
    const tenon__qlinear_params *p = r->params;
    const tenon__quant_pair pair = {tenon__qlinear_scale(r, 1), tenon__qlinear_scale(r, 4),
                                    tenon__qlinear_scale(r, 6), tenon__qlinear_zero(r, 2),
                                    tenon__qlinear_zero(r, 5),  tenon__qlinear_zero(r, 7)};
    int type = r->in[0]->dtype == TENON_U8 ? TENON__QUANT_U8 : TENON__QUANT_I8;
    tenon__broadcast_run(&p->broadcast, r->tile, r->out[0]->data,
                         (const void *[]){r->in[0]->data, r->in[3]->data},
                         product ? p->row.mul[type] : p->row.add[type], &pair);
    return TENON_OK;
}
