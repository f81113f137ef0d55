/* SPDX-License-Identifier: Apache-2.0 */
/* BatchNormalization: y = (x - mean[c]) / sqrt(var[c] + epsilon) * scale[c] + B[c]. x [N, C, ...]
 * or [N] (one channel). In training mode (training_mode 1; before opset 14: more than one output,
 * or is_test 0 before opset 7) mean and variance are those of x over all but the channels, and
 * outputs 1 and 2 are momentum * old + (1 - momentum) * new. f32, f64; f16 and bf16 widened;
 * parameters may have another float dtype than x. ONNX BatchNormalization-15. */
#include <math.h>

#include "opkit/norm.h"

typedef struct attrs {
    float epsilon, momentum;
    bool training;
} attrs;

/* Inference: a row is one channel of one sample, or (where `flat`) one sample of n channels.
 * Training: a row is a channel. */
typedef struct params {
    tenon__norm_params rows; /* first: as tenon__norm_bind_rows has it */
    bool flat;
    int64_t samples, channels, places;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    tenon_status st = tenon__attr_check(node, "epsilon", TENON__ATTR_FLOAT, err);
    if (!st) st = tenon__attr_check(node, "momentum", TENON__ATTR_FLOAT, err);
    if (!st) st = tenon__attr_check(node, "training_mode", TENON__ATTR_INT, err);
    if (!st) st = tenon__attr_check(node, "spatial", TENON__ATTR_INT, err);
    if (!st) st = tenon__attr_check(node, "is_test", TENON__ATTR_INT, err);
    if (st) return st;
    a->epsilon = tenon__attr_float(node, "epsilon", 1e-5f);
    a->momentum = tenon__attr_float(node, "momentum", 0.9f);
    if (node->opset >= 14)
        a->training = tenon__attr_int(node, "training_mode", 0) != 0;
    else if (node->opset < 7)
        a->training = tenon__attr_int(node, "is_test", 0) == 0 && node->output_count > 1;
    else
        a->training = node->output_count > 1;
    if (!tenon__attr_int(node, "spatial", 1))
        return tenon__fail(err, TENON_EUNSUPPORTED,
                           "spatial 0 (statistics for each place) is not supported; 1 is");
    if (!a->training && node->output_count > 1 && node->opset >= 14)
        return tenon__fail(err, TENON_EFORMAT, "%u outputs without training_mode; one is made then",
                           node->output_count);
    if (node->output_count > 3)
        return tenon__fail(err, TENON_EUNSUPPORTED,
                           "saved_mean and saved_var are not supported; at most 3 outputs are");
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    static const char *const names[] = {"X", "scale", "B", "mean", "var"};
    const tenon__view *x = c->in[0];
    tenon_status st = tenon__norm_check_dtype(c, 0);
    if (st) return st;
    tenon__infer_like(c, 0, 0);
    if (x->rank == 0)
        return tenon__fail(c->err, TENON_ESHAPE, "X is a scalar; [N, C, ...] is wanted");
    int64_t channels = x->rank < 0 ? TENON__DIM_UNKNOWN : x->rank == 1 ? 1 : x->dims[1];
    for (uint32_t i = 1; i < 5; i++)
        if ((st = tenon__norm_check_vector(c, i, names[i], channels))) return st;
    for (uint32_t i = 1; i < c->out_count; i++)
        tenon__infer_set(c, i, c->in[i + 2]->dtype, 1, &channels);
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    c->kernel = tenon__norm_find(c->cpu)->name;
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *p = c->params;
    const tenon__view *x = c->in[0];
    bool fast = x->dtype == TENON_F32;
    p->samples = x->dims[0];
    p->channels = x->rank == 1 ? 1 : x->dims[1];
    p->places = x->rank == 1 ? 1 : tenon__dims_product(x->dims, 2, x->rank);
    p->flat = !a->training && p->places == 1 && fast;
    if (a->training)
        return tenon__norm_bind_rows(c, p->channels, p->samples * p->places, fast ? 0.3 : 10);
    if (!p->flat)
        return tenon__norm_bind_rows(c, p->samples * p->channels, p->places, fast ? 0.1 : 5);
    c->scratch_bytes = 2 * sizeof(float) * (size_t)p->channels;
    return tenon__norm_bind_rows(c, p->samples, p->channels, 0.3);
}

