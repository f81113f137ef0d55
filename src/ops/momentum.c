/* SPDX-License-Identifier: Apache-2.0 */
/* Momentum: g = norm_coefficient * x + G; V' = alpha * V + (T > 0 ? beta : 1) * g; X' = x - R *
 * V', or in mode "nesterov" x - R * (g + alpha * V'). f32, f64. ONNX ai.onnx.preview.training
 * Momentum-1. */
#include "opkit/optimizer.h"

typedef struct attrs {
    float alpha, beta, norm;
    bool nesterov;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    static const char *const floats[] = {"alpha", "beta", "norm_coefficient"};
    for (int i = 0; i < 3; i++) {
        tenon_status st = tenon__attr_check(node, floats[i], TENON__ATTR_FLOAT, err);
        if (st) return st;
        if (!tenon__attr_find(node, floats[i]))
            return tenon__fail(err, TENON_EFORMAT, "the attribute %s is missing", floats[i]);
    }
    tenon_status st = tenon__attr_check(node, "mode", TENON__ATTR_STRING, err);
    if (st) return st;
    a->alpha = tenon__attr_float(node, "alpha", 0);
    a->beta = tenon__attr_float(node, "beta", 0);
    a->norm = tenon__attr_float(node, "norm_coefficient", 0);
    tenon__str mode = tenon__attr_str(node, "mode", "");
    a->nesterov = tenon__str_is(mode, "nesterov");
    if (!a->nesterov && !tenon__str_is(mode, "standard"))
        return tenon__fail(err, TENON_EFORMAT, "mode is '%.*s'; 'standard' or 'nesterov' is wanted",
                           TENON__STR_ARG(mode));
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
    v[2] = a->alpha * v[2] + (count > 0 ? a->beta : 1) * g;
    v[0] -= rate * (a->nesterov ? g + a->alpha * v[2] : v[2]);
}

static tenon_status run(const tenon__run *r)
{
    return tenon__optimizer_run(r, 3, step);
}

static const tenon__import imports[] = {
    {"onnx", "ai.onnx.preview.training", "Momentum", 1, 0, NULL}, {0}};

const tenon__op tenon__op_momentum = {
    .name = "Momentum",
    .doc = "Gradient descent with momentum, one step",
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
