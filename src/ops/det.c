/* SPDX-License-Identifier: Apache-2.0 */
/* Det: the determinants of the square matrices in the last two dims. ONNX Det-11, 22.
 *
 * [.., M, M] -> [..]; that of an empty matrix is 1. Floats, by elimination with row pivots in
 * double. */
#include <math.h>

#include "opkit/index.h"

typedef struct params {
    int64_t n, count, per_tile;
} params;

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *in = c->in[0];
    tenon__infer_set(c, 0, in->dtype, TENON__RANK_UNKNOWN, NULL);
    if (in->dtype != TENON_NONE && in->dtype != TENON_F32 && in->dtype != TENON_F64 &&
        in->dtype != TENON_F16 && in->dtype != TENON_BF16)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; it must be a float",
                           tenon_dtype_text(in->dtype));
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    if (in->rank < 2 || !tenon__dim_agrees(in->dims[in->rank - 1], in->dims[in->rank - 2])) {
        char text[160];
        return tenon__fail(c->err, TENON_ESHAPE, "%s holds no square matrices",
                           tenon__view_print(in, text, sizeof text));
    }
    tenon__infer_set(c, 0, in->dtype, in->rank - 2, in->dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0];
    params *p = c->params;
    p->n = in->dims[in->rank - 1];
    p->count = tenon__view_count(c->out[0]);
    double n = (double)p->n;
    c->tiles = tenon__tiles(p->count, 20 + n * n * n / 3, &p->per_tile);
    c->scratch_bytes = (size_t)(p->n * p->n) * sizeof(double);
    return TENON_OK;
}

static double determinant(double *a, int64_t n)
{
    double result = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t pivot = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[pivot * n + k])) pivot = i;
        if (pivot != k) {
            result = -result;
            for (int64_t j = k; j < n; j++) {
                double t = a[k * n + j];
                a[k * n + j] = a[pivot * n + j];
                a[pivot * n + j] = t;
            }
        }
        if (a[k * n + k] == 0) return 0;
        result *= a[k * n + k];
        for (int64_t i = k + 1; i < n; i++) {
            double factor = a[i * n + k] / a[k * n + k];
            for (int64_t j = k + 1; j < n; j++)
                a[i * n + j] -= factor * a[k * n + j];
        }
    }
    return result;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    double *a = r->scratch;
    bool wide = r->in[0]->dtype == TENON_F64;
    int64_t k = (int64_t)r->tile * p->per_tile, end = k + p->per_tile, size = p->n * p->n;
    for (; k < end && k < p->count; k++) {
        for (int64_t i = 0; i < size; i++)
            a[i] = wide ? ((const double *)r->in[0]->data)[k * size + i]
                        : (double)((const float *)r->in[0]->data)[k * size + i];
        double d = determinant(a, p->n);
        if (wide)
            ((double *)r->out[0]->data)[k] = d;
        else
            ((float *)r->out[0]->data)[k] = (float)d;
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Det", 11, 0, NULL}, {0}};

const tenon__op tenon__op_det = {
    .name = "Det",
    .doc = "Determinants of square matrices",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .params_bytes = sizeof(params),
    .infer = infer,
    .bind = bind,
    .run = run,
};
