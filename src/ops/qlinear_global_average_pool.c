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
    c->tiles = tenon__tiles(p->planes, (double)p->plane * (a->last ? 0.2 : 0.6) + 5, &p->per_tile);
    return TENON_OK;
}

/* How a sum of x - x_zero becomes a byte. */
typedef struct tail {
    double scale, low;
    int32_t y_zero;
} tail;

static uint8_t byte_of(const tail *t, int64_t sum)
{
    double v = rint((double)sum * t->scale) + t->y_zero;
    v = v > t->low ? v : t->low; /* NaN too */
    v = v < t->low + 255 ? v : t->low + 255;
    return (uint8_t)(int32_t)v;
}

/* Channels [from, to) of one batch, side by side: sums of few positions fit 32 bits. */
static void run_last(const params *p, const uint8_t *x, int64_t from, int64_t to, uint8_t flip,
                     int32_t zero, const tail *t, uint8_t *y)
{
    enum { SOME = 64, FEW = 1 << 20 };
    for (int64_t c = from; c < to; c += SOME) {
        const int some = to - c < SOME ? (int)(to - c) : SOME;
        int64_t sums[SOME] = {0};
        for (int64_t k = 0; k < p->plane; k += FEW) {
            const int64_t end = k + FEW < p->plane ? k + FEW : p->plane;
            uint32_t part[SOME] = {0};
            for (int64_t i = k; i < end; i++) {
                const uint8_t *at = x + i * p->channels + c;
                for (int j = 0; some == SOME && j < SOME; j++)
                    part[j] += (uint8_t)(at[j] ^ flip);
                for (int j = 0; some < SOME && j < some; j++)
                    part[j] += (uint8_t)(at[j] ^ flip);
            }
            for (int j = 0; j < some; j++)
                sums[j] += part[j];
        }
        for (int j = 0; j < some; j++)
            y[c + j] = byte_of(t, sums[j] - p->plane * zero);
    }
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const bool is_signed = r->in[0]->dtype == TENON_I8;
    const uint8_t flip = is_signed ? 0x80 : 0; /* int8 is moved up by 128 */
    const int32_t zero = tenon__qlinear_zero(r, 2) + (is_signed ? 128 : 0);
    const tail t = {.scale = (double)tenon__qlinear_scale(r, 1) /
                             (double)tenon__qlinear_scale(r, 3) / (double)p->plane,
                    .low = is_signed ? -128 : 0,
                    .y_zero = tenon__qlinear_zero(r, 4)};
    const uint8_t *data = r->in[0]->data;
    uint8_t *y = r->out[0]->data;
    int64_t end = (r->tile + (int64_t)1) * p->per_tile;
    if (end > p->planes) end = p->planes;
    for (int64_t i = r->tile * p->per_tile, n; i < end; i += n) {
        n = 1;
        if (a->last) {
            const int64_t batch = i / p->channels, from = i % p->channels;
            n = p->channels - from < end - i ? p->channels - from : end - i;
            run_last(p, data + batch * p->plane * p->channels, from, from + n, flip, zero, &t,
                     y + batch * p->channels);
            continue;
        }
        const uint8_t *x = data + i * p->plane;
        int64_t sum = 0;
        for (int64_t k = 0; k < p->plane; k++)
            sum += (uint8_t)(x[k] ^ flip);
        y[i] = byte_of(&t, sum - p->plane * zero);
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
