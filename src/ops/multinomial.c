/* SPDX-License-Identifier: Apache-2.0 */
/* Multinomial: for each row of x [batch, classes], unnormalised logarithms of probabilities,
 * sample_size draws: the class at which the running sum of exp(x - max) passes u times the whole.
 * Out comes [batch, sample_size] in int32 or int64. Which u, opkit/random.h says. Source: ONNX
 * Multinomial-22. */
#include "opkit/random.h"

#include <math.h>

#include "tensor/convert.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__random_attrs *a = attrs;
    (void)graph;
    tenon_status status = tenon__random_read(node, 6, a, err);
    if (!status) status = tenon__attr_check(node, "sample_size", TENON__ATTR_INT, err);
    if (status) return status;
    a->samples = tenon__attr_int(node, "sample_size", 1);
    if (a->samples < 0 || (a->dtype != TENON_I32 && a->dtype != TENON_I64))
        return tenon__fail(err, TENON_EFORMAT,
                           "%lld samples as %s; it takes 0 and more as int32 or int64",
                           (long long)a->samples, tenon_dtype_text(a->dtype));
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__random_attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    if (x->kind != TENON_VALUE_TENSOR || x->dtype == TENON_STRING)
        return tenon__fail(c->err, TENON_ETYPE, "the input is no tensor of numbers");
    if (x->rank != TENON__RANK_UNKNOWN && x->rank != 2)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the input has rank %d; it must be [batch, classes]", x->rank);
    if (x->rank == 2 && x->dims[1] == 0)
        return tenon__fail(c->err, TENON_ESHAPE, "there are no classes to draw from");
    tenon__infer_set(c, 0, a->dtype, 2,
                     (int64_t[]){x->rank == 2 ? x->dims[0] : TENON__DIM_UNKNOWN, a->samples});
    return TENON_OK;
}

/* A phase is a row. */
static tenon_status bind(tenon__bind *c)
{
    const tenon__view *x = c->in[0];
    size_t bytes;
    if (x->dims[0] > UINT32_MAX || !tenon__mul((size_t)x->dims[1], sizeof(double), &bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "the input is too large");
    c->tiles = x->dims[0] > 0 && c->out[0]->dims[1] > 0;
    c->phases = (uint32_t)x->dims[0];
    c->scratch_bytes = bytes;
    c->work_bytes = sizeof(tenon__twister);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const tenon__random_attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    tenon__twister *t = r->work;
    double *sums = r->scratch, largest = -INFINITY, sum = 0;
    size_t classes = (size_t)x->dims[1], row = r->phase;
    if (r->phase == 0) tenon__twister_seed(t, a->seed);
    for (size_t i = 0; i < classes; i++) {
        double v = tenon__get_f64(x->dtype, x->data, row * classes + i);
        sums[i] = v;
        largest = v > largest ? v : largest;
    }
    for (size_t i = 0; i < classes; i++)
        sums[i] = sum += exp(sums[i] - largest);
    for (int64_t k = 0; k < a->samples; k++) {
        double u = tenon__twister_uniform(t) * sum;
        size_t low = 0, high = classes - 1; /* the first class whose sum is above u */
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (sums[middle] > u)
                high = middle;
            else
                low = middle + 1;
        }
        size_t at = row * (size_t)a->samples + (size_t)k;
        if (a->dtype == TENON_I32)
            ((int32_t *)r->out[0]->data)[at] = (int32_t)low;
        else
            ((int64_t *)r->out[0]->data)[at] = (int64_t)low;
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Multinomial", 7, 0, NULL}, {0}};

const tenon__op tenon__op_multinomial = {
    .name = "Multinomial",
    .doc = "Draws from classes of given probabilities",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_IMPURE,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__random_attrs),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
