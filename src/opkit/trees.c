/* SPDX-License-Identifier: Apache-2.0 */
/* Tree ensembles. */
#include "opkit/trees.h"

#include <float.h>
#include <stdio.h>

#include "opkit/lookup.h"
#include "tensor/convert.h"

/* ---- attributes -------------------------------------------------------------------------------
 */

/* Numbers given as floats, or as a tensor under the name with _as_tensor. */
typedef struct numbers {
    const float *floats;
    const tenon__view *tensor;
    size_t count;
} numbers;

static numbers find_numbers(const tenon__node *node, const char *name)
{
    char full[64];
    numbers n = {0};
    (void)snprintf(full, sizeof full, "%s_as_tensor", name);
    n.tensor = tenon__attr_tensor(node, full);
    if (n.tensor) {
        int64_t count = tenon__view_count(n.tensor);
        n.count = count > 0 && (n.tensor->dtype == TENON_F32 || n.tensor->dtype == TENON_F64)
                      ? (size_t)count
                      : 0;
        return n;
    }
    n.floats = tenon__attr_floats(node, name, &n.count);
    return n;
}

static double number_at(const numbers *n, size_t i)
{
    return n->tensor ? tenon__get_f64(n->tensor->dtype, n->tensor->data, i) : (double)n->floats[i];
}

/* An integer list that must have `count` numbers, or may be absent. */
static tenon_status find_ints(const tenon__node *node, const char *name, size_t count, bool needed,
                              const int64_t **out, tenon_error *err)
{
    size_t n;
    *out = tenon__attr_ints(node, name, &n);
    if (n == count || (!*out && !needed)) return TENON_OK;
    return tenon__fail(err, TENON_EFORMAT, "%s has %zu numbers; it must have %zu", name, n, count);
}

static void *take(const tenon__graph *graph, size_t count, size_t bytes, tenon_error *err,
                  tenon_status *st)
{
    void *memory = *st ? NULL : tenon__arena_zeroed(graph->arena, count + 1, bytes);
    if (!memory && !*st)
        *st = tenon__fail(err, TENON_ENOMEM, "no memory for %zu tree nodes", count);
    return memory;
}

/* ---- TreeEnsembleRegressor and TreeEnsembleClassifier ------------------------------------------
 */

typedef struct source {
    size_t count;
    const int64_t *tree_ids, *node_ids, *features, *yes, *no, *missing;
    const tenon__str *modes;
    numbers values;
    tenon__lookup lookup;  /* (tree, node) to its place here */
    tenon__tree_ref *refs; /* what each became */
    const tenon__graph *graph;
    tenon_error *err;
} source;

typedef struct node_key {
    int64_t tree, node;
} node_key;

static bool equal_node(const void *keys, uint32_t number, const void *key)
{
    const source *s = keys;
    const node_key *k = key;
    return s->tree_ids[number] == k->tree && s->node_ids[number] == k->node;
}

static uint32_t find_node(const source *s, int64_t tree, int64_t node)
{
    node_key key = {tree, node};
    return tenon__lookup_find(&s->lookup, tenon__hash64(&key, sizeof key, 0), s, &key, equal_node);
}

static tenon_status load_source(const tenon__node *node, source *s)
{
    size_t modes;
    s->modes = tenon__attr_strings(node, "nodes_modes", &modes);
    s->node_ids = tenon__attr_ints(node, "nodes_nodeids", &s->count);
    s->values = find_numbers(node, "nodes_values");
    if (s->count == 0 || s->count > INT32_MAX || modes != s->count || s->values.count != s->count)
        return tenon__fail(s->err, TENON_EFORMAT, "%zu node ids, %zu modes and %zu values",
                           s->count, modes, s->values.count);
    tenon_status st = find_ints(node, "nodes_treeids", s->count, true, &s->tree_ids, s->err);
    if (st == TENON_OK)
        st = find_ints(node, "nodes_featureids", s->count, true, &s->features, s->err);
    if (st == TENON_OK) st = find_ints(node, "nodes_truenodeids", s->count, true, &s->yes, s->err);
    if (st == TENON_OK) st = find_ints(node, "nodes_falsenodeids", s->count, true, &s->no, s->err);
    if (st == TENON_OK)
        st = find_ints(node, "nodes_missing_value_tracks_true", s->count, false, &s->missing,
                       s->err);
    if (st == TENON_OK) st = tenon__lookup_init(&s->lookup, s->graph->arena, s->count, s->err);
    for (size_t i = 0; st == TENON_OK && i < s->count; i++) {
        node_key key = {s->tree_ids[i], s->node_ids[i]};
        if (find_node(s, key.tree, key.node) != TENON__NOT_FOUND)
            return tenon__fail(s->err, TENON_EFORMAT, "node %lld of tree %lld is there twice",
                               (long long)key.node, (long long)key.tree);
        tenon__lookup_add(&s->lookup, tenon__hash64(&key, sizeof key, 0), (uint32_t)i);
    }
    return st;
}

