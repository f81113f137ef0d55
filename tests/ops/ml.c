/* SPDX-License-Identifier: Apache-2.0 */
/* The operators of ai.onnx.ml: small models worked out by hand, and damaged ones. */
#include <math.h>
#include <string.h>

#include "ops/driver.h"

#define S(literal)                                                                                 \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void run(driver *d)
{
    tenon_error err;
    if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
}

static void linear(void **state)
{
    (void)state;
    static const float a[4] = {1, 2, -1, 0.5f}, b[2] = {0.5f, -0.5f}, x[4] = {1, 1, 2, -2},
                       want[4] = {3.5f, -1, -1.5f, -3.5f};
    static const int64_t dims[2] = {2, 2}, two = 2, labels[2] = {7, 9}, best[2] = {7, 7},
                         wide[2] = {2, 3};
    driver *d = driver_create("LinearRegressor", 1);
    driver_floats(d, "coefficients", 4, a);
    driver_floats(d, "intercepts", 2, b);
    driver_int(d, "targets", 2);
    driver_input(d, TENON_F32, 2, dims, x);
    run(d);
    driver_expect(d, 0, TENON_F32, 2, dims, want);
    driver_destroy(d);
    d = driver_create("LinearClassifier", 1);
    driver_floats(d, "coefficients", 4, a);
    driver_floats(d, "intercepts", 2, b);
    driver_ints(d, "classlabels_ints", 2, labels);
    driver_text(d, "post_transform", "SOFTMAX");
    driver_outputs(d, 2);
    driver_input(d, TENON_F32, 2, dims, x);
    run(d);
    const float p = 1 / (1 + expf(-4.5f)), q = 1 / (1 + expf(-2)), scores[4] = {p, 1 - p, q, 1 - q};
    driver_expect(d, 0, TENON_I64, 1, &two, best);
    driver_tolerance(d, 1e-6);
    driver_expect(d, 1, TENON_F32, 2, dims, scores);
    driver_destroy(d);
    d = driver_create("LinearClassifier", 1);
    driver_floats(d, "coefficients", 4, a);
    driver_ints(d, "classlabels_ints", 2, labels);
    driver_outputs(d, 2);
    driver_random(d, TENON_F32, 2, wide, 0, 1);
    driver_refuse(d, TENON_ESHAPE, "3 features");
    driver_destroy(d);
}

static void columns(void **state)
{
    (void)state;
    static const int64_t dims[2] = {2, 3};
    static const float x[6] = {1, -2, 0, 3, NAN, 4}, above[6] = {0, 0, 0, 1, 0, 1},
                       filled[6] = {1, -2, 0, 3, 9, 4};
    static const float offset[3] = {1, 0, 2}, scale[1] = {2}, scaled[6] = {0, 4, -4, 8, 2, 6};
    static const int32_t whole[6] = {1, 2, 0, 5, 1, 5}, unit[6] = {2, 0, -2, 0, 3, 4};
    static const float l1[6] = {0.5f, 0, -0.5f, 0, 3 / 7.0f, 4 / 7.0f}, nine[1] = {9};
    driver *d = driver_create("Binarizer", 1);
    driver_float(d, "threshold", 2);
    driver_input(d, TENON_F32, 2, dims, x);
    run(d);
    driver_expect(d, 0, TENON_F32, 2, dims, above);
    driver_destroy(d);
    d = driver_create("Imputer", 1);
    driver_float(d, "replaced_value_float", NAN);
    driver_floats(d, "imputed_value_floats", 1, nine);
    driver_input(d, TENON_F32, 2, dims, x);
    run(d);
    driver_expect(d, 0, TENON_F32, 2, dims, filled);
    driver_destroy(d);
    d = driver_create("Scaler", 1);
    driver_floats(d, "offset", 3, offset);
    driver_floats(d, "scale", 1, scale);
    driver_input(d, TENON_I32, 2, dims, whole);
    run(d);
    driver_expect(d, 0, TENON_F32, 2, dims, scaled);
    driver_destroy(d);
    d = driver_create("Normalizer", 1);
    driver_text(d, "norm", "L1");
    driver_input(d, TENON_I32, 2, dims, unit);
    run(d);
    driver_expect(d, 0, TENON_F32, 2, dims, l1);
    driver_destroy(d);
    static const int64_t widths[2] = {1, 3}, column[2] = {2, 1}, out[2] = {2, 4}, ids[2] = {5, 6};
    static const float side[8] = {1, 5, 0, 0, 5, 6, 0, 0};
    d = driver_create("FeatureVectorizer", 1);
    driver_ints(d, "inputdimensions", 2, widths);
    driver_input(d, TENON_I32, 2, dims, whole);
    driver_input(d, TENON_I64, 2, column, ids);
    run(d);
    driver_expect(d, 0, TENON_F32, 2, out, side);
    driver_destroy(d);
}