static void row_apply(const tenon__run *r, const params *p, int64_t row, int64_t channel,
                      double mean, double variance)
{
    const attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    double factor = tenon__norm_get(r->in[1], channel) / sqrt(variance + (double)a->epsilon);
    double bias = tenon__norm_get(r->in[2], channel);
    int64_t at = row * p->places;
    if (x->dtype == TENON_F32) {
        p->rows.kernel->linear((const float *)x->data + at, (float *)r->out[0]->data + at,
                               p->places, (float)mean, (float)factor, (float)bias);
        return;
    }
    for (int64_t i = at; i < at + p->places; i++)
        tenon__norm_put(r->out[0], i, (tenon__norm_get(x, i) - mean) * factor + bias);
}

/* One sample of channels with one place each. */
static void sample_flat(const tenon__run *r, const params *p, int64_t row, const float *factors)
{
    const float *x = (const float *)r->in[0]->data + row * p->channels;
    p->rows.kernel->affine(x, (float *)r->out[0]->data + row * p->channels, p->channels, 0, 1,
                           factors, factors + p->channels);
}

/* y = x * factor + bias, the mean folded into the bias. */
static void make_factors(const tenon__run *r, const params *p, float *factors)
{
    const attrs *a = r->attrs;
    for (int64_t k = 0; k < p->channels; k++) {
        double factor =
            tenon__norm_get(r->in[1], k) / sqrt(tenon__norm_get(r->in[4], k) + (double)a->epsilon);
        factors[k] = (float)factor;
        factors[p->channels + k] =
            (float)(tenon__norm_get(r->in[2], k) - tenon__norm_get(r->in[3], k) * factor);
    }
}

/* Statistics of one channel over all samples, then the channel itself. */
static void train_channel(const tenon__run *r, const params *p, int64_t channel)
{
    const attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    double n = (double)p->samples * (double)p->places, mean = 0, variance = 0;
    for (int64_t s = 0; s < p->samples; s++) {
        int64_t at = (s * p->channels + channel) * p->places;
        for (int64_t i = at; i < at + p->places; i++)
            mean += tenon__norm_get(x, i);
    }
    mean /= n;
    for (int64_t s = 0; s < p->samples; s++) {
        int64_t at = (s * p->channels + channel) * p->places;
        for (int64_t i = at; i < at + p->places; i++)
            variance += (tenon__norm_get(x, i) - mean) * (tenon__norm_get(x, i) - mean);
    }
    variance /= n;
    for (int64_t s = 0; s < p->samples; s++)
        row_apply(r, p, s * p->channels + channel, channel, mean, variance);
    double old = a->momentum, new = 1 - old;
    if (r->out_count > 1)
        tenon__norm_put(r->out[1], channel, old * tenon__norm_get(r->in[3], channel) + new *mean);
    if (r->out_count > 2)
        tenon__norm_put(r->out[2], channel,
                        old * tenon__norm_get(r->in[4], channel) + new *variance);
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    int64_t from, to;
    tenon__norm_tile(&p->rows, r->tile, &from, &to);
    if (p->flat) make_factors(r, p, r->scratch);
    for (int64_t row = from; row < to; row++) {
        int64_t channel = p->flat || a->training ? row : row % p->channels;
        if (a->training)
            train_channel(r, p, channel);
        else if (p->flat)
            sample_flat(r, p, row, r->scratch);
        else
            row_apply(r, p, row, channel, tenon__norm_get(r->in[3], channel),
                      tenon__norm_get(r->in[4], channel));
    }
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    params p = {.samples = x->dims[0], .channels = x->rank == 1 ? 1 : x->dims[1]};
    p.places = x->rank == 1 ? 1 : tenon__dims_product(x->dims, 2, x->rank);
    p.rows.kernel = tenon__norm_find(0);
    for (int64_t k = 0; a->training && k < p.channels; k++)
        train_channel(r, &p, k);
    for (int64_t row = 0; !a->training && row < p.samples * p.channels; row++)
        row_apply(r, &p, row, row % p.channels, tenon__norm_get(r->in[3], row % p.channels),
                  tenon__norm_get(r->in[4], row % p.channels));
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "BatchNormalization", 6, 0, NULL}, {0}};

const tenon__op tenon__op_batch_normalization = {
    .name = "BatchNormalization",
    .doc = "Each channel normalized by given statistics, or by its own",
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 5,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .prepare = prepare,
    .bind = bind,
    TENON__REF(ref).run = run,
};
