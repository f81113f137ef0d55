/* SPDX-License-Identifier: Apache-2.0 */
/* Imputer: elements equal to a value (NaN too) replaced. ai.onnx.ml Imputer-1.
 *
 * replaced_value_float (default 0) becomes imputed_value_floats in float32 and float64,
 * replaced_value_int64 imputed_value_int64s in int32 and int64: one number, or one for each column.
 * [C] or [N, C]. */
#include "opkit/ml.h"

typedef struct attrs {
    const float *floats;
    const int64_t *ints;
    size_t float_count, int_count;
    float replaced_float;
    int64_t replaced_int;
} attrs;

typedef struct params {
    int64_t rows, columns, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    a->floats = tenon__attr_floats(node, "imputed_value_floats", &a->float_count);
    a->ints = tenon__attr_ints(node, "imputed_value_int64s", &a->int_count);
    a->replaced_float = tenon__attr_float(node, "replaced_value_float", 0);
    a->replaced_int = tenon__attr_int(node, "replaced_value_int64", 0);
    if (a->float_count == 0 && a->int_count == 0)
        return tenon__fail(err, TENON_EFORMAT, "no attribute imputed_value_* gives values");
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    tenon_dtype t = c->in[0]->dtype;
    int64_t rows, columns;
    tenon__infer_like(c, 0, 0);
    tenon_status st = tenon__rows_check(c, &rows, &columns);
    if (st || t == TENON_NONE) return st;
    size_t count = t == TENON_F32 || t == TENON_F64 ? a->float_count : a->int_count;
    if (count == 0)
        return tenon__fail(c->err, TENON_ETYPE, "no values are given for %s", tenon_dtype_text(t));
    if (count > 1 && columns >= 0 && count != (size_t)columns)
        return tenon__fail(c->err, TENON_ESHAPE, "%zu values for %lld columns", count,
                           (long long)columns);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    params *p = c->params;
    tenon__rows_of(c->in[0], &p->rows, &p->columns);
    c->tiles = p->columns ? tenon__tiles(p->rows, 2.0 * (double)p->columns, &p->per_tile) : 0;
    return TENON_OK;
}

#define ROW(type, list, replaced)                                                                  \
    static void row_##type(const attrs *a, const type *in, type *out, int64_t n)                   \
    {                                                                                              \
        const type old = (type)a->replaced;                                                        \
        for (int64_t k = 0; k < n; k++) {                                                          \
            const bool hit = in[k] == old || (old != old && in[k] != in[k]);                       \
            out[k] = hit ? (type)a->list##s[a->list##_count == 1 ? 0 : k] : in[k];                 \
        }                                                                                          \
    }
ROW(float, float, replaced_float)
ROW(double, float, replaced_float)
ROW(int32_t, int, replaced_int)
ROW(int64_t, int, replaced_int)

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    int64_t row = (int64_t)r->tile * p->per_tile, end = row + p->per_tile;
    for (; row < end && row < p->rows; row++) {
        int64_t at = row * p->columns;
        switch (r->in[0]->dtype) {
#define CASE(name, type)                                                                           \
    case name:                                                                                     \
        row_##type(a, (const type *)r->in[0]->data + at, (type *)r->out[0]->data + at,             \
                   p->columns);                                                                    \
        break;
            CASE(TENON_F32, float)
            CASE(TENON_F64, double)
            CASE(TENON_I32, int32_t)
            CASE(TENON_I64, int64_t)
#undef CASE
        default:
            return tenon__fail(r->err, TENON_ETYPE, "the input is no number");
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "Imputer", 1, 0, NULL}, {0}};

const tenon__op tenon__op_imputer = {
    .name = "Imputer",
    .doc = "Replaces missing values",
    .min_inputs = 1,
    .max_inputs = 1,
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