static int parse_mode(tenon__str word)
{
    static const char *const words[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE", "BRANCH_GT",
                                        "BRANCH_EQ",  "BRANCH_NEQ", "LEAF"};
    for (int k = 0; k < 7; k++)
        if (tenon__str_is(word, words[k])) return k;
    return -1;
}

static const int leaf_mode = 6;

/* Numbers inner nodes and leaves apart. */
static tenon_status number_nodes(source *s, tenon__trees *t)
{
    tenon_status st = TENON_OK;
    s->refs = take(s->graph, s->count, sizeof *s->refs, s->err, &st);
    for (size_t i = 0; st == TENON_OK && i < s->count; i++) {
        int mode = parse_mode(s->modes[i]);
        if (mode < 0)
            return tenon__fail(s->err, TENON_EFORMAT, "mode '%.*s' of node %zu is not known",
                               TENON__STR_ARG(s->modes[i]), i);
        s->refs[i] = mode == leaf_mode ? ~(tenon__tree_ref)t->leaf_count++
                                       : (tenon__tree_ref)t->node_count++;
    }
    return st;
}

static tenon_status make_nodes(source *s, tenon__trees *t)
{
    tenon_status st = TENON_OK;
    tenon__tree_node *nodes = take(s->graph, t->node_count, sizeof *nodes, s->err, &st);
    tenon__tree_ref *roots = take(s->graph, s->count, sizeof *roots, s->err, &st);
    if (st) return st;
    for (size_t i = 0; i < s->count; i++) {
        if (i == 0 || s->tree_ids[i] != s->tree_ids[i - 1]) roots[t->root_count++] = s->refs[i];
        if (s->refs[i] < 0) continue;
        uint32_t yes = find_node(s, s->tree_ids[i], s->yes[i]),
                 no = find_node(s, s->tree_ids[i], s->no[i]);
        if (yes == TENON__NOT_FOUND || no == TENON__NOT_FOUND)
            return tenon__fail(s->err, TENON_EFORMAT, "node %lld of tree %lld leads to none",
                               (long long)s->node_ids[i], (long long)s->tree_ids[i]);
        if (s->features[i] < 0 || s->features[i] > INT32_MAX)
            return tenon__fail(s->err, TENON_EFORMAT, "feature %lld of node %zu",
                               (long long)s->features[i], i);
        nodes[s->refs[i]] = (tenon__tree_node){.value = number_at(&s->values, i),
                                               .feature = (int32_t)s->features[i],
                                               .mode = (uint8_t)parse_mode(s->modes[i]),
                                               .missing_true = s->missing && s->missing[i] != 0,
                                               .yes = s->refs[yes],
                                               .no = s->refs[no]};
        if (s->features[i] >= t->features) t->features = s->features[i] + 1;
    }
    t->nodes = nodes;
    t->roots = roots;
    return TENON_OK;
}

/* The leaf of vote i, or TENON__NOT_FOUND. */
static uint32_t leaf_of(const source *s, const int64_t *trees, const int64_t *nodes, size_t i)
{
    uint32_t at = find_node(s, trees[i], nodes[i]);
    return at == TENON__NOT_FOUND || s->refs[at] >= 0 ? TENON__NOT_FOUND : (uint32_t)~s->refs[at];
}

