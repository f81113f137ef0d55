/* SPDX-License-Identifier: Apache-2.0 */
/* OneHotEncoder: a new last dim that is 1 at an element's category, float32. ai.onnx.ml
 * OneHotEncoder-1.
 *
 * Categories: cats_int64s (for int32, int64, float32, float64: fractions are dropped) or
 * cats_strings. An element of no category gives zeros (zeros, the default), or is an error. */
#include <math.h>

#include "opkit/lookup.h"
#include "opkit/ml.h"

typedef struct attrs {
    tenon__keys keys;
    bool zeros;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    size_t strings, ints;
    a->keys.strings = tenon__attr_strings(node, "cats_strings", &strings);
    a->keys.ints = tenon__attr_ints(node, "cats_int64s", &ints);
    a->zeros = tenon__attr_int(node, "zeros", 1) != 0;
    if ((strings > 0) == (ints > 0))
        return tenon__fail(err, TENON_EFORMAT, "one of cats_strings and cats_int64s must be there");
    a->keys.dtype = strings ? TENON_STRING : TENON_I64;
    a->keys.count = strings ? strings : ints;
    return tenon__keys_init(&a->keys, graph->arena, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    int64_t dims[TENON_MAX_RANK];
    tenon__infer_set(c, 0, TENON_F32, TENON__RANK_UNKNOWN, NULL);
    bool number = x->dtype == TENON_F32 || x->dtype == TENON_F64 || x->dtype == TENON_I32 ||
                  x->dtype == TENON_I64;
    if (x->dtype != TENON_NONE &&
        (a->keys.dtype == TENON_STRING ? x->dtype != TENON_STRING : !number))
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; the categories are %s",
                           tenon_dtype_text(x->dtype), tenon_dtype_text(a->keys.dtype));
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    if (x->rank + 1 > TENON_MAX_RANK)
        return tenon__fail(c->err, TENON_ELIMIT, "the output's rank exceeds %d", TENON_MAX_RANK);
    memcpy(dims, x->dims, sizeof dims);
    dims[x->rank] = (int64_t)a->keys.count;
    tenon__infer_set(c, 0, TENON_F32, x->rank + 1, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    double cost = 30 + 0.3 * (double)((const attrs *)c->attrs)->keys.count;
    c->tiles = tenon__tiles(tenon__view_count(c->in[0]), cost, c->params);
    return TENON_OK;
}

static uint32_t find(const attrs *a, const tenon__view *x, int64_t i)
{
    if (x->dtype == TENON_STRING)
        return tenon__keys_find_string(&a->keys, ((const tenon_string *)x->data)[i]);
    if (x->dtype == TENON_I64) return tenon__keys_find_int(&a->keys, ((const int64_t *)x->data)[i]);
    double v = tenon__feature(x, i);
    if (!(fabs(v) < 9.0e18)) return TENON__NOT_FOUND;
    return tenon__keys_find_int(&a->keys, (int64_t)v);
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    int64_t per_tile = *(const int64_t *)r->params, i = r->tile * per_tile, end = i + per_tile;
    if (end > tenon__view_count(r->in[0])) end = tenon__view_count(r->in[0]);
    for (; i < end; i++) {
        float *out = (float *)r->out[0]->data + (size_t)i * a->keys.count;
        uint32_t found = find(a, r->in[0], i);
        memset(out, 0, a->keys.count * sizeof *out);
        if (found != TENON__NOT_FOUND)
            out[found] = 1;
        else if (!a->zeros)
            return tenon__fail(r->err, TENON_ESHAPE, "element %lld is of no category",
                               (long long)i);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "OneHotEncoder", 1, 0, NULL}, {0}};

const tenon__op tenon__op_one_hot_encoder = {
    .name = "OneHotEncoder",
    .doc = "A new dim that is 1 at an element's category",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(int64_t),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
