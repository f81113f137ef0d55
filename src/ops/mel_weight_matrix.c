/* SPDX-License-Identifier: Apache-2.0 */
/* MelWeightMatrix: triangular filters, evenly spaced on the mel scale, over the bins of a spectrum.
 * ONNX MelWeightMatrix-17.
 *
 * Scalars: num_mel_bins, dft_length, sample_rate (integers), lower_edge_hertz, upper_edge_hertz.
 * Output [dft_length / 2 + 1, num_mel_bins] of output_datatype (default float32): column i rises
 * from edge i to edge i + 1 and falls to edge i + 2, the edges being bins floor((dft_length + 1) *
 * hertz / sample_rate). */
#include <math.h>

#include "opkit/index.h"
#include "opkit/taper.h"
#include "tensor/convert.h"

typedef struct attrs {
    tenon_dtype dtype;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    return tenon__taper_dtype(tenon__attr_int(node, "output_datatype", 1), &((attrs *)out)->dtype,
                              err);
}

static tenon_status infer(tenon__infer *c)
{
    int64_t dims[2] = {TENON__DIM_UNKNOWN, TENON__DIM_UNKNOWN}, number[2];
    tenon__infer_set(c, 0, ((const attrs *)c->attrs)->dtype, 2, dims);
    for (uint32_t i = 0; i < 5; i++) {
        tenon_dtype t = c->in[i]->dtype;
        int64_t count = tenon__view_count(c->in[i]);
        bool integer = tenon__is_index(t),
             real = t == TENON_F32 || t == TENON_F64 || t == TENON_F16 || t == TENON_BF16;
        if (count >= 0 && count != 1)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "input %u has %lld elements; it must be one number", i,
                               (long long)count);
        if (t != TENON_NONE && !(i < 3 ? integer : integer || real))
            return tenon__fail(c->err, TENON_ETYPE, "input %u is %s", i, tenon_dtype_text(t));
    }
    for (uint32_t i = 0; i < 2; i++) {
        int count;
        tenon_status st = tenon__infer_ints(c, i, &number[i], 1, &count);
        if (st) return st;
        if (count != 1 || number[i] < 1 || number[i] > INT32_MAX)
            return tenon__fail(c->err, TENON_ESHAPE, "input %u is %lld; it must be above 0", i,
                               (long long)number[i]);
    }
    dims[0] = number[1] / 2 + 1;
    dims[1] = number[0];
    tenon__infer_set(c, 0, ((const attrs *)c->attrs)->dtype, 2, dims);
    return TENON_OK;
}

static double mel_of(double hertz)
{
    return 2595 * log1p(hertz / 700) / log(10);
}

static double hertz_of(double mel)
{
    return 700 * expm1(mel / 2595 * log(10));
}

static double number_at(const tenon__view *v)
{
    return tenon__is_index(v->dtype) ? (double)tenon__get_i64(v->dtype, v->data, 0)
                                     : tenon__get_f64(v->dtype, v->data, 0);
}

/* The height of a column's triangle at bin j. */
static double height(const int64_t *edges, int64_t j)
{
    int64_t rise = edges[1] - edges[0], fall = edges[2] - edges[1];
    if (j == edges[1]) return 1;
    if (j >= edges[0] && j < edges[1]) return (double)(j - edges[0]) / (double)rise;
    if (j > edges[1] && j < edges[2]) return (double)(edges[2] - j) / (double)fall;
    return 0;
}

static tenon_status run(const tenon__run *r)
{
    const tenon__view *out = r->out[0];
    int64_t bins = out->dims[0], columns = out->dims[1];
    double length = number_at(r->in[1]), rate = number_at(r->in[2]);
    double low = mel_of(number_at(r->in[3])), high = mel_of(number_at(r->in[4]));
    double step = (high - low) / (double)(columns + 2);
    if (!(rate > 0) || !(step >= 0) || !isfinite(high))
        return tenon__fail(r->err, TENON_ESHAPE, "the edges and the sample rate make no filters");
    for (int64_t i = 0; i < columns; i++) {
        int64_t edges[3];
        for (int k = 0; k < 3; k++) {
            double edge = floor((length + 1) * hertz_of(low + step * (double)(i + k)) / rate);
            if (!(edge >= 0) || edge > (double)bins)
                return tenon__fail(r->err, TENON_ESHAPE,
                                   "filter %lld reaches beyond half the sample rate", (long long)i);
            edges[k] = (int64_t)edge;
        }
        if (edges[1] >= bins)
            return tenon__fail(r->err, TENON_ESHAPE,
                               "filter %lld reaches beyond half the sample rate", (long long)i);
        for (int64_t j = 0; j < bins; j++) {
            double value = height(edges, j);
            size_t bytes = tenon_dtype_bits(out->dtype) / 8;
            tenon_status st = tenon__convert(
                TENON_F64, &value, out->dtype,
                (uint8_t *)out->data + (size_t)(j * columns + i) * bytes, 0, 1, true, r->err);
            if (st) return st;
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "MelWeightMatrix", 17, 0, NULL}, {0}};

const tenon__op tenon__op_mel_weight_matrix = {
    .name = "MelWeightMatrix",
    .doc = "Triangular filters on the mel scale",
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .run = run,
};