static void categories(void **state)
{
    (void)state;
    static const tenon_string x[3] = {S("b"), S("z"), S("a")};
    static const char *const names[2] = {"a", "b"};
    static const int64_t three = 3, out[2] = {3, 2};
    static const float want[6] = {0, 1, 0, 0, 1, 0};
    for (int zeros = 0; zeros < 2; zeros++) {
        driver *d = driver_create("OneHotEncoder", 1);
        driver_texts(d, "cats_strings", 2, names);
        driver_int(d, "zeros", zeros);
        driver_input(d, TENON_STRING, 1, &three, x);
        if (zeros) {
            run(d);
            driver_expect(d, 0, TENON_F32, 2, out, want);
        } else {
            driver_refuse(d, TENON_ESHAPE, "no category");
        }
        driver_destroy(d);
    }
}

static void encoded_labels(void **state)
{
    (void)state;
    static const tenon_string words[3] = {S("b"), S("z"), S("a")},
                              back[3] = {S("a"), S("none"), S("b")};
    static const char *const names[2] = {"a", "b"};
    static const int64_t three = 3, numbers[2] = {10, 20}, coded[3] = {20, -7, 10},
                         places[3] = {0, 5, 1}, first[3] = {1, -1, 0};
    static const float keys[2] = {NAN, 0}, x[3] = {-0.0f, NAN, 1};
    static const int64_t found[3] = {20, 10, -1};
    driver *d = driver_create("LabelEncoder", 2);
    driver_texts(d, "keys_strings", 2, names);
    driver_ints(d, "values_int64s", 2, numbers);
    driver_int(d, "default_int64", -7);
    driver_input(d, TENON_STRING, 1, &three, words);
    run(d);
    driver_expect(d, 0, TENON_I64, 1, &three, coded);
    driver_destroy(d);
    d = driver_create("LabelEncoder", 2);
    driver_floats(d, "keys_floats", 2, keys);
    driver_ints(d, "values_int64s", 2, numbers);
    driver_input(d, TENON_F32, 1, &three, x);
    run(d);
    driver_expect(d, 0, TENON_I64, 1, &three, found);
    driver_destroy(d);
    d = driver_create("LabelEncoder", 1); /* both ways */
    driver_texts(d, "classes_strings", 2, names);
    driver_text(d, "default_string", "none");
    driver_input(d, TENON_I64, 1, &three, places);
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, &three, back);
    driver_destroy(d);
    d = driver_create("LabelEncoder", 1);
    driver_texts(d, "classes_strings", 2, names);
    driver_input(d, TENON_STRING, 1, &three, words);
    run(d);
    driver_expect(d, 0, TENON_I64, 1, &three, first);
    driver_destroy(d);
    d = driver_create("LabelEncoder", 2);
    driver_texts(d, "keys_strings", 2, names);
    driver_ints(d, "values_int64s", 1, numbers);
    driver_input(d, TENON_STRING, 1, &three, words);
    driver_refuse(d, TENON_EFORMAT, "2 keys and 1 values");
    driver_destroy(d);
}