/* Sorts votes by leaf, keeping their order. */
static tenon_status make_votes(source *s, const tenon__node *node, const char *prefix,
                               tenon__trees *t)
{
    char name[64];
    const int64_t *trees, *nodes, *targets;
    (void)snprintf(name, sizeof name, "%s_weights", prefix);
    numbers weights = find_numbers(node, name);
    if (weights.count == 0 || weights.count > INT32_MAX)
        return tenon__fail(s->err, TENON_EFORMAT, "%s has %zu numbers", name, weights.count);
    (void)snprintf(name, sizeof name, "%s_treeids", prefix);
    tenon_status st = find_ints(node, name, weights.count, true, &trees, s->err);
    (void)snprintf(name, sizeof name, "%s_nodeids", prefix);
    if (st == TENON_OK) st = find_ints(node, name, weights.count, true, &nodes, s->err);
    (void)snprintf(name, sizeof name, "%s_ids", prefix);
    if (st == TENON_OK) st = find_ints(node, name, weights.count, true, &targets, s->err);
    uint32_t *starts = take(s->graph, (size_t)t->leaf_count + 1, sizeof *starts, s->err, &st);
    tenon__tree_vote *votes = take(s->graph, weights.count, sizeof *votes, s->err, &st);
    if (st) return st;
    for (size_t i = 0; i < weights.count; i++) {
        uint32_t leaf = leaf_of(s, trees, nodes, i);
        if (leaf == TENON__NOT_FOUND || targets[i] < 0 || targets[i] >= t->targets)
            return tenon__fail(s->err, TENON_EFORMAT,
                               "vote %zu is for target %lld of node %lld of tree %lld", i,
                               (long long)targets[i], (long long)nodes[i], (long long)trees[i]);
        starts[leaf + 1]++;
    }
    for (uint32_t leaf = 0; leaf < t->leaf_count; leaf++)
        starts[leaf + 1] += starts[leaf];
    for (size_t i = weights.count; i-- > 0;) { /* from behind: each list is filled downwards */
        uint32_t leaf = leaf_of(s, trees, nodes, i);
        votes[--starts[leaf + 1]] = (tenon__tree_vote){(int32_t)targets[i], number_at(&weights, i)};
    }
    /* starts[leaf + 1] has become where the leaf begins. */
    memmove(starts, starts + 1, t->leaf_count * sizeof *starts);
    starts[t->leaf_count] = (uint32_t)weights.count;
    t->vote_starts = starts;
    t->votes = votes;
    return TENON_OK;
}

tenon_status tenon__trees_read(const tenon__graph *graph, const tenon__node *node,
                               const char *votes, tenon__trees *t, tenon_error *err)
{
    source s = {.graph = graph, .err = err};
    numbers base = find_numbers(node, "base_values");
    tenon_status st = load_source(node, &s);
    if (st == TENON_OK) st = number_nodes(&s, t);
    if (st == TENON_OK) st = make_nodes(&s, t);
    if (st == TENON_OK) st = make_votes(&s, node, votes, t);
    double *values = take(graph, base.count, sizeof *values, err, &st);
    if (st) return st;
    for (size_t i = 0; i < base.count; i++)
        values[i] = number_at(&base, i);
    t->base = base.count ? values : NULL;
    t->base_count = base.count;
    return TENON_OK;
}

/* ---- TreeEnsemble-5 ----------------------------------------------------------------------------
 */

typedef struct flat {
    const tenon__view *modes, *splits, *weights, *members;
    const int64_t *features, *yes, *no, *yes_leaf, *no_leaf, *missing, *targets;
    size_t count, leaf_count;
} flat;

static tenon_status load_flat(const tenon__node *node, flat *f, tenon_error *err)
{
    f->modes = tenon__attr_tensor(node, "nodes_modes");
    f->splits = tenon__attr_tensor(node, "nodes_splits");
    f->weights = tenon__attr_tensor(node, "leaf_weights");
    f->members = tenon__attr_tensor(node, "membership_values");
    if (!f->modes || !f->splits || !f->weights || f->modes->dtype != TENON_U8)
        return tenon__fail(err, TENON_EFORMAT,
                           "nodes_modes (uint8), nodes_splits and leaf_weights are needed");
    const tenon__view *const real[] = {f->splits, f->weights, f->members};
    for (int k = 0; k < 3; k++)
        if (real[k] && real[k]->dtype != TENON_F32 && real[k]->dtype != TENON_F64 &&
            real[k]->dtype != TENON_F16)
            return tenon__fail(err, TENON_EFORMAT, "splits, weights and members must be floats");
    f->count = (size_t)tenon__view_count(f->modes);
    f->leaf_count = (size_t)tenon__view_count(f->weights);
    if (f->count > INT32_MAX || f->leaf_count > INT32_MAX ||
        tenon__view_count(f->splits) != (int64_t)f->count)
        return tenon__fail(err, TENON_EFORMAT, "%zu modes, %lld splits and %zu leaves", f->count,
                           (long long)tenon__view_count(f->splits), f->leaf_count);
    tenon_status st = find_ints(node, "nodes_featureids", f->count, true, &f->features, err);
    if (st == TENON_OK) st = find_ints(node, "nodes_truenodeids", f->count, true, &f->yes, err);
    if (st == TENON_OK) st = find_ints(node, "nodes_falsenodeids", f->count, true, &f->no, err);
    if (st == TENON_OK) st = find_ints(node, "nodes_trueleafs", f->count, true, &f->yes_leaf, err);
    if (st == TENON_OK) st = find_ints(node, "nodes_falseleafs", f->count, true, &f->no_leaf, err);
    if (st == TENON_OK)
        st = find_ints(node, "nodes_missing_value_tracks_true", f->count, false, &f->missing, err);
    if (st == TENON_OK)
        st = find_ints(node, "leaf_targetids", f->leaf_count, true, &f->targets, err);
    return st;
}

