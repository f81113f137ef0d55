/* SPDX-License-Identifier: Apache-2.0 */
/* What the operators of ai.onnx.ml share: rows of features, labels, and what is done to scores. */
#ifndef TENON_OPKIT_ML_H
#define TENON_OPKIT_ML_H

#include "graph/op.h"

typedef enum tenon__post {
    TENON__POST_NONE,
    TENON__POST_SOFTMAX,
    TENON__POST_LOGISTIC,
    TENON__POST_SOFTMAX_ZERO,
    TENON__POST_PROBIT,
} tenon__post;

/* The attribute post_transform as a word. */
tenon_status tenon__post_read(const tenon__node *node, tenon__post *out, tenon_error *err);
/* In place, n scores of one row. */
void tenon__post_apply(tenon__post post, double *scores, int64_t n);

/* Class labels: strings, or integers. */
typedef struct tenon__labels {
    size_t count;
    const tenon__str *strings; /* NULL: integers */
    const int64_t *ints;
} tenon__labels;

/* From the attributes classlabels_strings, and classlabels_int64s or classlabels_ints. */
tenon_status tenon__labels_read(const tenon__node *node, tenon__labels *out, tenon_error *err);
static inline tenon_dtype tenon__labels_dtype(const tenon__labels *l)
{
    return l->strings ? TENON_STRING : TENON_I64;
}
/* Label `which` becomes element i of out. */
void tenon__labels_put(const tenon__labels *l, size_t which, const tenon__view *out, int64_t i);

/* The input of most operators: [C] or [N, C] of float32, float64, int32 or int64. Checks types and
 * rank of input 0; sets rows and columns, unknown ones negative. */
tenon_status tenon__rows_check(const tenon__infer *c, int64_t *rows, int64_t *columns);
/* The same of a bound view. */
void tenon__rows_of(const tenon__view *x, int64_t *rows, int64_t *columns);
/* Element i as a number. */
static inline double tenon__feature(const tenon__view *x, int64_t i)
{
    switch (x->dtype) {
    case TENON_F32:
        return (double)((const float *)x->data)[i];
    case TENON_F64:
        return ((const double *)x->data)[i];
    case TENON_I32:
        return (double)((const int32_t *)x->data)[i];
    default:
        return (double)((const int64_t *)x->data)[i];
    }
}

#endif
