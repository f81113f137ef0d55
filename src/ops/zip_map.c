/* SPDX-License-Identifier: Apache-2.0 */
/* ZipMap: each row of scores as a map from label to score. ai.onnx.ml ZipMap-1.
 *
 * X [C] or [N, C] of float32; the output is a sequence of N maps from string or int64 to a float32
 * scalar. */
#include "opkit/ml.h"

typedef struct attrs {
    tenon__labels labels;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    return tenon__labels_read(node, &((attrs *)out)->labels, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int64_t rows, columns;
    tenon__infer_set(c, 0, TENON_F32, TENON__RANK_UNKNOWN, NULL);
    c->out[0]->kind = TENON_VALUE_SEQUENCE;
    tenon_status st = tenon__rows_check(c, &rows, &columns);
    if (st) return st;
    if (c->in[0]->dtype != TENON_F32 && c->in[0]->dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; it must be float32",
                           tenon_dtype_text(c->in[0]->dtype));
    if (columns >= 0 && (size_t)columns != a->labels.count)
        return tenon__fail(c->err, TENON_ESHAPE, "rows have %lld scores for %zu labels",
                           (long long)columns, a->labels.count);
    return TENON_OK;
}

static tenon_status put(const tenon__run *r, const tenon__labels *l, size_t k, float score,
                        tenon_value *map)
{
    tenon_tensor *tensor = NULL;
    tenon_value *item = NULL;
    tenon_status st = tenon_tensor_create(r->services->env, TENON_F32, 0, NULL, &tensor, r->err);
    if (st) return st;
    *(float *)tenon_tensor_data(tensor) = score;
    st = tenon_value_create_tensor(r->services->env, tensor, &item, r->err);
    if (st) {
        tenon_tensor_destroy(tensor);
        return st;
    }
    if (l->strings)
        st = tenon_value_put_string(map, (tenon_string){l->strings[k].data, l->strings[k].size},
                                    item, r->err);
    else
        st = tenon_value_put_i64(map, l->ints[k], item, r->err);
    if (st) tenon_value_destroy(item);
    return st;
}

static tenon_status append_row(const tenon__run *r, const tenon__labels *l, const float *scores,
                               tenon_value *sequence)
{
    tenon_value *map = NULL;
    tenon_status st =
        tenon_value_create_map(r->services->env, tenon__labels_dtype(l), &map, r->err);
    for (size_t k = 0; st == TENON_OK && k < l->count; k++)
        st = put(r, l, k, scores[k], map);
    if (st == TENON_OK) st = tenon_value_append(sequence, map, r->err);
    if (st) tenon_value_destroy(map);
    return st;
}

static tenon_status run(const tenon__run *r)
{
    const tenon__labels *l = &((const attrs *)r->attrs)->labels;
    tenon_value *sequence = NULL;
    int64_t rows, columns;
    tenon__rows_of(r->in[0], &rows, &columns);
    tenon_status st = tenon_value_create_sequence(r->services->env, &sequence, r->err);
    for (int64_t row = 0; st == TENON_OK && row < rows; row++)
        st = append_row(r, l, (const float *)r->in[0]->data + row * columns, sequence);
    if (st) {
        tenon_value_destroy(sequence);
        return st;
    }
    return r->services->give(r->services->ctx, r->out[0], sequence, r->err);
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "ZipMap", 1, 0, NULL}, {0}};

const tenon__op tenon__op_zip_map = {
    .name = "ZipMap",
    .doc = "Rows of scores as maps from label to score",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .run = run,
};
