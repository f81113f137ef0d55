/* SPDX-License-Identifier: Apache-2.0 */
/* An activation behind a convolution or matrix product is computed where its input is stored. */
#include <float.h>

#include "passes/match.h"

typedef struct activation {
    const char *kind;
    float alpha, beta;
} activation;

static bool clip_bounds(const tenon__pass_context *c, const tenon__node *node, activation *a)
{
    double lo = tenon__attr_float(node, "min", -FLT_MAX),
           hi = tenon__attr_float(node, "max", FLT_MAX);
    tenon__value_id min = tenon__match_input(node, 1), max = tenon__match_input(node, 2);
    if (min != TENON__NO_VALUE && !tenon__match_scalar(c, min, &lo)) return false;
    if (max != TENON__NO_VALUE && !tenon__match_scalar(c, max, &hi)) return false;
    *a = (activation){"Clip", (float)lo, (float)hi};
    return lo <= hi;
}

static bool recognise(const tenon__pass_context *c, const tenon__node *node, activation *a)
{
    static const char *const plain[] = {"Relu", "Sigmoid", "Tanh", "Silu"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (tenon__match_is(node, plain[i])) return *a = (activation){plain[i], 0, 0}, true;
    if (tenon__match_is(node, "HardSwish"))
        return *a = (activation){"HardSwish", 1.0f / 6, 0.5f}, true;
    if (tenon__match_is(node, "LeakyRelu"))
        return *a = (activation){"LeakyRelu", tenon__attr_float(node, "alpha", 0.01f), 0}, true;
    if (tenon__match_is(node, "Gelu"))
        return *a = (activation){tenon__str_is(tenon__attr_str(node, "approximate", "none"), "tanh")
                                     ? "GeluTanh"
                                     : "Gelu",
                                 0, 0},
               true;
    return tenon__match_is(node, "Clip") && clip_bounds(c, node, a);
}

static tenon__node *host(const tenon__pass_context *c, tenon__value_id id)
{
    static const char *const ops[] = {"Conv", "ConvTranspose", "Gemm", "MatMul", "MatMulInteger"};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        tenon__node *node = tenon__match_sole(c, id, ops[i]);
        if (node && !tenon__attr_find(node, "activation") &&
            tenon__match_view(c, id)->dtype == TENON_F32)
            return node;
    }
    return NULL;
}

tenon_status tenon__pass_activation(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *node = c->graph->nodes.items[n];
        activation a;
        if (node->dead || !node->input_count || !recognise(c, node, &a)) continue;
        tenon__node *h = host(c, node->inputs[0]);
        if (!h) continue;
        tenon__attr attrs[] = {tenon__attr_of_text("activation", a.kind),
                               tenon__attr_of_float("activation_alpha", a.alpha),
                               tenon__attr_of_float("activation_beta", a.beta)};
        tenon_status st = tenon__rewrite_attrs(c, h, attrs, 3);
        if (st) return st;
        tenon__rewrite_output(c, h, node->outputs[0]);
        node->dead = true;
    }
    return TENON_OK;
}
