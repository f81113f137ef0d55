/* SPDX-License-Identifier: Apache-2.0 */
/* What is linear in each channel behind a convolution (BatchNormalization; Mul, Div, Add or Sub of
 * a constant) becomes the factor of its weights (input 4, multiplied in while they are packed, so
 * that no copy of them is made here) and its bias. BatchNormalization behind anything else becomes
 * Mul and Add, which keep a blocked layout and join chains. */
#include <math.h>

#include "passes/match.h"

typedef enum how { NORMALIZES, MULTIPLIES, DIVIDES, ADDS, SUBTRACTS } how;

/* y[m] = x[m] * factor_of(m) + bias_of(m). */
typedef struct linear {
    how how;
    tenon__view by[4]; /* the constant; of BatchNormalization scale, B, mean, var */
    double epsilon;
} linear;

static double element(const tenon__view *v, int64_t m)
{
    float f;
    memcpy(&f, (const uint8_t *)v->data + (tenon__view_count(v) == 1 ? 0 : m * 4), 4);
    return f;
}

static double factor_of(const linear *l, int64_t m)
{
    switch (l->how) {
    case NORMALIZES:
        return element(&l->by[0], m) / sqrt(element(&l->by[3], m) + l->epsilon);
    case MULTIPLIES:
        return element(&l->by[0], m);
    case DIVIDES:
        return 1 / element(&l->by[0], m);
    case ADDS:
    case SUBTRACTS:
        break;
    }
    return 1;
}

static double bias_of(const linear *l, int64_t m)
{
    switch (l->how) {
    case NORMALIZES:
        return element(&l->by[1], m) - element(&l->by[2], m) * factor_of(l, m);
    case ADDS:
        return element(&l->by[0], m);
    case SUBTRACTS:
        return -element(&l->by[0], m);
    case MULTIPLIES:
    case DIVIDES:
        break;
    }
    return 0;
}

/* An infinite factor times a bias of 0 is NaN, which the operators do not give. */
static bool is_finite(const linear *l, int64_t channels)
{
    for (int64_t m = 0; m < channels; m++)
        if (!isfinite((float)factor_of(l, m))) return false;
    return true;
}

static bool is_vector(const tenon__pass_context *c, tenon__value_id id, int64_t count)
{
    if (!tenon__match_const(c, id)) return false;
    const tenon__view *v = tenon__match_view(c, id);
    return v->dtype == TENON_F32 && v->rank == 1 && v->dims[0] == count;
}

/* A constant that broadcasts over all but the channels of a value of `rank`: [C,1,..], [1,C,1,..],
 * or a single number. */
static bool is_per_channel(const tenon__pass_context *c, tenon__value_id id, int rank,
                           int64_t channels)
{
    if (!tenon__match_const(c, id)) return false;
    const tenon__view *v = tenon__match_view(c, id);
    if (v->dtype != TENON_F32 || v->rank > rank) return false;
    if (tenon__view_count(v) == 1) return true;
    return tenon__view_count(v) == channels && v->rank >= rank - 1 &&
           v->dims[v->rank - (rank - 1)] == channels;
}

static bool normalizes(const tenon__pass_context *c, const tenon__node *node, int64_t channels,
                       linear *l)
{
    if (node->output_count > 1 || tenon__attr_int(node, "training_mode", 0) != 0) return false;
    *l = (linear){.how = NORMALIZES, .epsilon = tenon__attr_float(node, "epsilon", 1e-5f)};
    for (uint32_t i = 0; i < 4; i++) {
        if (!is_vector(c, tenon__match_input(node, i + 1), channels)) return false;
        l->by[i] = *tenon__match_view(c, node->inputs[i + 1]);
    }
    return is_finite(l, channels);
}

