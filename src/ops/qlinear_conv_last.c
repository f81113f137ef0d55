/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearConvLast: QLinearConv with channels last. Put in by pass `channels_last`.
 *
 * x [N, D1, ..., C] and y [N, D1, ..., M] with one or two spatial axes, w [M, C / group, k1, ...];
 * inputs and attributes otherwise as QLinearConv. All inputs but x are constants.
 *
 * A group is a product whose rows are positions: as they lie for a 1 x 1 kernel, else gathered.
 * Groups of one channel for one output (depthwise) have kernels of their own.
 */
#include "kernels/qconv/qconv.h"
#include "opkit/convolve.h"
#include "opkit/index.h"
#include "opkit/qconvolve.h"
#ifdef TENON_TEST_REF
#include <math.h>

#include "tensor/convert.h"
#endif

enum { X, X_SCALE, X_ZERO, W, W_SCALE, W_ZERO, Y_SCALE, Y_ZERO, BIAS };

/* Few microseconds, so that several threads share steps that take tens of them. */
#define TILE_NS          12e3
#define DEPTHWISE_MAC_NS 0.013
/* Requantising a sum takes as long as so many products. */
#define REQUANTISE_MACS 40

typedef struct prepared {
    const tenon__qgemm_row *gemm;
    const tenon__qconv_row *depthwise; /* or NULL */
    int64_t groups;                    /* of products; depthwise: 1 */
    int64_t channels, outputs;         /* of a group; depthwise: one channel, all outputs */
    int64_t taps;
    int64_t per_tile; /* of packing */
    bool zeros;       /* a zero point of the weights is not 0 */
} prepared;

typedef struct params {
    tenon__conv_axis h, w;
    int64_t positions; /* of all batches; depthwise: lines */
    int64_t step, output_step, output_blocks;
    int64_t padded, pitch; /* of a gathered row; pitch 0: rows lie ready */
    size_t lists, rows;    /* offsets in scratch */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    return tenon__convolve_read(node, out, err);
}

/* x as QLinearConv takes it. */
static tenon__view channels_first(const tenon__view *x)
{
    tenon__view v = *x;
    for (int i = 2; i < x->rank; i++)
        v.dims[i] = x->dims[i - 1];
    if (x->rank > 1) v.dims[1] = x->dims[x->rank - 1];
    return v;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *w = c->in[W], x = channels_first(c->in[X]);
    tenon__convolve_shape s;
    int64_t dims[TENON_MAX_RANK];
    c->out[0]->dtype = TENON__HAS(c, Y_ZERO) ? c->in[Y_ZERO]->dtype : TENON_U8;
    if (x.rank == TENON__RANK_UNKNOWN || w->rank == TENON__RANK_UNKNOWN) return TENON_OK;
    tenon_status st = tenon__convolve_fit(c->attrs, &x, w, &s, c->err);
    if (st) return st;
    if (s.window.rank > 2)
        return tenon__fail(c->err, TENON_EINTERNAL, "there are %d spatial axes", s.window.rank);
    dims[0] = s.batch;
    for (int i = 0; i < s.window.rank; i++)
        dims[1 + i] = s.window.axis[i].out;
    dims[x.rank - 1] = w->dims[0];
    tenon__infer_set(c, 0, c->out[0]->dtype, x.rank, dims);
    return TENON_OK;
}

/* ---- weights ---- */

static tenon__qconv_weights weights_of(const prepared *pre, const tenon__view *w,
                                       const tenon__view *zero)
{
    return (tenon__qconv_weights){.w = w->data,
                                  .is_signed = w->dtype == TENON_I8,
                                  .zero = zero ? zero->data : NULL,
                                  .zero_step = zero && tenon__view_count(zero) > 1,
                                  .channels = pre->outputs,
                                  .taps = pre->taps};
}

static tenon_status pack_depthwise(const tenon__pack *p)
{
    const prepared *pre = p->prepared;
    const tenon__qconv_weights w = weights_of(pre, p->in[W], p->in[W_ZERO]);
    tenon__qconv_pack(pre->depthwise, &w, p->dst);
    return TENON_OK;
}