static void picked_features(void **state)
{
    (void)state;
    static const int32_t x[6] = {0, 1, 2, 3, 4, 5}, want[4] = {2, 0, 5, 3};
    static const int64_t dims[2] = {2, 3}, two = 2, out[2] = {2, 2}, list[2] = {2, 0},
                         row[2] = {1, 2}, far[2] = {3, 0};
    driver *d = driver_create("ArrayFeatureExtractor", 1);
    driver_input(d, TENON_I32, 2, dims, x);
    driver_input(d, TENON_I64, 1, &two, list);
    run(d);
    driver_expect(d, 0, TENON_I32, 2, out, want);
    driver_destroy(d);
    d = driver_create("ArrayFeatureExtractor", 1);
    driver_input(d, TENON_I32, 1, &dims[1], x);
    driver_input(d, TENON_I64, 1, &two, list);
    run(d);
    driver_expect(d, 0, TENON_I32, 2, row, want);
    driver_destroy(d);
    d = driver_create("ArrayFeatureExtractor", 1);
    driver_input(d, TENON_I32, 2, dims, x);
    driver_input(d, TENON_I64, 1, &two, far);
    driver_refuse(d, TENON_ESHAPE, "index 3");
    driver_destroy(d);
}

/* Two trees: x0 <= 1 ? 1 : (x1 < 0 ? 2 : 3), and one that is a leaf of 10. */
static driver *trees(const char *op, const char *votes, int64_t yes_of_first)
{
    static const int64_t tree[6] = {0, 0, 0, 0, 0, 1}, node[6] = {0, 1, 2, 3, 4, 0},
                         feature[6] = {0, 0, 1, 0, 0, 0}, no[6] = {2, 0, 4, 0, 0, 0},
                         missing[6] = {0, 0, 1, 0, 0, 0}, leaf_tree[4] = {0, 0, 0, 1},
                         leaf_node[4] = {1, 3, 4, 0}, ids[4] = {0, 0, 0, 0};
    static const float value[6] = {1, 0, 0, 0, 0, 0}, weight[4] = {1, 2, 3, 10};
    static const char *const modes[6] = {"BRANCH_LEQ", "LEAF", "BRANCH_LT", "LEAF", "LEAF", "LEAF"};
    const int64_t yes[6] = {yes_of_first, 0, 3, 0, 0, 0};
    driver *d = driver_create(op, 1);
    bool classes = !strcmp(votes, "class");
    driver_ints(d, "nodes_treeids", 6, tree);
    driver_ints(d, "nodes_nodeids", 6, node);
    driver_ints(d, "nodes_featureids", 6, feature);
    driver_ints(d, "nodes_truenodeids", 6, yes);
    driver_ints(d, "nodes_falsenodeids", 6, no);
    driver_ints(d, "nodes_missing_value_tracks_true", 6, missing);
    driver_floats(d, "nodes_values", 6, value);
    driver_texts(d, "nodes_modes", 6, modes);
    driver_ints(d, classes ? "class_treeids" : "target_treeids", 4, leaf_tree);
    driver_ints(d, classes ? "class_nodeids" : "target_nodeids", 4, leaf_node);
    driver_ints(d, classes ? "class_ids" : "target_ids", 4, ids);
    driver_floats(d, classes ? "class_weights" : "target_weights", 4, weight);
    return d;
}

static void regressing_trees(void **state)
{
    (void)state;
    static const float x[8] = {1, 5, 2, -1, 2, 0, 2, NAN}, base[1] = {100};
    static const float sums[4] = {111, 112, 113, 112}, least[4] = {101, 102, 103, 102};
    static const int64_t dims[2] = {4, 2}, out[2] = {4, 1}, narrow[2] = {4, 1};
    driver *d = trees("TreeEnsembleRegressor", "target", 1);
    driver_floats(d, "base_values", 1, base);
    driver_input(d, TENON_F32, 2, dims, x);
    run(d);
    driver_expect(d, 0, TENON_F32, 2, out, sums);
    driver_destroy(d);
    d = trees("TreeEnsembleRegressor", "target", 1);
    driver_floats(d, "base_values", 1, base);
    driver_text(d, "aggregate_function", "MIN");
    driver_input(d, TENON_F32, 2, dims, x);
    run(d);
    driver_expect(d, 0, TENON_F32, 2, out, least);
    driver_destroy(d);
    d = trees("TreeEnsembleRegressor", "target", 0); /* the root leads to itself */
    driver_input(d, TENON_F32, 2, dims, x);
    driver_refuse(d, TENON_EFORMAT, "circles");
    driver_destroy(d);
    d = trees("TreeEnsembleRegressor", "target", 77);
    driver_input(d, TENON_F32, 2, dims, x);
    driver_refuse(d, TENON_EFORMAT, "leads to none");
    driver_destroy(d);
    d = trees("TreeEnsembleRegressor", "target", 1);
    driver_input(d, TENON_F32, 2, narrow, x);
    driver_refuse(d, TENON_ESHAPE, "ask for 2");
    driver_destroy(d);
}