static bool make_ref(const flat *f, int64_t id, bool leaf, tenon__tree_ref *out)
{
    if (id < 0 || (size_t)id >= (leaf ? f->leaf_count : f->count)) return false;
    *out = leaf ? ~(tenon__tree_ref)id : (tenon__tree_ref)id;
    return true;
}

/* The next set of members, up to a NaN: [*from, *to) and where to go on. */
static bool next_members(const double *members, size_t count, size_t *at, uint32_t *from,
                         uint32_t *to)
{
    *from = (uint32_t)*at;
    while (*at < count && members[*at] == members[*at])
        (*at)++;
    *to = (uint32_t)*at;
    return (*at)++ < count;
}

static tenon_status make_flat_nodes(const tenon__graph *graph, const flat *f, tenon__trees *t,
                                    tenon_error *err)
{
    tenon_status st = TENON_OK;
    size_t member_count = f->members ? (size_t)tenon__view_count(f->members) : 0, at = 0;
    tenon__tree_node *nodes = take(graph, f->count, sizeof *nodes, err, &st);
    double *members = take(graph, member_count, sizeof *members, err, &st);
    if (st) return st;
    for (size_t i = 0; i < member_count; i++)
        members[i] = tenon__get_f64(f->members->dtype, f->members->data, i);
    for (size_t i = 0; i < f->count; i++) {
        tenon__tree_node *n = &nodes[i];
        n->value = tenon__get_f64(f->splits->dtype, f->splits->data, i);
        n->mode = ((const uint8_t *)f->modes->data)[i];
        n->missing_true = f->missing && f->missing[i] != 0;
        if (n->mode > TENON__TREE_MEMBER || f->features[i] < 0 || f->features[i] > INT32_MAX ||
            !make_ref(f, f->yes[i], f->yes_leaf[i] != 0, &n->yes) ||
            !make_ref(f, f->no[i], f->no_leaf[i] != 0, &n->no))
            return tenon__fail(err, TENON_EFORMAT,
                               "node %zu: mode, feature or ways are out of range", i);
        if (n->mode == TENON__TREE_MEMBER &&
            !next_members(members, member_count, &at, &n->member_from, &n->member_to))
            return tenon__fail(err, TENON_EFORMAT, "membership_values has no set for node %zu", i);
        n->feature = (int32_t)f->features[i];
        if (f->features[i] >= t->features) t->features = f->features[i] + 1;
    }
    t->nodes = nodes;
    t->members = members;
    t->node_count = (uint32_t)f->count;
    return TENON_OK;
}

