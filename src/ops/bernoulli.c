/* SPDX-License-Identifier: Apache-2.0 */
/* Bernoulli: 1 with the probability that the input's element says, else 0: u < x, with u even in
 * [0, 1). The dtype is the input's unless `dtype` says otherwise. Which numbers, opkit/random.h
 * says. Source: ONNX Bernoulli-22. */
#include "opkit/random.h"
#include "tensor/convert.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__random_read(node, 0, attrs, err);
}

static double next(tenon__twister *t, const tenon__run *r, int64_t i)
{
    double u = tenon__twister_uniform(t);
    return u < tenon__get_f64(r->in[0]->dtype, r->in[0]->data, (size_t)i);
}

static tenon_status run(const tenon__run *r)
{
    return tenon__random_fill(r, next);
}

static const tenon__import imports[] = {{"onnx", "", "Bernoulli", 15, 0, NULL}, {0}};

const tenon__op tenon__op_bernoulli = {
    .name = "Bernoulli",
    .doc = "Ones with given probabilities",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_IMPURE,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__random_attrs),
    .params_bytes = sizeof(tenon__random_params),
    .read = read,
    .infer = tenon__random_infer,
    .bind = tenon__random_bind,
    .run = run,
};