/* Whether `node` is linear in its input i, which has so many channels. */
static bool recognise(const tenon__pass_context *c, const tenon__node *node, uint32_t i, int rank,
                      int64_t channels, linear *l)
{
    static const struct {
        const char *op;
        how how;
        bool either; /* the constant may stand first */
    } kinds[] = {{"Mul", MULTIPLIES, true},
                 {"Div", DIVIDES, false},
                 {"Add", ADDS, true},
                 {"Sub", SUBTRACTS, false}};
    if (tenon__match_is(node, "BatchNormalization"))
        return i == 0 && normalizes(c, node, channels, l);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        if (!tenon__match_is(node, kinds[k].op) || node->input_count != 2) continue;
        if ((i != 0 && !kinds[k].either) || !tenon__match_numpy(node)) return false;
        const tenon__value_id other = node->inputs[1 - i];
        if (!is_per_channel(c, other, rank, channels)) return false;
        *l = (linear){.how = kinds[k].how, .by = {*tenon__match_view(c, other)}};
        return is_finite(l, channels);
    }
    return false;
}

/* The convolution that alone makes `id`, if it can take a factor and a bias. */
static tenon__node *host(const tenon__pass_context *c, tenon__value_id id)
{
    tenon__node *conv = id == TENON__NO_VALUE ? NULL : tenon__match_sole(c, id, "Conv");
    if (!conv || tenon__match_input(conv, 3) != TENON__NO_VALUE ||
        tenon__attr_find(conv, "activation") || !tenon__match_const(c, conv->inputs[1]))
        return NULL;
    const tenon__view *w = tenon__match_view(c, conv->inputs[1]);
    const tenon__value_id b = tenon__match_input(conv, 2), f = tenon__match_input(conv, 4);
    if (w->dtype != TENON_F32 || w->rank < 3) return NULL;
    if (b != TENON__NO_VALUE && !is_vector(c, b, w->dims[0])) return NULL;
    return f == TENON__NO_VALUE || is_vector(c, f, w->dims[0]) ? conv : NULL;
}

static tenon_status fold(tenon__pass_context *c, tenon__node *conv, tenon__node *node,
                         const linear *l)
{
    const int64_t channels = tenon__match_view(c, conv->inputs[1])->dims[0];
    const bool scales = l->how != ADDS && l->how != SUBTRACTS;
    tenon__value_id factor, bias;
    float *fd, *bd;
    tenon_status st = tenon__rewrite_const(c, 1, &channels, &bias, &bd);
    if (st == TENON_OK && scales) st = tenon__rewrite_const(c, 1, &channels, &factor, &fd);
    if (st) return st;
    const tenon__view *b = tenon__match_view(c, tenon__match_input(conv, 2)),
                      *f = tenon__match_view(c, tenon__match_input(conv, 4));
    for (int64_t m = 0; m < channels; m++) {
        const double s = factor_of(l, m);
        bd[m] = (float)((b ? element(b, m) : 0) * s + bias_of(l, m));
        if (scales) fd[m] = (float)((f ? element(f, m) : 1) * s);
    }
    st = tenon__rewrite_input(c, conv, 2, bias);
    if (st == TENON_OK && scales) st = tenon__rewrite_input(c, conv, 4, factor);
    if (st) return st;
    tenon__rewrite_output(c, conv, node->outputs[0]);
    node->dead = true;
    return TENON_OK;
}

/* BatchNormalization as Mul and Add of [C, 1, ...]. */
static tenon_status spell_out(tenon__pass_context *c, tenon__node *bn)
{
    const tenon__view x = *tenon__match_view(c, bn->inputs[0]);
    linear l;
    if (x.dtype != TENON_F32 || x.rank < 2 || x.dims[1] < 0 || !normalizes(c, bn, x.dims[1], &l))
        return TENON_OK;
    int64_t dims[TENON_MAX_RANK];
    for (int d = 0; d < x.rank - 1; d++)
        dims[d] = d ? 1 : x.dims[1];
    tenon__value_id factor, bias, scaled;
    tenon__node *mul;
    float *fd, *bd;
    tenon_status st = tenon__rewrite_const(c, x.rank - 1, dims, &factor, &fd);
    if (st == TENON_OK) st = tenon__rewrite_const(c, x.rank - 1, dims, &bias, &bd);
    if (st == TENON_OK) st = tenon__rewrite_value(c, &x, &scaled);
    if (st) return st;
    for (int64_t m = 0; m < dims[0]; m++) {
        fd[m] = (float)factor_of(&l, m);
        bd[m] = (float)bias_of(&l, m);
    }
    const tenon__value_id by[] = {bn->inputs[0], factor}, then[] = {scaled, bias};
    st = tenon__rewrite_add(c, "Mul", bn->name, by, 2, &scaled, 1, NULL, 0, &mul);
    return st ? st : tenon__rewrite_op(c, bn, "Add", then, 2, NULL, 0);
}

