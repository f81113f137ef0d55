/* SPDX-License-Identifier: Apache-2.0 */
/* TreeEnsembleClassifier: the votes of trees for classes. ai.onnx.ml TreeEnsembleClassifier-1, 3.
 *
 * X [C] or [N, C] of float32, float64, int32 or int64; nodes_* are the trees, class_* the votes at
 * their leaves, summed and added to base_values. Outputs: the label of the largest score [N] (int64
 * or string; the first of equal ones), scores [N, classes] float32 after post_transform.
 *
 * Where there are two labels and all votes, whose sum is s, are for one: scores are 1 - s and s
 * where no vote is negative, the second label being taken above 0.5; else, and for LOGISTIC, -s and
 * s, which are then transformed, the second label being taken above 0 where there are negative
 * votes. */
#include "opkit/trees.h"

typedef struct attrs {
    tenon__trees trees;
    tenon__labels labels;
    tenon__post post;
    bool single, positive; /* two labels, votes for one; none negative */
    int32_t voted;         /* single: which */
} attrs;

typedef struct params {
    int64_t rows, columns, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    tenon_status st = tenon__labels_read(node, &a->labels, err);
    if (st == TENON_OK) st = tenon__post_read(node, &a->post, err);
    if (st) return st;
    a->trees.aggregate = TENON__TREE_SUM;
    a->trees.targets = (int64_t)a->labels.count;
    st = tenon__trees_read(graph, node, "class", &a->trees, err);
    if (st) return st;
    if (a->trees.base_count > a->labels.count)
        return tenon__fail(err, TENON_EFORMAT, "%zu base_values for %zu classes",
                           a->trees.base_count, a->labels.count);
    uint32_t votes = a->trees.vote_starts[a->trees.leaf_count];
    a->single = a->labels.count == 2;
    a->positive = true;
    for (uint32_t k = 0; k < votes; k++) {
        a->single = a->single && a->trees.votes[k].target == a->trees.votes[0].target;
        a->positive = a->positive && a->trees.votes[k].weight >= 0;
    }
    a->voted = votes ? a->trees.votes[0].target : 0;
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int64_t dims[2] = {TENON__DIM_UNKNOWN, a->trees.targets};
    tenon_status st = tenon__trees_check(c, &a->trees, &dims[0]);
    tenon__infer_set(c, 0, tenon__labels_dtype(&a->labels), 1, dims);
    tenon__infer_set(c, 1, TENON_F32, 2, dims);
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

/* Which label, and the scores of both. */
static size_t of_two(const attrs *a, double *scores)
{
    double s = scores[a->voted];
    if (a->trees.base_count) s += a->trees.base[a->trees.base_count - 1];
    scores[1] = s;
    bool opposite = !a->positive || a->post == TENON__POST_LOGISTIC;
    scores[0] = opposite ? -s : 1 - s;
    if (opposite || a->post == TENON__POST_PROBIT) tenon__post_apply(a->post, scores, 2);
    return s > (a->positive ? 0.5 : 0);
}

static size_t of_many(const attrs *a, double *scores)
{
    size_t best = 0;
    for (size_t k = 0; k < a->trees.base_count; k++)
        scores[k] += a->trees.base[k];
    for (size_t k = 1; k < a->labels.count; k++)
        if (scores[k] > scores[best]) best = k;
    tenon__post_apply(a->post, scores, (int64_t)a->labels.count);
    return best;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    int64_t classes = a->trees.targets, row = (int64_t)r->tile * p->per_tile,
            end = row + p->per_tile;
    double *scores = r->scratch;
    bool *has = (bool *)(scores + classes);
    for (; row < end && row < p->rows; row++) {
        tenon_status st =
            tenon__trees_score(&a->trees, r->in[0], row, p->columns, scores, has, r->err);
        if (st) return st;
        size_t best = a->single ? of_two(a, scores) : of_many(a, scores);
        tenon__labels_put(&a->labels, best, r->out[0], row);
        for (int64_t k = 0; r->out_count > 1 && k < classes; k++)
            ((float *)r->out[1]->data)[row * classes + k] = (float)scores[k];
    }
    return TENON_OK;
}

static const tenon__import imports[] = {
    {"onnx", "ai.onnx.ml", "TreeEnsembleClassifier", 1, 0, NULL}, {0}};

const tenon__op tenon__op_tree_ensemble_classifier = {
    .name = "TreeEnsembleClassifier",
    .doc = "The votes of trees for classes",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 2,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
