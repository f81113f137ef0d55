/* SPDX-License-Identifier: Apache-2.0 */
/* BatchNormalization behind a convolution: s = scale / sqrt(var + epsilon) becomes the factor of
 * its weights (input 4, multiplied in while they are packed, so that no copy of them is made here),
 * b' = (b - mean) * s + bias its bias. */
#include <math.h>

#include "passes/match.h"
#include "tensor/convert.h"

static bool is_vector(const tenon__pass_context *c, tenon__value_id id, int64_t count)
{
    const tenon__view *v = tenon__match_view(c, id);
    return tenon__match_const(c, id) && v->dtype == TENON_F32 && v->rank == 1 &&
           v->dims[0] == count;
}

static bool can_fold(const tenon__pass_context *c, const tenon__node *conv, const tenon__node *bn,
                     int64_t *channels)
{
    tenon__value_id w = tenon__match_input(conv, 1), b = tenon__match_input(conv, 2);
    if (bn->output_count > 1 || tenon__match_input(conv, 3) != TENON__NO_VALUE ||
        tenon__match_input(conv, 4) != TENON__NO_VALUE || tenon__attr_find(conv, "activation"))
        return false;
    if (!tenon__match_const(c, w) || tenon__match_view(c, w)->dtype != TENON_F32 ||
        tenon__match_view(c, w)->rank < 3)
        return false;
    *channels = tenon__match_view(c, w)->dims[0];
    if (b != TENON__NO_VALUE && !is_vector(c, b, *channels)) return false;
    for (uint32_t i = 1; i <= 4; i++)
        if (!is_vector(c, tenon__match_input(bn, i), *channels)) return false;
    return tenon__attr_int(bn, "training_mode", 0) == 0;
}

static float element(const tenon__pass_context *c, tenon__value_id id, int64_t i)
{
    float f;
    memcpy(&f, (const uint8_t *)tenon__match_view(c, id)->data + i * 4, 4);
    return f;
}

static tenon_status fold(tenon__pass_context *c, tenon__node *conv, tenon__node *bn,
                         int64_t channels)
{
    tenon__value_id b = tenon__match_input(conv, 2), factor, bias;
    float epsilon = tenon__attr_float(bn, "epsilon", 1e-5f), *fd, *bd;
    tenon_status st = tenon__rewrite_const(c, 1, &channels, &factor, &fd);
    if (st == TENON_OK) st = tenon__rewrite_const(c, 1, &channels, &bias, &bd);
    if (st) return st;
    for (int64_t m = 0; m < channels; m++) {
        double s =
            element(c, bn->inputs[1], m) / sqrt((double)element(c, bn->inputs[4], m) + epsilon);
        double old = b == TENON__NO_VALUE ? 0 : element(c, b, m);
        fd[m] = (float)s;
        bd[m] = (float)((old - element(c, bn->inputs[3], m)) * s + element(c, bn->inputs[2], m));
    }
    st = tenon__rewrite_input(c, conv, 2, bias);
    if (st == TENON_OK) st = tenon__rewrite_input(c, conv, 4, factor);
    if (st) return st;
    tenon__rewrite_output(c, conv, bn->outputs[0]);
    bn->dead = true;
    return TENON_OK;
}

tenon_status tenon__pass_norm(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *bn = c->graph->nodes.items[n];
        int64_t channels;
        if (bn->dead || !tenon__match_is(bn, "BatchNormalization")) continue;
        tenon__node *conv = tenon__match_sole(c, bn->inputs[0], "Conv");
        if (!conv || !can_fold(c, conv, bn, &channels)) continue;
        tenon_status st = fold(c, conv, bn, channels);
        if (st) return st;
    }
    return TENON_OK;
}
