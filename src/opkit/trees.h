/* SPDX-License-Identifier: Apache-2.0 */
/* Tree ensembles: checked and flattened when a node is read, walked when it runs. */
#ifndef TENON_OPKIT_TREES_H
#define TENON_OPKIT_TREES_H

#include "opkit/ml.h"

typedef enum tenon__tree_mode {
    TENON__TREE_LEQ,
    TENON__TREE_LT,
    TENON__TREE_GTE,
    TENON__TREE_GT,
    TENON__TREE_EQ,
    TENON__TREE_NEQ,
    TENON__TREE_MEMBER,
} tenon__tree_mode;

typedef enum tenon__tree_aggregate {
    TENON__TREE_AVERAGE,
    TENON__TREE_SUM,
    TENON__TREE_MIN,
    TENON__TREE_MAX,
} tenon__tree_aggregate;

/* A place in the tree: an inner node, or ~leaf. */
typedef int32_t tenon__tree_ref;

typedef struct tenon__tree_node {
    double value;
    int32_t feature;
    uint8_t mode;
    bool missing_true; /* a NaN takes the way of `yes` */
    tenon__tree_ref yes, no;
    uint32_t member_from, member_to; /* MEMBER: in `members` */
} tenon__tree_node;

typedef struct tenon__tree_vote {
    int32_t target;
    double weight;
} tenon__tree_vote;

typedef struct tenon__trees {
    const tenon__tree_node *nodes;
    const tenon__tree_ref *roots;
    const uint32_t *vote_starts; /* of each leaf, and the end */
    const tenon__tree_vote *votes;
    const double *members;
    uint32_t node_count, leaf_count, root_count;
    int64_t features; /* rows must have at least so many */
    int64_t targets;
    const double *base; /* NULL: none */
    size_t base_count;
    tenon__tree_aggregate aggregate;
} tenon__trees;

/* From the attributes nodes_* and `votes`_* (target_* or class_*) of TreeEnsembleRegressor and
 * TreeEnsembleClassifier; t->targets and t->aggregate are set by the caller before. */
tenon_status tenon__trees_read(const tenon__graph *graph, const tenon__node *node,
                               const char *votes, tenon__trees *t, tenon_error *err);
/* From those of TreeEnsemble-5. */
tenon_status tenon__trees_read_flat(const tenon__graph *graph, const tenon__node *node,
                                    tenon__trees *t, tenon_error *err);
/* Rows narrower than t->features are TENON_ESHAPE. */
tenon_status tenon__trees_check(const tenon__infer *c, const tenon__trees *t, int64_t *rows);
/* About how long a row takes. */
double tenon__trees_cost(const tenon__trees *t);
/* The aggregated votes of row `row`, before base values and transforms: t->targets numbers. has[k]
 * says whether target k got any. TENON_EFORMAT where the trees go round in circles. */
tenon_status tenon__trees_score(const tenon__trees *t, const tenon__view *x, int64_t row,
                                int64_t columns, double *scores, bool *has, tenon_error *err);

#endif