tenon_status tenon__trees_read_flat(const tenon__graph *graph, const tenon__node *node,
                                    tenon__trees *t, tenon_error *err)
{
    flat f = {0};
    size_t root_count;
    const int64_t *roots = tenon__attr_ints(node, "tree_roots", &root_count);
    tenon_status st = load_flat(node, &f, err);
    if (st == TENON_OK) st = make_flat_nodes(graph, &f, t, err);
    tenon__tree_ref *refs = take(graph, root_count, sizeof *refs, err, &st);
    uint32_t *starts = take(graph, f.leaf_count + 1, sizeof *starts, err, &st);
    tenon__tree_vote *votes = take(graph, f.leaf_count, sizeof *votes, err, &st);
    if (st) return st;
    for (size_t i = 0; i < root_count; i++)
        if (!make_ref(&f, roots[i], false, &refs[i]))
            return tenon__fail(err, TENON_EFORMAT, "tree_roots has %lld; there are %zu nodes",
                               (long long)roots[i], f.count);
    for (size_t i = 0; i < f.leaf_count; i++) {
        if (f.targets[i] < 0 || f.targets[i] >= t->targets)
            return tenon__fail(err, TENON_EFORMAT, "leaf %zu is for target %lld of %lld", i,
                               (long long)f.targets[i], (long long)t->targets);
        votes[i] = (tenon__tree_vote){(int32_t)f.targets[i],
                                      tenon__get_f64(f.weights->dtype, f.weights->data, i)};
        starts[i + 1] = (uint32_t)(i + 1);
    }
    t->roots = refs;
    t->root_count = (uint32_t)root_count;
    t->leaf_count = (uint32_t)f.leaf_count;
    t->vote_starts = starts;
    t->votes = votes;
    return TENON_OK;
}

/* ---- walking -----------------------------------------------------------------------------------
 */

tenon_status tenon__trees_check(const tenon__infer *c, const tenon__trees *t, int64_t *rows)
{
    int64_t columns;
    tenon_status st = tenon__rows_check(c, rows, &columns);
    if (st == TENON_OK && columns >= 0 && columns < t->features)
        return tenon__fail(c->err, TENON_ESHAPE, "rows have %lld features; the trees ask for %lld",
                           (long long)columns, (long long)t->features);
    return st;
}

double tenon__trees_cost(const tenon__trees *t)
{
    double depth = 1;
    for (uint32_t n = t->root_count ? t->node_count / t->root_count : 0; n; n /= 2)
        depth += 1;
    return 20 + 5 * depth * (double)t->root_count;
}

static bool goes_yes(const tenon__trees *t, const tenon__tree_node *n, double x)
{
    if (x != x) return n->missing_true || n->mode == TENON__TREE_NEQ;
    switch (n->mode) {
    case TENON__TREE_LEQ:
        return x <= n->value;
    case TENON__TREE_LT:
        return x < n->value;
    case TENON__TREE_GTE:
        return x >= n->value;
    case TENON__TREE_GT:
        return x > n->value;
    case TENON__TREE_EQ:
        return x == n->value;
    case TENON__TREE_NEQ:
        return x != n->value;
    default:
        break;
    }
    for (uint32_t k = n->member_from; k < n->member_to; k++)
        if (t->members[k] == x) return true;
    return false;
}

static void vote(tenon__tree_aggregate how, double weight, double *score, bool first)
{
    if (first)
        *score = weight;
    else if (how == TENON__TREE_MIN)
        *score = weight < *score ? weight : *score;
    else if (how == TENON__TREE_MAX)
        *score = weight > *score ? weight : *score;
    else
        *score += weight;
}

/* A target without votes counts as 0, or as the end of the range that MIN and MAX start from. */
static double without_votes(tenon__tree_aggregate how)
{
    return how == TENON__TREE_MIN ? (double)FLT_MAX : how == TENON__TREE_MAX ? -(double)FLT_MAX : 0;
}

tenon_status tenon__trees_score(const tenon__trees *t, const tenon__view *x, int64_t row,
                                int64_t columns, double *scores, bool *has, tenon_error *err)
{
    for (int64_t k = 0; k < t->targets; k++) {
        scores[k] = without_votes(t->aggregate);
        has[k] = false;
    }
    for (uint32_t root = 0; root < t->root_count; root++) {
        tenon__tree_ref at = t->roots[root];
        for (uint32_t steps = 0; at >= 0; steps++) {
            const tenon__tree_node *n = &t->nodes[at];
            if (steps > t->node_count)
                return tenon__fail(err, TENON_EFORMAT, "tree %u goes round in circles", root);
            at = goes_yes(t, n, tenon__feature(x, row * columns + n->feature)) ? n->yes : n->no;
        }
        for (uint32_t k = t->vote_starts[~at]; k < t->vote_starts[~at + 1]; k++) {
            const tenon__tree_vote *v = &t->votes[k];
            vote(t->aggregate, v->weight, &scores[v->target], !has[v->target]);
            has[v->target] = true;
        }
    }
    if (t->aggregate == TENON__TREE_AVERAGE && t->root_count)
        for (int64_t k = 0; k < t->targets; k++)
            scores[k] /= (double)t->root_count;
    return TENON_OK;
}
