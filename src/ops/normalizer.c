/* SPDX-License-Identifier: Apache-2.0 */
/* Normalizer: each row divided by its norm, float32. ai.onnx.ml Normalizer-1.
 *
 * norm: MAX (the largest magnitude), L1 or L2; rows of zeros stay. [C] or [N, C] of float32,
 * float64, int32 or int64. */
#include <math.h>

#include "opkit/ml.h"

typedef struct attrs {
    enum { MAX, L1, L2 } norm;
} attrs;

typedef struct params {
    int64_t rows, columns, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    tenon__str norm = tenon__attr_str(node, "norm", "MAX");
    (void)graph;
    a->norm = tenon__str_is(norm, "L1") ? L1 : tenon__str_is(norm, "L2") ? L2 : MAX;
    if (a->norm == MAX && !tenon__str_is(norm, "MAX"))
        return tenon__fail(err, TENON_EFORMAT, "norm is '%.*s'; it must be MAX, L1 or L2",
                           TENON__STR_ARG(norm));
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    int64_t rows, columns;
    tenon__infer_set(c, 0, TENON_F32, c->in[0]->rank, c->in[0]->dims);
    return tenon__rows_check(c, &rows, &columns);
}

static tenon_status bind(tenon__bind *c)
{
    params *p = c->params;
    tenon__rows_of(c->in[0], &p->rows, &p->columns);
    c->tiles = p->columns ? tenon__tiles(p->rows, 5.0 * (double)p->columns, &p->per_tile) : 0;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    float *out = r->out[0]->data;
    int64_t row = (int64_t)r->tile * p->per_tile, end = row + p->per_tile;
    for (; row < end && row < p->rows; row++) {
        double norm = 0;
        for (int64_t i = row * p->columns; i < (row + 1) * p->columns; i++) {
            double v = fabs(tenon__feature(r->in[0], i));
            norm = a->norm == MAX ? (v > norm ? v : norm) : norm + (a->norm == L1 ? v : v * v);
        }
        if (a->norm == L2) norm = sqrt(norm);
        if (norm == 0) norm = 1;
        for (int64_t i = row * p->columns; i < (row + 1) * p->columns; i++)
            out[i] = (float)(tenon__feature(r->in[0], i) / norm);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "Normalizer", 1, 0, NULL}, {0}};

const tenon__op tenon__op_normalizer = {
    .name = "Normalizer",
    .doc = "Rows divided by their norm",
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
