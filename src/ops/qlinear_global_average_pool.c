/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearGlobalAveragePool: com.microsoft, version 1, as onnxruntime 1.31 has it.
 *
 * Inputs x, its scale and zero point, those of y. Y[n, c, 0, ...] = saturate(round((sum of X[n, c,
 * ...] / count - x_zero) * x_scale / y_scale) + y_zero), halves to even. uint8 or int8, [N, C,
 * ...], or [N, ..., C] with channels_last = 1. */
#include <math.h>

#include "opkit/qlinear.h"

typedef struct attrs {
    bool last;
} attrs;

typedef struct params {
    int64_t planes, channels, plane, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph, (void)err;
    a->last = tenon__attr_int(node, "channels_last", 0) != 0;
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    tenon_status st = tenon__qlinear_check_tensor(c, 0);
    if (st == TENON_OK) st = tenon__qlinear_check(c, 1, 2, x->dtype);
    if (st == TENON_OK) st = tenon__qlinear_check(c, 3, 4, x->dtype);
    if (st) return st;
    c->out[0]->dtype = x->dtype;
    if (x->rank == TENON__RANK_UNKNOWN) return TENON_OK;
    if (x->rank < 2)
        return tenon__fail(c->err, TENON_ESHAPE, "the input has rank %d; want 2 or more", x->rank);
    int64_t dims[TENON_MAX_RANK];
    for (int i = 0; i < x->rank; i++) {
        const bool kept = i == 0 || i == (a->last ? x->rank - 1 : 1);
        dims[i] = kept ? x->dims[i] : 1;
        if (!kept && x->dims[i] == 0)
            return tenon__fail(c->err, TENON_ESHAPE, "axis %d is empty; there is nothing to pool",
                               i);
    }
    tenon__infer_set(c, 0, x->dtype, x->rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    params *p = c->params;
    p->channels = x->dims[a->last ? x->rank - 1 : 1];
    p->planes = x->dims[0] * p->channels;
    p->plane = a->last ? tenon__dims_product(x->dims, 1, x->rank - 1)
                       : tenon__dims_product(x->dims, 2, x->rank);
    c->tiles = tenon__tiles(p->planes, (double)p->plane * 0.6 + 5, &p->per_tile);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const bool is_signed = r->in[0]->dtype == TENON_I8;
    const int32_t x_zero = tenon__qlinear_zero(r, 2), y_zero = tenon__qlinear_zero(r, 4);
    const double scale =
        (double)tenon__qlinear_scale(r, 1) / (double)tenon__qlinear_scale(r, 3) / (double)p->plane;
    const double low = is_signed ? -128 : 0;
    int64_t end = (r->tile + (int64_t)1) * p->per_tile;
    if (end > p->planes) end = p->planes;
    for (int64_t i = r->tile * p->per_tile; i < end; i++) {
        const int64_t step = a->last ? p->channels : 1;
        const int64_t first =
            a->last ? i / p->channels * p->plane * p->channels + i % p->channels : i * p->plane;
        const uint8_t *x = (const uint8_t *)r->in[0]->data + first, flip = is_signed ? 0x80 : 0;
        int64_t sum = 0; /* of int8 moved up by 128 */
        for (int64_t k = 0; k < p->plane; k++)
            sum += (uint8_t)(x[k * step] ^ flip);
        sum -= p->plane * (x_zero + (is_signed ? 128 : 0));
        double v = rint((double)sum * scale) + y_zero;
        v = v > low ? v : low; /* NaN too */
        v = v < low + 255 ? v : low + 255;
        ((uint8_t *)r->out[0]->data)[i] = (uint8_t)(int32_t)v;
    }
    return TENON_OK;
}

static const tenon__import imports[] = {
    {"onnx", "com.microsoft", "QLinearGlobalAveragePool", 1, 0, NULL}, {0}};

const tenon__op tenon__op_qlinear_global_average_pool = {
    .name = "QLinearGlobalAveragePool",
    .doc = "The mean of each channel of bytes with scales",
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
