/* SPDX-License-Identifier: Apache-2.0 */
/* TreeEnsemble: the votes of trees, in one form for all uses. ai.onnx.ml TreeEnsemble-5.
 *
 * X [N, C] of float32 or float64 (float16 is widened); nodes_* are the inner nodes, leaf_* the
 * leaves, tree_roots where the trees begin; aggregate_function 0 AVERAGE, 1 SUM, 2 MIN, 3 MAX;
 * post_transform 0 NONE, 1 SOFTMAX, 2 LOGISTIC, 3 SOFTMAX_ZERO, 4 PROBIT. Mode BRANCH_MEMBER asks
 * whether a feature is in the node's set of membership_values. Out [N, n_targets] of X's type. */
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
    attrs *a = out;
    int64_t how = tenon__attr_int(node, "aggregate_function", 1),
            post = tenon__attr_int(node, "post_transform", 0);
    a->trees.targets = tenon__attr_int(node, "n_targets", 1);
    if (how < 0 || how > TENON__TREE_MAX || post < 0 || post > TENON__POST_PROBIT ||
        a->trees.targets < 1 || a->trees.targets > INT32_MAX)
        return tenon__fail(err, TENON_EFORMAT,
                           "aggregate_function %lld, post_transform %lld, n_targets %lld",
                           (long long)how, (long long)post, (long long)a->trees.targets);
    a->trees.aggregate = (tenon__tree_aggregate)how;
    a->post = (tenon__post)post;
    return tenon__trees_read_flat(graph, node, &a->trees, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    tenon_dtype t = c->in[0]->dtype;
    int64_t dims[2] = {TENON__DIM_UNKNOWN, a->trees.targets};
    tenon_status st = TENON_OK;
    if (t == TENON_I32 || t == TENON_I64)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; it must be a float",
                           tenon_dtype_text(t));
    if (t != TENON_F16) st = tenon__trees_check(c, &a->trees, &dims[0]);
    tenon__infer_set(c, 0, t, 2, dims);
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
        tenon__post_apply(a->post, scores, targets);
        for (int64_t k = 0; k < targets; k++) {
            if (r->in[0]->dtype == TENON_F64)
                ((double *)r->out[0]->data)[row * targets + k] = scores[k];
            else
                ((float *)r->out[0]->data)[row * targets + k] = (float)scores[k];
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "TreeEnsemble", 5, 0, NULL}, {0}};

const tenon__op tenon__op_tree_ensemble = {
    .name = "TreeEnsemble",
    .doc = "The votes of trees",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