/* What follows a BatchNormalization goes into its scale and B. */
static tenon_status absorb(tenon__pass_context *c, tenon__node *bn, tenon__node *node,
                           const linear *l, int64_t channels)
{
    tenon__value_id scale, bias;
    float *sd, *bd;
    tenon_status st = tenon__rewrite_const(c, 1, &channels, &scale, &sd);
    if (st == TENON_OK) st = tenon__rewrite_const(c, 1, &channels, &bias, &bd);
    if (st) return st;
    const tenon__view *old_scale = tenon__match_view(c, bn->inputs[1]),
                      *old_bias = tenon__match_view(c, bn->inputs[2]);
    for (int64_t m = 0; m < channels; m++) {
        sd[m] = (float)(element(old_scale, m) * factor_of(l, m));
        bd[m] = (float)(element(old_bias, m) * factor_of(l, m) + bias_of(l, m));
    }
    bn->inputs[1] = scale;
    bn->inputs[2] = bias;
    tenon__rewrite_output(c, bn, node->outputs[0]);
    node->dead = true;
    return TENON_OK;
}

/* The BatchNormalization that alone makes `id`, and how many channels it has. */
static tenon__node *normalizer(const tenon__pass_context *c, tenon__value_id id, int64_t *channels)
{
    linear l;
    tenon__node *bn = id == TENON__NO_VALUE ? NULL : tenon__match_sole(c, id, "BatchNormalization");
    if (!bn || !tenon__match_const(c, bn->inputs[1])) return NULL;
    *channels = tenon__view_count(tenon__match_view(c, bn->inputs[1]));
    return normalizes(c, bn, *channels, &l) ? bn : NULL;
}

/* Into what makes one of the node's inputs, where it can go there. */
static tenon_status fold_node(tenon__pass_context *c, tenon__node *node)
{
    for (uint32_t i = 0; i < 2 && i < node->input_count && !node->dead; i++) {
        int64_t channels;
        linear l;
        tenon__node *conv = host(c, node->inputs[i]), *bn;
        if (conv) {
            const tenon__view *w = tenon__match_view(c, conv->inputs[1]);
            if (recognise(c, node, i, w->rank, w->dims[0], &l)) return fold(c, conv, node, &l);
        } else if ((bn = normalizer(c, node->inputs[i], &channels)) != NULL) {
            const int rank = tenon__match_view(c, node->inputs[i])->rank;
            if (rank >= 2 && recognise(c, node, i, rank, channels, &l))
                return absorb(c, bn, node, &l, channels);
        }
    }
    return TENON_OK;
}

tenon_status tenon__pass_norm(tenon__pass_context *c)
{
    const size_t count = c->graph->nodes.count;
    tenon_status st = TENON_OK;
    for (size_t n = 0; n < count && st == TENON_OK; n++)
        if (!c->graph->nodes.items[n]->dead) st = fold_node(c, c->graph->nodes.items[n]);
    for (size_t n = 0; n < count && st == TENON_OK; n++) {
        tenon__node *node = c->graph->nodes.items[n];
        if (!node->dead && tenon__match_is(node, "BatchNormalization")) st = spell_out(c, node);
    }
    return st;
}
