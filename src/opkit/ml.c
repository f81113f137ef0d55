/* SPDX-License-Identifier: Apache-2.0 */
/* What the operators of ai.onnx.ml share. */
#include "opkit/ml.h"

#include <math.h>

tenon_status tenon__post_read(const tenon__node *node, tenon__post *out, tenon_error *err)
{
    static const char *const words[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
    tenon__str text = tenon__attr_str(node, "post_transform", "NONE");
    for (int k = 0; k < 5; k++) {
        if (!tenon__str_is(text, words[k])) continue;
        *out = (tenon__post)k;
        return TENON_OK;
    }
    return tenon__fail(err, TENON_EFORMAT, "post_transform is '%.*s', which is not known",
                       TENON__STR_ARG(text));
}

/* `zeros`: scores of zero stay zero. */
static void softmax(double *x, int64_t n, bool zeros)
{
    double most = x[0], sum = 0;
    for (int64_t i = 1; i < n; i++)
        most = x[i] > most ? x[i] : most;
    for (int64_t i = 0; i < n; i++) {
        if (!zeros || fabs(x[i]) > 1e-7)
            x[i] = exp(x[i] - most);
        else
            x[i] *= exp(-most);
        sum += x[i];
    }
    for (int64_t i = 0; i < n; i++)
        x[i] = sum == 0 ? 0.5 : x[i] / sum;
}

static double logistic(double x)
{
    double v = 1 / (1 + exp(-fabs(x)));
    return x < 0 ? 1 - v : v;
}

/* The inverse of the normal distribution's sum, by Winitzki's approximation of the inverse of erf,
 * as the operators define it. */
static double probit(double p)
{
    const double pi = 3.14159265358979323846, a = 0.147;
    double x = 2 * p - 1, rest = (1 - x) * (1 + x);
    if (rest == 0) return 0;
    double l = log(rest), v = 2 / (pi * a) + 0.5 * l;
    double w = sqrt(-v + sqrt(v * v - l / a));
    return 1.41421356 * (x < 0 ? -w : w);
}

void tenon__post_apply(tenon__post post, double *scores, int64_t n)
{
    if (n <= 0) return;
    switch (post) {
    case TENON__POST_SOFTMAX:
        softmax(scores, n, false);
        break;
    case TENON__POST_SOFTMAX_ZERO:
        softmax(scores, n, true);
        break;
    case TENON__POST_LOGISTIC:
        for (int64_t i = 0; i < n; i++)
            scores[i] = logistic(scores[i]);
        break;
    case TENON__POST_PROBIT:
        for (int64_t i = 0; i < n; i++)
            scores[i] = probit(scores[i]);
        break;
    default:
        break;
    }
}

tenon_status tenon__labels_read(const tenon__node *node, tenon__labels *out, tenon_error *err)
{
    out->strings = tenon__attr_strings(node, "classlabels_strings", &out->count);
    if (out->strings && out->count) return TENON_OK;
    out->strings = NULL;
    out->ints = tenon__attr_ints(node, "classlabels_int64s", &out->count);
    if (!out->ints) out->ints = tenon__attr_ints(node, "classlabels_ints", &out->count);
    if (out->ints && out->count) return TENON_OK;
    return tenon__fail(err, TENON_EFORMAT, "no attribute classlabels_* gives labels");
}

void tenon__labels_put(const tenon__labels *l, size_t which, const tenon__view *out, int64_t i)
{
    if (l->strings)
        ((tenon_string *)out->data)[i] =
            (tenon_string){l->strings[which].data, l->strings[which].size};
    else
        ((int64_t *)out->data)[i] = l->ints[which];
}

tenon_status tenon__rows_check(const tenon__infer *c, int64_t *rows, int64_t *columns)
{
    const tenon__view *x = c->in[0];
    *rows = *columns = TENON__DIM_UNKNOWN;
    if (x->dtype != TENON_NONE && x->dtype != TENON_F32 && x->dtype != TENON_F64 &&
        x->dtype != TENON_I32 && x->dtype != TENON_I64)
        return tenon__fail(c->err, TENON_ETYPE,
                           "the input is %s; it must be float32, float64, int32 or int64",
                           tenon_dtype_text(x->dtype));
    if (x->rank == TENON__RANK_UNKNOWN) return TENON_OK;
    if (x->rank != 1 && x->rank != 2)
        return tenon__fail(c->err, TENON_ESHAPE, "the input has rank %d; it must be [C] or [N, C]",
                           x->rank);
    tenon__rows_of(x, rows, columns);
    return TENON_OK;
}

void tenon__rows_of(const tenon__view *x, int64_t *rows, int64_t *columns)
{
    *rows = x->rank == 2 ? x->dims[0] : 1;
    *columns = x->dims[x->rank - 1];
}
