/* SPDX-License-Identifier: Apache-2.0 */
/* Adam: g = norm_coefficient * x + G; V' = alpha * V + (1 - alpha) * g; H' = beta * H + (1 -
 * beta) * g^2; r = R, for T > 0 times sqrt(1 - beta^T) / (1 - alpha^T); X' = (1 -
 * norm_coefficient_post) * (x - r * V' / (sqrt(H') + epsilon)). f32, f64. ONNX
 * ai.onnx.preview.training Adam-1. */
#include <math.h>

#include "opkit/optimizer.h"

typedef struct attrs {
    float alpha, beta, norm, norm_post, epsilon;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    static const char *const floats[] = {"alpha", "beta", "norm_coefficient",
                                         "norm_coefficient_post", "epsilon"};
    for (int i = 0; i < 5; i++) {
        tenon_status st = tenon__attr_check(node, floats[i], TENON__ATTR_FLOAT, err);
        if (st) return st;
    }
    a->alpha = tenon__attr_float(node, "alpha", 0.9f);
    a->beta = tenon__attr_float(node, "beta", 0.999f);
    a->norm = tenon__attr_float(node, "norm_coefficient", 0);
    a->norm_post = tenon__attr_float(node, "norm_coefficient_post", 0);
    a->epsilon = tenon__attr_float(node, "epsilon", 1e-6f);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    return tenon__optimizer_infer(c, 4);
}

static tenon_status bind(tenon__bind *c)
{
    return tenon__optimizer_bind(c, 4);
}

static void step(const void *parsed, double rate, int64_t count, double v[4])
{
    const attrs *a = parsed;
    double g = a->norm * v[0] + v[1], alpha = a->alpha, beta = a->beta;
    v[2] = alpha * v[2] + (1 - alpha) * g;
    v[3] = beta * v[3] + (1 - beta) * g * g;
    if (count > 0) rate *= sqrt(1 - pow(beta, (double)count)) / (1 - pow(alpha, (double)count));
    v[0] = (1 - (double)a->norm_post) * (v[0] - rate * v[2] / (sqrt(v[3]) + a->epsilon));
}

static tenon_status run(const tenon__run *r)
{
    return tenon__optimizer_run(r, 4, step);
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.preview.training", "Adam", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_adam = {
    .name = "Adam",
    .doc = "Gradient descent by moving averages, one step",
    .min_inputs = 6,
    .max_inputs = 255,
    .min_outputs = 3,
    .max_outputs = 255,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