static void classifying_trees(void **state)
{
    (void)state;
    static const float x[4] = {1, 5, 2, 0}, scores[4] = {-10, 11, -12, 13},
                       three[6] = {11, 0, 0, 13, 0, 0};
    static const int64_t dims[2] = {2, 2}, out[2] = {2, 3}, two = 2;
    static const char *const names[3] = {"no", "yes", "perhaps"};
    static const tenon_string yes[2] = {S("yes"), S("yes")}, no[2] = {S("no"), S("no")};
    driver *d = trees("TreeEnsembleClassifier", "class", 1); /* two labels, votes for one of them */
    driver_texts(d, "classlabels_strings", 2, names);
    driver_outputs(d, 2);
    driver_input(d, TENON_F32, 2, dims, x);
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, &two, yes);
    driver_expect(d, 1, TENON_F32, 2, dims, scores);
    driver_destroy(d);
    d = trees("TreeEnsembleClassifier", "class", 1);
    driver_texts(d, "classlabels_strings", 3, names);
    driver_outputs(d, 2);
    driver_input(d, TENON_F32, 2, dims, x);
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, &two, no);
    driver_expect(d, 1, TENON_F32, 2, out, three);
    driver_destroy(d);
}

/* x0 in {2, 5} ? leaf 0 : (x0 > 3 ? leaf 1 : leaf 2). */
static void flat_trees(void **state)
{
    (void)state;
    static const uint8_t modes[2] = {6, 3};
    static const double splits[2] = {0, 3}, weights[3] = {1, 2, 4}, members[3] = {2, 5, NAN};
    static const int64_t two = 2, three = 3, roots[1] = {0}, feature[2] = {0, 0}, yes[2] = {0, 1},
                         no[2] = {1, 2}, yes_leaf[2] = {1, 1}, no_leaf[2] = {0, 1},
                         targets[3] = {0, 1, 1};
    static const double x[4] = {5, 4, 1, 2}, want[8] = {1, 0, 0, 2, 0, 4, 1, 0};
    static const int64_t dims[2] = {4, 1}, out[2] = {4, 2};
    for (int broken = 0; broken < 2; broken++) {
        driver *d = driver_create("TreeEnsemble", 5);
        driver_tensor(d, "nodes_modes", TENON_U8, 1, &two, modes);
        driver_tensor(d, "nodes_splits", TENON_F64, 1, &two, splits);
        driver_tensor(d, "leaf_weights", TENON_F64, 1, &three, weights);
        driver_tensor(d, "membership_values", TENON_F64, 1, broken ? &two : &three, members);
        driver_ints(d, "tree_roots", 1, roots);
        driver_ints(d, "nodes_featureids", 2, feature);
        driver_ints(d, "nodes_truenodeids", 2, yes);
        driver_ints(d, "nodes_falsenodeids", 2, no);
        driver_ints(d, "nodes_trueleafs", 2, yes_leaf);
        driver_ints(d, "nodes_falseleafs", 2, no_leaf);
        driver_ints(d, "leaf_targetids", 3, targets);
        driver_int(d, "n_targets", 2);
        driver_input(d, TENON_F64, 2, dims, x);
        if (broken) {
            driver_refuse(d, TENON_EFORMAT, "membership_values");
        } else {
            run(d);
            driver_expect(d, 0, TENON_F64, 2, out, want);
        }
        driver_destroy(d);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(linear),
                                      CASE(columns),
                                      CASE(categories),
                                      CASE(encoded_labels),
                                      CASE(picked_features),
                                      CASE(regressing_trees),
                                      CASE(classifying_trees),
                                      CASE(flat_trees)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