/* Columns of a product are rows of w, [C, taps]; they are packed as they are gathered, [taps, C].
 * Panels are counted over all groups. */
static tenon_status pack(const tenon__pack *p)
{
    const prepared *pre = p->prepared;
    const int64_t each = tenon__qgemm_panels(pre->gemm, pre->outputs);
    const int64_t k = pre->taps * pre->channels;
    int64_t at = p->tile * pre->per_tile, end = at + pre->per_tile;
    size_t panel_bytes;
    if (!tenon__qgemm_panel_bytes(pre->gemm, k, &panel_bytes))
        return tenon__fail(p->err, TENON_ELIMIT, "the weights are too large");
    if (end > each * pre->groups) end = each * pre->groups;
    for (int64_t n; at < end; at += n) {
        const int64_t group = at / each, first = at % each;
        n = each - first < end - at ? each - first : end - at;
        const tenon__qgemm_pack some = {
            .b = (const uint8_t *)p->in[W]->data + group * pre->outputs * k,
            .is_signed = p->in[W]->dtype == TENON_I8,
            .row = pre->taps,
            .col = k,
            .k = k,
            .n = pre->outputs,
            .split = pre->channels,
            .split_row = 1,
            .first = first,
            .count = n,
            .dst = (uint8_t *)p->dst + (size_t)(group * each) * panel_bytes};
        pre->gemm->pack(&some);
    }
    return TENON_OK;
}

static float one_float(const tenon__view *v)
{
    float x;
    memcpy(&x, v->data, sizeof x);
    return x;
}

/* What sums are multiplied by, for each output. */
static tenon_status pack_scales(const tenon__pack *p)
{
    const prepared *pre = p->prepared;
    const float x = one_float(p->in[X_SCALE]), y = one_float(p->in[Y_SCALE]);
    const bool each = tenon__view_count(p->in[W_SCALE]) > 1;
    float *scale = p->dst;
    for (int64_t i = 0; i < pre->outputs * pre->groups; i++) {
        float w;
        memcpy(&w, (const uint8_t *)p->in[W_SCALE]->data + (each ? i : 0) * 4, sizeof w);
        scale[i] = x * w / y;
    }
    return TENON_OK;
}

static tenon_status prepare_scales(tenon__prepare *c, size_t lanes)
{
    const float scales[] = {one_float(c->in[X_SCALE]), one_float(c->in[Y_SCALE])};
    c->packed[1].input = W_SCALE;
    c->packed[1].tiles = 1;
    c->packed[1].pack = pack_scales;
    c->packed[1].size_bytes = lanes * sizeof(float);
    memcpy(&c->packed[1].variant, scales, sizeof scales);
    return TENON_OK;
}

