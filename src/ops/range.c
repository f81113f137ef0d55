/* SPDX-License-Identifier: Apache-2.0 */
/* Range: start, start + delta, ... below (or above) limit. ONNX Range-11 .. 27.
 *
 * Three scalars of one numeric type; delta is not 0. The count is max(ceil((limit - start) /
 * delta), 0), element i is start + i * delta. 16-bit floats are computed in f32 (stash_type). */
#include <math.h>

#include "opkit/index.h"
#include "tensor/convert.h"

typedef struct params {
    int64_t count, per_tile;
} params;

/* false where the count does not fit, or is no number. */
static bool count_floats(double start, double limit, double delta, int64_t *count)
{
    double n = ceil((limit - start) / delta);
    if (!(n < 9.0e18)) return false;
    *count = n > 0 ? (int64_t)n : 0;
    return true;
}

/* Differences of 64-bit numbers fit unsigned ones. */
static bool count_integers(int64_t start, int64_t limit, int64_t delta, bool is_unsigned,
                           int64_t *count)
{
    bool rising = is_unsigned || delta > 0;
    bool any = is_unsigned ? (uint64_t)start < (uint64_t)limit
               : rising    ? start < limit
                           : start > limit;
    *count = 0;
    if (!any) return true;
    uint64_t span = rising ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
    uint64_t step = rising ? (uint64_t)delta : 0 - (uint64_t)delta;
    uint64_t n = (span - 1) / step + 1;
    *count = (int64_t)n;
    return n <= INT64_MAX;
}

static bool is_float(tenon_dtype dtype)
{
    return dtype == TENON_F32 || dtype == TENON_F64 || dtype == TENON_F16 || dtype == TENON_BF16;
}

static tenon_status infer(tenon__infer *c)
{
    tenon_dtype dtype = c->in[0]->dtype;
    int64_t dims[1] = {TENON__DIM_UNKNOWN};
    const void *data[3];
    tenon__infer_set(c, 0, dtype, 1, dims);
    if (dtype != TENON_NONE && !is_float(dtype) && !tenon__is_number(dtype))
        return tenon__fail(c->err, TENON_ETYPE, "the start is %s; it must be a number",
                           tenon_dtype_text(dtype));
    for (uint32_t i = 0; i < 3; i++) {
        int64_t n = tenon__view_count(c->in[i]);
        tenon_status st = tenon__check_same(c, 0, i);
        if (st) return st;
        if (n >= 0 && n != 1)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "input %u has %lld elements; it must be one number", i,
                               (long long)n);
    }
    for (uint32_t i = 0; i < 3; i++) {
        data[i] = tenon__infer_data(c, i);
        if (!data[i]) return TENON_EAGAIN;
    }
    bool fits;
    if (is_float(dtype)) {
        double delta = tenon__get_f64(dtype, data[2], 0);
        if (delta == 0) return tenon__fail(c->err, TENON_EFORMAT, "delta is 0");
        fits = count_floats(tenon__get_f64(dtype, data[0], 0), tenon__get_f64(dtype, data[1], 0),
                            delta, dims);
    } else {
        int64_t delta = tenon__get_i64(dtype, data[2], 0);
        if (delta == 0) return tenon__fail(c->err, TENON_EFORMAT, "delta is 0");
        fits = count_integers(tenon__get_i64(dtype, data[0], 0), tenon__get_i64(dtype, data[1], 0),
                              delta, dtype == TENON_U64, dims);
    }
    if (!fits) return tenon__fail(c->err, TENON_ELIMIT, "the range has no end");
    tenon__infer_set(c, 0, dtype, 1, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    params *p = c->params;
    p->count = c->out[0]->dims[0];
    c->tiles = tenon__tiles(p->count, 1, &p->per_tile);
    return TENON_OK;
}

#define WRITE_FLOATS(type)                                                                         \
    static void write_##type(const tenon__run *r, int64_t from, int64_t to)                        \
    {                                                                                              \
        const type start = *(const type *)r->in[0]->data, delta = *(const type *)r->in[2]->data;   \
        type *out = r->out[0]->data;                                                               \
        for (int64_t i = from; i < to; i++)                                                        \
            out[i] = start + (type)i * delta;                                                      \
    }
#define WRITE_INTEGERS(name, type)                                                                 \
    static void write_##type(const tenon__run *r, int64_t from, int64_t to)                        \
    {                                                                                              \
        const uint64_t start = (uint64_t) * (const type *)r->in[0]->data;                          \
        const uint64_t delta = (uint64_t) * (const type *)r->in[2]->data;                          \
        type *out = r->out[0]->data;                                                               \
        for (int64_t i = from; i < to; i++)                                                        \
            out[i] = (type)(start + (uint64_t)i * delta);                                          \
    }
WRITE_FLOATS(float)
WRITE_FLOATS(double)
TENON__INTEGER_MAP(WRITE_INTEGERS)

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    int64_t from = (int64_t)r->tile * p->per_tile, to = from + p->per_tile;
    if (to > p->count) to = p->count;
    switch (r->out[0]->dtype) {
#define ROW(name, type)                                                                            \
    case name:                                                                                     \
        write_##type(r, from, to);                                                                 \
        break;
        TENON__NUMBER_MAP(ROW)
#undef ROW
    default:
        return tenon__fail(r->err, TENON_ETYPE, "the start is no number");
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Range", 11, 0, NULL}, {0}};

const tenon__op tenon__op_range = {
    .name = "Range",
    .doc = "Numbers in even steps",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .params_bytes = sizeof(params),
    .infer = infer,
    .bind = bind,
    .run = run,
};
