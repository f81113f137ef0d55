/* SPDX-License-Identifier: Apache-2.0 */
/* Adagrad: r = R / (1 + T * decay_factor); g = norm_coefficient * x + G; H' = H + g^2; X' = x -
 * r * g / (sqrt(H') + epsilon). f32, f64. ONNX ai.onnx.preview.training Adagrad-1. */
#include <math.h>

#include "opkit/optimizer.h"

typedef struct attrs {
    float norm, decay, epsilon;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    static const char *const floats[] = {"norm_coefficient", "decay_factor", "epsilon"};
    for (int i = 0; i < 3; i++) {
        tenon_status st = tenon__attr_check(node, floats[i], TENON__ATTR_FLOAT, err);
        if (st) return st;
    }
    a->norm = tenon__attr_float(node, "norm_coefficient", 0);
    a->decay = tenon__attr_float(node, "decay_factor", 0);
    a->epsilon = tenon__attr_float(node, "epsilon", 1e-6f);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    return tenon__optimizer_infer(c, 3);
}

static tenon_status bind(tenon__bind *c)
{
    return tenon__optimizer_bind(c, 3);
}

static void step(const void *parsed, double rate, int64_t count, double v[4])
{
    const attrs *a = parsed;
    double g = a->norm * v[0] + v[1];
    v[2] += g * g;
    v[0] -= rate / (1 + (double)count * a->decay) * g / (sqrt(v[2]) + a->epsilon);
}

static tenon_status run(const tenon__run *r)
{
    return tenon__optimizer_run(r, 3, step);
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.preview.training", "Adagrad", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_adagrad = {
    .name = "Adagrad",
    .doc = "Gradient descent with rates of their own, one step",
    .min_inputs = 5,
    .max_inputs = 255,
    .min_outputs = 2,
    .max_outputs = 255,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
