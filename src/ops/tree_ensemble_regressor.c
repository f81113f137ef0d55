/* SPDX-License-Identifier: Apache-2.0 */
/* TreeEnsembleRegressor: the votes of trees for numbers. ai.onnx.ml TreeEnsembleRegressor-1, 3.
 *
 * X [C] or [N, C] of float32, float64, int32 or int64; nodes_* are the trees, target_* the votes at
 * their leaves, aggregate_function SUM, AVERAGE, MIN or MAX; base_values are added, post_transform
 * is applied. Out [N, n_targets] float32. A NaN goes the way of nodes_missing_value_tracks_true. */
#include "opkit/trees.h"

typedef struct attrs {
    tenon__trees trees;
    tenon__post post;
} attrs;

typedef struct params {
    int64_t rows, columns, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    static const char *const words[] = {"AVERAGE", "SUM", "MIN", "MAX"};
    attrs *a = out;
    tenon__str how = tenon__attr_str(node, "aggregate_function", "SUM");
    int k = 0;
    while (k < 4 && !tenon__str_is(how, words[k]))
        k++;
    if (k == 4)
        return tenon__fail(err, TENON_EFORMAT, "aggregate_function is '%.*s', which is not known",
                           TENON__STR_ARG(how));
    a->trees.aggregate = (tenon__tree_aggregate)k;
    a->trees.targets = tenon__attr_int(node, "n_targets", 1);
    if (a->trees.targets < 1 || a->trees.targets > INT32_MAX)
        return tenon__fail(err, TENON_EFORMAT, "n_targets is %lld", (long long)a->trees.targets);
    tenon_status st = tenon__post_read(node, &a->post, err);
    if (st == TENON_OK) st = tenon__trees_read(graph, node, "target", &a->trees, err);
    if (st == TENON_OK && a->trees.base_count && a->trees.base_count != (size_t)a->trees.targets)
        return tenon__fail(err, TENON_EFORMAT, "%zu base_values for %lld targets",
                           a->trees.base_count, (long long)a->trees.targets);
    return st;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int64_t dims[2] = {TENON__DIM_UNKNOWN, a->trees.targets};
    tenon_status st = tenon__trees_check(c, &a->trees, &dims[0]);
    tenon__infer_set(c, 0, TENON_F32, 2, dims);
    return st;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *p = c->params;
    tenon__rows_of(c->in[0], &p->rows, &p->columns);
    c->tiles = tenon__tiles(p->rows, tenon__trees_cost(&a->trees), &p->per_tile);
    c->scratch_bytes = (size_t)a->trees.targets * (sizeof(double) + sizeof(bool));
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    int64_t targets = a->trees.targets, row = (int64_t)r->tile * p->per_tile,
            end = row + p->per_tile;
    double *scores = r->scratch;
    bool *has = (bool *)(scores + targets);
    for (; row < end && row < p->rows; row++) {
        tenon_status st =
            tenon__trees_score(&a->trees, r->in[0], row, p->columns, scores, has, r->err);
        if (st) return st;
        for (int64_t k = 0; a->trees.base && k < targets; k++)
            scores[k] += a->trees.base[k];
        tenon__post_apply(a->post, scores, targets);
        for (int64_t k = 0; k < targets; k++)
            ((float *)r->out[0]->data)[row * targets + k] = (float)scores[k];
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "TreeEnsembleRegressor", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_tree_ensemble_regressor = {
    .name = "TreeEnsembleRegressor",
    .doc = "The votes of trees for numbers",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