static tenon_status prepare_depthwise(tenon__prepare *c)
{
    prepared *pre = c->prepared;
    const tenon__view *zero = TENON__HAS(c, W_ZERO) ? c->in[W_ZERO] : NULL;
    const tenon__qconv_weights w = weights_of(pre, c->in[W], zero);
    size_t sums_at;
    pre->depthwise = tenon__qconv_find(c->cpu, &w);
    c->kernel = pre->depthwise->name;
    c->packed[0].tiles = 1;
    c->packed[0].pack = pack_depthwise;
    c->packed[0].variant = (uintptr_t)pre->depthwise ^ (zero ? (uintptr_t)zero->data : 0);
    if (!tenon__qconv_packed_bytes(pre->depthwise, pre->outputs, pre->taps, &sums_at,
                                   &c->packed[0].size_bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "the weights are too large");
    return prepare_scales(c, (size_t)(pre->outputs + pre->depthwise->block));
}

static tenon_status prepare_product(tenon__prepare *c)
{
    prepared *pre = c->prepared;
    const int64_t k = pre->channels * pre->taps;
    size_t bytes;
    pre->gemm = tenon__qgemm_choose(c->cpu);
    c->kernel = pre->gemm->name;
    const int64_t panels = tenon__qgemm_panels(pre->gemm, pre->outputs) * pre->groups;
    if (!tenon__qgemm_panel_bytes(pre->gemm, k, &bytes) ||
        !tenon__mul(bytes, (size_t)panels, &c->packed[0].size_bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "the weights are too large");
    c->packed[0].tiles = tenon__tiles(panels, (double)k * pre->gemm->nr * 0.5, &pre->per_tile);
    c->packed[0].pack = pack;
    c->packed[0].variant = (uintptr_t)pre->gemm ^ (uint64_t)pre->groups;
    return prepare_scales(c, (size_t)(pre->outputs * pre->groups));
}

static tenon_status prepare(tenon__prepare *c)
{
    const tenon__convolve_attrs *a = c->attrs;
    prepared *pre = c->prepared;
    const tenon__view *w = c->in[W];
    for (uint32_t i = 1; i < c->in_count; i++)
        if (c->in[i] && !c->in[i]->known)
            return tenon__fail(c->err, TENON_EINTERNAL, "input %u is no constant", i);
    const bool depthwise = a->group > 1 && w->dims[1] == 1 && w->dims[0] == a->group;
    pre->groups = depthwise ? 1 : a->group;
    pre->outputs = w->dims[0] / pre->groups;
    pre->channels = w->dims[1];
    pre->taps = tenon__dims_product(w->dims, 2, w->rank);
    c->packed[0].input = W;
    for (int64_t i = 0; TENON__HAS(c, W_ZERO) && i < tenon__view_count(c->in[W_ZERO]); i++)
        pre->zeros = pre->zeros || ((const uint8_t *)c->in[W_ZERO]->data)[i] != 0;
    return depthwise ? prepare_depthwise(c) : prepare_product(c);
}

/* ---- shapes ---- */

static tenon__conv_axis axis_of(const tenon__window_axis *x)
{
    return (tenon__conv_axis){.in = x->in,
                              .count = x->out,
                              .taps = x->kernel,
                              .step = x->stride,
                              .first = -x->before,
                              .delta = x->dilation};
}

static bool passes_through(const tenon__conv_axis *a)
{
    return a->taps == 1 && a->step == 1 && a->first == 0 && a->in == a->count;
}

static int64_t ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

/* `count` things of `unit_ns` each in even parts of about TILE_NS: how many a part. */
static int64_t part_of(int64_t count, double unit_ns)
{
    const double fit = TILE_NS / unit_ns;
    const int64_t most = fit < 1 ? 1 : fit < (double)count ? (int64_t)fit : count;
    return ceil_div(count, ceil_div(count, most));
}

static void cut_product(const prepared *pre, params *p)
{
    const int64_t k = pre->channels * pre->taps, nr = pre->gemm->nr;
    const int64_t blocks = ceil_div(p->positions, TENON__QGEMM_BLOCK);
    const int64_t panels = tenon__qgemm_panels(pre->gemm, pre->outputs);
    const double panel_ns =
        (double)(p->positions < TENON__QGEMM_BLOCK ? p->positions : TENON__QGEMM_BLOCK) *
        (double)nr * (double)(k + REQUANTISE_MACS) * pre->gemm->mac_ns;
    /* Outputs are divided where positions alone make few or long tiles. */
    int64_t parts = 1;
    while (parts < panels && panel_ns * (double)ceil_div(panels, parts) > TILE_NS &&
           (blocks * parts * pre->groups < 4 ||
            panel_ns * (double)ceil_div(panels, parts) > 4 * TILE_NS))
        parts++;
    p->output_step = ceil_div(panels, parts) * nr;
    p->output_blocks = ceil_div(panels * nr, p->output_step);
    p->step = part_of(blocks, panel_ns * (double)(p->output_step / nr)) * TENON__QGEMM_BLOCK;
}

static bool scratch_product(const prepared *pre, params *p, size_t *out)
{
    const int64_t k = pre->channels * pre->taps, unit = pre->gemm->k_unit;
    size_t product, gathered = 0;
    p->padded = ceil_div(k, unit) * unit;
    if (p->pitch) { /* an odd number of lines */
        p->pitch = (ceil_div(p->padded, 64) | 1) * 64;
        if (!tenon__mul((size_t)p->pitch, TENON__QGEMM_BLOCK, &gathered)) return false;
        gathered += tenon__align_up(TENON__QCONV_SLACK, 64);
    }
    p->rows = tenon__align_up((size_t)p->output_step * sizeof(int32_t), 64);
    p->lists = p->rows + gathered;
    return tenon__qgemm_scratch_bytes(pre->gemm, p->padded, &product) &&
           tenon__add(p->lists, product, out);
}

/* Positions of a line of padding: of an empty image there is one all the same. */
static int64_t padding_of(const params *p)
{
    return p->w.in ? p->w.in : 1;
}

static bool scratch_depthwise(const prepared *pre, params *p, size_t *out)
{
    const size_t lanes = (size_t)(pre->outputs + pre->depthwise->block);
    const size_t taps = (size_t)(pre->taps + pre->depthwise->taps);
    p->lists = tenon__align_up(lanes * sizeof(int32_t), 64);
    p->rows = p->lists + tenon__align_up(taps * sizeof(uint8_t *), 64);
    return tenon__add(p->rows, (size_t)(padding_of(p) * pre->outputs), out);
}

static tenon_status bind(tenon__bind *c)
{
    const prepared *pre = c->prepared;
    params *p = c->params;
    const tenon__view x = channels_first(c->in[X]);
    const tenon__window_axis one = {.in = 1, .out = 1, .kernel = 1, .stride = 1, .dilation = 1};
    tenon__convolve_shape s;
    tenon_status st = tenon__convolve_fit(c->attrs, &x, c->in[W], &s, c->err);
    if (st) return st;
    p->w = axis_of(&s.window.axis[s.window.rank - 1]);
    p->h = axis_of(s.window.rank == 2 ? &s.window.axis[0] : &one);
    const int64_t outputs = s.batch * p->h.count * p->w.count, depth = pre->taps * pre->channels;
    c->flops = 2.0 * (double)outputs * (double)(pre->outputs * pre->groups) * (double)depth;
    if (outputs * pre->outputs == 0) {
        c->tiles = 0;
        return TENON_OK;
    }
    p->output_blocks = 1;
    bool fits;
    if (pre->depthwise) {
        p->positions = s.batch * p->h.count;
        p->step = part_of(p->positions, (double)(p->w.count * pre->outputs) *
                                            (double)(pre->taps + 8) * DEPTHWISE_MAC_NS);
        fits = scratch_depthwise(pre, p, &c->scratch_bytes);
    } else {
        p->positions = outputs;
        p->pitch = !(passes_through(&p->h) && passes_through(&p->w));
        cut_product(pre, p);
        fits = scratch_product(pre, p, &c->scratch_bytes);
    }
    const int64_t tiles = ceil_div(p->positions, p->step) * p->output_blocks * pre->groups;
    if (!fits || tiles > UINT32_MAX)
        return tenon__fail(c->err, TENON_ELIMIT, "an output of %lld positions is too large",
                           (long long)outputs);
    c->tiles = (uint32_t)tiles;
    return TENON_OK;
}

/* ---- run ---- */

static const int32_t *bias_of(const tenon__run *r)
{
    return TENON__HAS(r, BIAS) ? r->in[BIAS]->data : NULL;
}

/* What group 0 sees; depthwise: all channels. */
static tenon__qconv_image image_of(const tenon__run *r)
{
    const params *p = r->params;
    const prepared *pre = r->prepared;
    const int64_t pixel = r->in[X]->dims[r->in[X]->rank - 1];
    return (tenon__qconv_image){.x = r->in[X]->data,
                                .h = p->h,
                                .w = p->w,
                                .batch = r->in[X]->dims[0],
                                .channels = pre->depthwise ? pixel : pre->channels,
                                .pixel = pixel,
                                .fill = (uint8_t)tenon__qconvolve_zero(r, X_ZERO, 0)};
}

static tenon__qgemm_out out_of(const tenon__run *r)
{
    return r->out[0]->dtype == TENON_U8 ? TENON__QGEMM_U8 : TENON__QGEMM_I8;
}

static void run_product(const tenon__run *r)
{
    const prepared *pre = r->prepared;
    const params *p = r->params;
    const int64_t parts = p->output_blocks * pre->groups, part = r->tile % parts;
    const int64_t group = part / p->output_blocks, out = part % p->output_blocks * p->output_step;
    const int64_t panels = tenon__qgemm_panels(pre->gemm, pre->outputs),
                  k = pre->channels * pre->taps, first = group * pre->outputs + out,
                  left = pre->outputs - out, n = left < p->output_step ? left : p->output_step;
    int64_t at = r->tile / parts * p->step, end = at + p->step;
    if (end > p->positions) end = p->positions;
    tenon__qconv_image image = image_of(r);
    image.x += group * pre->channels;
    const int32_t *bias = bias_of(r);
    int32_t *zero = r->scratch;
    uint8_t *rows = (uint8_t *)r->scratch + p->rows;
    for (int64_t i = 0; pre->zeros && i < n; i++)
        zero[i] = tenon__qconvolve_zero(r, W_ZERO, first + i);
    size_t panel_bytes;
    if (!tenon__qgemm_panel_bytes(pre->gemm, k, &panel_bytes)) return; /* it was packed */
    tenon__qgemm g = {
        .n = n,
        .k = p->pitch ? p->padded : k,
        .a = rows,
        .a_row = p->pitch ? p->pitch : image.pixel,
        .a_col = 1,
        .a_signed = r->in[X]->dtype == TENON_I8,
        .b_signed = r->in[W]->dtype == TENON_I8,
        .a_zero = tenon__qconvolve_zero(r, X_ZERO, 0),
        .b = (const uint8_t *)r->packed[0] +
             (size_t)(group * panels + out / pre->gemm->nr) * panel_bytes,
        .b_zero = pre->zeros ? zero : NULL,
        .bias = bias ? bias + first : NULL,
        .out = out_of(r),
        .c_row = pre->outputs * pre->groups,
        .scale = (const float *)r->packed[1] + first,
        .y_zero = tenon__qconvolve_zero(r, Y_ZERO, 0),
        .scratch = (uint8_t *)r->scratch + p->lists,
    };
    for (; at < end; at += g.m) {
        g.m = end - at;
        if (p->pitch) {
            if (g.m > TENON__QGEMM_BLOCK) g.m = TENON__QGEMM_BLOCK;
            tenon__qconv_gather(&image, at, g.m, p->padded, p->pitch, rows);
        } else {
            g.a = image.x + at * image.pixel;
        }
        g.c = (uint8_t *)r->out[0]->data + at * g.c_row + first;
        pre->gemm->run(&g);
    }
}

static void run_depthwise(const tenon__run *r)
{
    const prepared *pre = r->prepared;
    const params *p = r->params;
    const tenon__qconv_image image = image_of(r);
    const bool is_signed = r->in[X]->dtype == TENON_I8;
    const int32_t zero = tenon__qconvolve_zero(r, X_ZERO, 0) + (is_signed ? 128 : 0);
    const int32_t *bias = bias_of(r);
    int32_t *base = r->scratch;
    size_t sums_at, bytes;
    if (!tenon__qconv_packed_bytes(pre->depthwise, pre->outputs, pre->taps, &sums_at, &bytes))
        return; /* it was packed */
    const int32_t *sums = (const int32_t *)(const void *)((const uint8_t *)r->packed[0] + sums_at);
    for (int64_t i = 0; i < pre->outputs; i++) { /* modulo 2^32 */
        const uint32_t sum = (bias ? (uint32_t)bias[i] : 0) - (uint32_t)zero * (uint32_t)sums[i];
        memcpy(&base[i], &sum, sizeof sum);
    }
    uint8_t *line = (uint8_t *)r->scratch + p->rows;
    const tenon__qconv_room room = {
        .at = (const uint8_t **)(void *)((uint8_t *)r->scratch + p->lists), .line = line};
    memset(line, image.fill, (size_t)(padding_of(p) * pre->outputs));
    tenon__qconv_depthwise d = {.channels = pre->outputs,
                                .taps = pre->taps,
                                .stride = p->w.step * pre->outputs,
                                .w = r->packed[0],
                                .base = base,
                                .scale = r->packed[1],
                                .x_signed = is_signed,
                                .y_zero = tenon__qconvolve_zero(r, Y_ZERO, 0),
                                .out = out_of(r)};
    int64_t end = (r->tile + (int64_t)1) * p->step;
    if (end > p->positions) end = p->positions;
    for (int64_t i = r->tile * p->step; i < end; i++) {
        d.y = (uint8_t *)r->out[0]->data + i * p->w.count * pre->outputs;
        tenon__qconv_depthwise_line(pre->depthwise, &image, &d, &room, i / p->h.count,
                                    i % p->h.count);
    }
}

static tenon_status run(const tenon__run *r)
{
    const prepared *pre = r->prepared;
    if (pre->depthwise)
        run_depthwise(r);
    else
        run_product(r);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static int64_t sum_of(const tenon__run *r, int64_t n, int64_t oh, int64_t ow, int64_t m)
{
    const prepared *pre = r->prepared;
    const params *p = r->params;
    const int64_t channels = r->in[X]->dims[r->in[X]->rank - 1],
                  first = pre->depthwise ? m : m / pre->outputs * pre->channels;
    int64_t sum = TENON__HAS(r, BIAS) ? tenon__get_i64(TENON_I32, r->in[BIAS]->data, (size_t)m) : 0;
    for (int64_t t = 0; t < pre->taps; t++) {
        const int64_t y = p->h.first + oh * p->h.step + t / p->w.taps * p->h.delta;
        const int64_t x = p->w.first + ow * p->w.step + t % p->w.taps * p->w.delta;
        if (y < 0 || y >= p->h.in || x < 0 || x >= p->w.in) continue;
        const int64_t at = ((n * p->h.in + y) * p->w.in + x) * channels + first;
        for (int64_t c = 0; c < pre->channels; c++)
            sum += (tenon__get_i64(r->in[X]->dtype, r->in[X]->data, (size_t)(at + c)) -
                    tenon__qconvolve_zero(r, X_ZERO, 0)) *
                   (tenon__get_i64(r->in[W]->dtype, r->in[W]->data,
                                   (size_t)((m * pre->channels + c) * pre->taps + t)) -
                    tenon__qconvolve_zero(r, W_ZERO, m));
    }
    return sum;
}

static tenon_status ref(const tenon__run *r)
{
    const params *p = r->params;
    const prepared *pre = r->prepared;
    const double low = r->out[0]->dtype == TENON_U8 ? 0 : -128;
    for (int64_t i = 0; i < tenon__view_count(r->out[0]); i++) {
        const int64_t all = pre->outputs * pre->groups, m = i % all, at = i / all;
        const float scale =
            one_float(r->in[X_SCALE]) *
            (float)tenon__get_f64(TENON_F32, r->in[W_SCALE]->data,
                                  tenon__view_count(r->in[W_SCALE]) > 1 ? (size_t)m : 0) /
            one_float(r->in[Y_SCALE]);
        double v = (double)(float)sum_of(r, at / p->w.count / p->h.count,
                                         at / p->w.count % p->h.count, at % p->w.count, m);
        v = rint((double)((float)v * scale)) + tenon__qconvolve_zero(r, Y_ZERO, 0);
        v = v > low ? v : low;
        ((uint8_t *)r->out[0]->data)[i] = (uint8_t)(int32_t)(v < low + 255 ? v : low + 255);
    }
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{0}};

const tenon__op tenon__op_qlinear_conv_last = {
    .name = "QLinearConvLast",
    .doc = "Convolution of bytes with scales, channels last",
    .min_inputs = 8,
    .max_inputs = 9,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__convolve_attrs),
    .prepared_bytes = sizeof(prepared),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .prepare = prepare,
    .bind = bind,
    .run = run,
    TENON__REF(ref)};
