/* SPDX-License-Identifier: Apache-2.0 */
/* Scaler: (x - offset) * scale, float32. ai.onnx.ml Scaler-1.
 *
 * offset (default 0) and scale (default 1) have one number, or one for each column. [C] or [N, C]
 * of float32, float64, int32 or int64. */
#include "opkit/ml.h"

typedef struct attrs {
    const float *offset, *scale;
    size_t offsets, scales;
} attrs;

typedef struct params {
    int64_t rows, columns, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    (void)err;
    a->offset = tenon__attr_floats(node, "offset", &a->offsets);
    a->scale = tenon__attr_floats(node, "scale", &a->scales);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int64_t rows, columns;
    tenon__infer_set(c, 0, TENON_F32, c->in[0]->rank, c->in[0]->dims);
    tenon_status st = tenon__rows_check(c, &rows, &columns);
    if (st || columns < 0) return st;
    if ((a->offsets > 1 && a->offsets != (size_t)columns) ||
        (a->scales > 1 && a->scales != (size_t)columns))
        return tenon__fail(c->err, TENON_ESHAPE, "%zu offsets and %zu scales for %lld columns",
                           a->offsets, a->scales, (long long)columns);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    params *p = c->params;
    tenon__rows_of(c->in[0], &p->rows, &p->columns);
    c->tiles = p->columns ? tenon__tiles(p->rows, 3.0 * (double)p->columns, &p->per_tile) : 0;
    return TENON_OK;
}

static double per_column(const float *list, size_t count, int64_t column, double fallback)
{
    return count == 0 ? fallback : (double)list[count == 1 ? 0 : column];
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    float *out = r->out[0]->data;
    int64_t row = (int64_t)r->tile * p->per_tile, end = row + p->per_tile;
    for (; row < end && row < p->rows; row++) {
        for (int64_t k = 0; k < p->columns; k++) {
            double x = tenon__feature(r->in[0], row * p->columns + k);
            out[row * p->columns + k] = (float)((x - per_column(a->offset, a->offsets, k, 0)) *
                                                per_column(a->scale, a->scales, k, 1));
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "Scaler", 1, 0, NULL}, {0}};

const tenon__op tenon__op_scaler = {
    .name = "Scaler",
    .doc = "Columns moved and scaled",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
