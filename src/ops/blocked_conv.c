/* SPDX-License-Identifier: Apache-2.0 */
/* BlockedConv: Conv over one or two spatial axes with channels in blocks of 16 (TENON__C16); pass
 * `layout` puts it in Conv's place.
 *
 * X [N, C, H, W] (or [N, C, W]) blocked, or plain with at most 4 channels; W [M, C / group, KH, KW]
 * constant; B [M] constant (optional); Z of Y's shape, blocked (optional), added before the
 * activation; F [M] constant (optional), which each output channel of W is multiplied by. Y
 * blocked. f32. group is 1, or depthwise (C / group = M / group = 1). Attributes as Conv's.
 *
 * 3 x 3 taps with steps of 1 over enough channels and positions go by Winograd's F(4, 3), unless
 * the accuracy asked for is strict. */
#include "kernels/conv/blocked.h"
#include "kernels/dwconv/dwconv.h"
#include "kernels/winograd/winograd.h"
#include "opkit/convolve.h"
#include "opkit/index.h"
#ifdef TENON_TEST_REF
#include "opkit/convolve_ref.h"
#endif

#define TILE_NS           20e3
#define MAC_NS            (1.0 / 55)  /* of one core with wide vectors */
#define SMALL_WEIGHTS     (384 << 10) /* bytes that every tile may walk over */
#define WINOGRAD_CHANNELS 16          /* at least, of both sides */
#define WINOGRAD_PRODUCT  512         /* the same, multiplied: transforms must be repaid */
#define WINOGRAD_EXTENT   10          /* at least, of the output */
/* Each tile of patches transforms its input anew for each share of the outputs. */
#define WINOGRAD_OUTPUTS 64

typedef enum path { DIRECT, DEPTHWISE, WINOGRAD } path;

typedef struct attrs {
    tenon__convolve_attrs conv;
    tenon__epilogue tail;
} attrs;

typedef struct prepared {
    path path;
    const tenon__conv_row *row;
    const tenon__dwconv_row *depthwise;
    const tenon__winograd_row *winograd;
    int64_t outputs, channels, taps; /* of W; channels of one group */
    bool has_factor, has_bias;
    int64_t per_tile; /* blocks in a tile of packing */
} prepared;

typedef struct params {
    tenon__conv_axis h, w;
    int64_t batch, in_blocks, out_blocks; /* in_blocks: channels where plain */
    bool plain;
    int64_t groups, group_step; /* of blocks (depthwise: blocks), in a tile */
    int64_t units, unit_step; /* lines, or positions of the only line, or patches of all batches */
    int64_t unit_tiles, batches; /* tiles over units; batches that are tiled apart */
} params;

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    tenon_status st = tenon__convolve_read(node, &a->conv, err);
    return st ? st : tenon__convolve_activation(node, &a->tail, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    tenon__convolve_shape s;
    bool known;
    tenon_status st = tenon__convolve_infer(c, &a->conv, 0, 1, 2, TENON_F32, &s, &known);
    if (st) return st;
    c->out[0]->layout = TENON__C16;
    if (!known || !TENON__HAS(c, 3)) return TENON_OK;
    for (int i = 0; i < c->out[0]->rank && c->in[3]->rank == c->out[0]->rank; i++)
        if (!tenon__dim_agrees(c->in[3]->dims[i], c->out[0]->dims[i]))
            return tenon__fail(c->err, TENON_ESHAPE,
                               "what is added (input 3) has not the output's shape");
    return TENON_OK;
}

/* ---- weights ---- */

static tenon_status pack(const tenon__pack *p)
{
    const prepared *pre = p->prepared;
    const void *w = p->in[1]->data, *factor = pre->has_factor ? p->in[4]->data : NULL;
    const int64_t blocks = ceil_div(pre->outputs, TENON__BLOCK);
    int64_t end = (p->tile + (int64_t)1) * pre->per_tile;
    if (end > blocks) end = blocks;
    for (int64_t b = p->tile * pre->per_tile; b < end; b++) {
        if (pre->path == DEPTHWISE)
            tenon__dwconv_pack_block(w, factor, pre->outputs, pre->taps, b, p->dst);
        else if (pre->path == WINOGRAD)
            tenon__winograd_pack_block(pre->winograd, pre->row, w, factor, pre->outputs,
                                       pre->channels, b, p->dst);
        else
            tenon__conv_pack_block(pre->row, w, factor, pre->outputs, pre->channels, pre->taps, b,
                                   p->dst);
    }
    return TENON_OK;
}

/* The bias in whole blocks, zero where there is none. */
static tenon_status pack_bias(const tenon__pack *p)
{
    const prepared *pre = p->prepared;
    float *dst = p->dst;
    memset(dst, 0, (size_t)(ceil_div(pre->outputs, TENON__BLOCK) * TENON__BLOCK) * sizeof *dst);
    if (pre->has_bias) memcpy(dst, p->in[2]->data, (size_t)pre->outputs * sizeof *dst);
    return TENON_OK;
}

/* Whether an extent of the output is large enough, or may be. */
static bool wide(const tenon__view *out, int axis)
{
    return out->rank < 0 || out->dims[axis] < 0 || out->dims[axis] >= WINOGRAD_EXTENT;
}

static path choose(const tenon__prepare *c, const prepared *pre)
{
    const attrs *a = c->attrs;
    const tenon__window_attrs *w = &a->conv.window;
    const int64_t *k = c->in[1]->dims + 2;
    if (a->conv.group > 1) return DEPTHWISE;
    if (c->accuracy == TENON__STRICT || c->in[1]->rank != 4 || k[0] != 3 || k[1] != 3)
        return DIRECT;
    for (int i = 0; i < 2; i++)
        if (w->stride[i] != 1 || w->dilation[i] != 1 || !wide(c->out[0], 2 + i)) return DIRECT;
    const bool enough = pre->channels >= WINOGRAD_CHANNELS && pre->outputs >= WINOGRAD_CHANNELS &&
                        pre->channels * pre->outputs >= WINOGRAD_PRODUCT;
    return enough ? WINOGRAD : DIRECT;
}

static tenon_status prepare(tenon__prepare *c)
{
    static const char *const names[] = {"direct", "depthwise", "winograd"};
    prepared *pre = c->prepared;
    const tenon__view *w = c->in[1];
    if (!w->known || (w->rank != 3 && w->rank != 4))
        return tenon__fail(c->err, TENON_EINTERNAL, "its weights are no constant");
    pre->row = tenon__conv_find(c->cpu);
    pre->depthwise = tenon__dwconv_find(c->cpu);
    pre->winograd = tenon__winograd_find(c->cpu);
    pre->outputs = w->dims[0];
    pre->channels = w->dims[1];
    pre->taps = tenon__dims_product(w->dims, 2, w->rank);
    pre->path = choose(c, pre);
    pre->has_bias = TENON__HAS(c, 2);
    pre->has_factor = TENON__HAS(c, 4);
    if (pre->has_bias && !c->in[2]->known)
        return tenon__fail(c->err, TENON_EINTERNAL, "its bias is no constant");
    if (pre->has_factor && (!c->in[4]->known || tenon__view_count(c->in[4]) != pre->outputs))
        return tenon__fail(c->err, TENON_EINTERNAL, "its factor is no constant of %lld elements",
                           (long long)pre->outputs);
    c->kernel = names[pre->path];
    const int64_t blocks = ceil_div(pre->outputs, TENON__BLOCK);
    const int64_t depth =
        pre->channels * (pre->path == WINOGRAD ? TENON__WINOGRAD_POINTS : pre->taps);
    const uint64_t variant = (uint64_t)pre->row->blocks << 8 | (uint64_t)pre->path << 4;
    size_t bytes;
    if (!tenon__mul((size_t)(blocks * TENON__BLOCK) * sizeof(float), (size_t)depth, &bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "the weights are too large");
    c->packed[0].size_bytes = bytes;
    c->packed[0].tiles = tenon__tiles(blocks, (double)(TENON__BLOCK * depth) + 10, &pre->per_tile);
    c->packed[0].pack = pack;
    c->packed[0].input = 1;
    c->packed[0].variant = variant ^ (pre->has_factor ? (uintptr_t)c->in[4]->data : 0);
    c->packed[1].size_bytes = (size_t)(blocks * TENON__BLOCK) * sizeof(float);
    c->packed[1].tiles = 1;
    c->packed[1].pack = pack_bias;
    c->packed[1].input = pre->has_bias ? 2 : 1;
    c->packed[1].variant = 1;
    return TENON_OK;
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

/* Lines (or positions) and groups for tiles of about TILE_NS. Few weights are walked over by every
 * tile; many by as few as can be, neighbouring tiles sharing them. */
static void cut(const prepared *pre, params *p)
{
    const bool depthwise = pre->path == DEPTHWISE;
    const int64_t width = depthwise ? TENON__BLOCK : pre->row->blocks * TENON__BLOCK;
    const int64_t depth = pre->taps * pre->channels;
    const double ns = pre->row->needs ? MAC_NS : 0.5;
    p->groups = depthwise ? p->out_blocks : tenon__conv_groups(pre->row, p->out_blocks);
    p->batches = p->batch;
    const bool positions = p->h.count == 1 && !depthwise;
    const int64_t unit = positions ? pre->row->most[pre->row->blocks - 1] : 1;
    const double unit_ns =
        (double)((positions ? unit : p->w.count) * (depth + 8) * width) * ns * (depthwise ? 2 : 1);
    const double weights = (double)(p->out_blocks * TENON__BLOCK * depth) * sizeof(float);
    p->units = positions ? p->w.count : p->h.count;
    p->group_step = weights <= SMALL_WEIGHTS && !depthwise ? p->groups : 1;
    const int64_t all = ceil_div(p->units, unit);
    int64_t step = (int64_t)(TILE_NS / (unit_ns * (double)p->group_step)) + 1;
    if (step > all) step = all;
    p->unit_step = ceil_div(all, ceil_div(all, step)) * unit;
    if (p->unit_step >= p->units && p->group_step < p->groups) {
        p->unit_step = p->units;
        step = (int64_t)(TILE_NS / (unit_ns * (double)all)) + 1;
        if (step > p->groups) step = p->groups;
        if (step > p->group_step) p->group_step = ceil_div(p->groups, ceil_div(p->groups, step));
    }
}

static void cut_winograd(const prepared *pre, params *p, size_t *scratch)
{
    const int64_t least = WINOGRAD_OUTPUTS / (pre->row->blocks * TENON__BLOCK);
    const double group_ns = (double)TENON__WINOGRAD_POINTS * (double)pre->channels *
                            pre->row->blocks * TENON__BLOCK * (pre->row->needs ? MAC_NS : 0.5);
    p->batches = 1;
    p->units = p->batch * ceil_div(p->h.count, TENON__WINOGRAD_OUT) *
               ceil_div(p->w.count, TENON__WINOGRAD_OUT);
    p->unit_step = tenon__winograd_block(pre->channels, p->units);
    p->groups = tenon__conv_groups(pre->row, p->out_blocks);
    int64_t step = (int64_t)(TILE_NS / (group_ns * (double)p->unit_step)) + 1;
    if (step < least) step = least;
    if (step > p->groups) step = p->groups;
    p->group_step = ceil_div(p->groups, ceil_div(p->groups, step));
    *scratch = tenon__winograd_scratch(pre->row, pre->channels, p->unit_step);
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const prepared *pre = c->prepared;
    params *p = c->params;
    tenon__convolve_shape s;
    tenon_status st = tenon__convolve_fit(&a->conv, c->in[0], c->in[1], &s, c->err);
    if (st) return st;
    const tenon__window_axis one = {.in = 1, .out = 1, .kernel = 1, .stride = 1, .dilation = 1};
    p->w = axis_of(&s.window.axis[s.window.rank - 1]);
    p->h = axis_of(s.window.rank == 2 ? &s.window.axis[0] : &one);
    p->batch = s.batch;
    p->plain = c->in[0]->layout == TENON__PLAIN;
    p->in_blocks = p->plain ? c->in[0]->dims[1] : ceil_div(c->in[0]->dims[1], TENON__BLOCK);
    p->out_blocks = ceil_div(pre->outputs, TENON__BLOCK);
    if (!p->batch || !p->h.count || !p->w.count || !pre->outputs) {
        c->tiles = 0;
        return TENON_OK;
    }
    if (passes_through(&p->w) && passes_through(&p->h) && pre->path == DIRECT) { /* lines join */
        p->w.in = p->w.count = p->w.in * p->h.in;
        p->h.in = p->h.count = 1;
    }
    if (pre->path == WINOGRAD)
        cut_winograd(pre, p, &c->scratch_bytes);
    else
        cut(pre, p);
    p->unit_tiles = ceil_div(p->units, p->unit_step);
    const int64_t tiles = p->unit_tiles * ceil_div(p->groups, p->group_step);
    int64_t all;
    if (!tenon__mul_i64(tiles, p->batches, &all) || all > UINT32_MAX)
        return tenon__fail(c->err, TENON_ELIMIT, "the output is too large");
    c->tiles = (uint32_t)all;
    c->flops = 2.0 * (double)(p->batch * p->h.count * p->w.count) * (double)pre->outputs *
               (double)(pre->channels * pre->taps);
    return TENON_OK;
}

/* ---- run ---- */

/* Rows of taps under output line o that lie inside. */
static void tap_rows(const tenon__conv_axis *h, int64_t o, int64_t *at, int64_t *from, int64_t *to)
{
    *at = h->first + o * h->step;
    *from = *at < 0 ? (-*at + h->delta - 1) / h->delta : 0;
    *to = *at >= h->in ? 0 : (h->in - 1 - *at) / h->delta + 1;
    if (*to > h->taps) *to = h->taps;
    if (*from > *to) *from = *to;
}

/* Lines [from, to), or positions of the only line, of one group. */
static void run_direct(const tenon__run *r, int64_t n, int64_t group, int64_t from, int64_t to)
{
    const attrs *a = r->attrs;
    const prepared *pre = r->prepared;
    const params *p = r->params;
    const int64_t pixel = p->plain ? 1 : TENON__BLOCK, first = group * pre->row->blocks;
    const int64_t line = p->w.count * TENON__BLOCK, plane = p->h.in * p->w.in * pixel;
    const bool positions = p->h.count == 1;
    tenon__conv_line l = {
        .row = pre->row,
        .x = (const float *)r->in[0]->data + n * p->in_blocks * plane,
        .pixel = pixel,
        .pitch = p->w.in * pixel,
        .block = plane,
        .lanes = pixel,
        .channels = pre->channels,
        .tap_delta = p->h.delta,
        .axis = p->w,
        .from = positions ? from : 0,
        .to = positions ? to : p->w.count,
        .blocks = tenon__conv_group_blocks(pre->row, p->out_blocks, group),
        .w = (const float *)r->packed[0] + first * TENON__BLOCK * pre->channels * pre->taps,
        .bias = (const float *)r->packed[1] + first * TENON__BLOCK,
        .y_block = p->h.count * line,
        .epilogue = &a->tail,
    };
    for (int64_t o = positions ? 0 : from; o < (positions ? 1 : to); o++) {
        const int64_t at = ((n * p->out_blocks + first) * p->h.count + o) * line;
        tap_rows(&p->h, o, &l.at, &l.tap_from, &l.tap_to);
        l.y = (float *)r->out[0]->data + at;
        l.residual = TENON__HAS(r, 3) ? (const float *)r->in[3]->data + at : NULL;
        tenon__conv_line_run(&l);
    }
}

static void run_depthwise(const tenon__run *r, int64_t n, int64_t block, int64_t from, int64_t to)
{
    const attrs *a = r->attrs;
    const prepared *pre = r->prepared;
    const params *p = r->params;
    const int64_t line = p->w.count * TENON__BLOCK, pitch = p->w.in * TENON__BLOCK;
    tenon__dwconv_line l = {
        .x = (const float *)r->in[0]->data + (n * p->in_blocks + block) * p->h.in * pitch,
        .pitch = pitch,
        .tap_delta = p->h.delta,
        .axis = p->w,
        .w = (const float *)r->packed[0] + block * TENON__BLOCK * pre->taps,
        .bias = (const float *)r->packed[1] + block * TENON__BLOCK,
        .epilogue = &a->tail,
    };
    for (int64_t o = from; o < to; o++) {
        const int64_t at = ((n * p->out_blocks + block) * p->h.count + o) * line;
        tap_rows(&p->h, o, &l.at, &l.tap_from, &l.tap_to);
        l.y = (float *)r->out[0]->data + at;
        l.residual = TENON__HAS(r, 3) ? (const float *)r->in[3]->data + at : NULL;
        pre->depthwise->line(&l);
    }
}

static void run_winograd(const tenon__run *r, int64_t from, int64_t to, int64_t group_from,
                         int64_t group_to)
{
    const attrs *a = r->attrs;
    const prepared *pre = r->prepared;
    const params *p = r->params;
    const tenon__winograd w = {
        .row = pre->winograd,
        .conv = pre->row,
        .channels = pre->channels,
        .out_blocks = p->out_blocks,
        .h = p->h,
        .w = p->w,
        .patches_h = ceil_div(p->h.count, TENON__WINOGRAD_OUT),
        .patches_w = ceil_div(p->w.count, TENON__WINOGRAD_OUT),
        .x = r->in[0]->data,
        .u = r->packed[0],
        .bias = r->packed[1],
        .y = r->out[0]->data,
        .residual = TENON__HAS(r, 3) ? r->in[3]->data : NULL,
        .epilogue = &a->tail,
    };
    tenon__winograd_run(&w, from, to, group_from, group_to, r->scratch);
}

static tenon_status run(const tenon__run *r)
{
    const prepared *pre = r->prepared;
    const params *p = r->params;
    /* Groups are outermost: neighbouring tiles share weights. */
    const int64_t unit = r->tile % p->unit_tiles, rest = r->tile / p->unit_tiles;
    const int64_t from = unit * p->unit_step, n = rest % p->batches;
    const int64_t group = rest / p->batches * p->group_step;
    const int64_t to = from + p->unit_step < p->units ? from + p->unit_step : p->units;
    const int64_t end = group + p->group_step < p->groups ? group + p->group_step : p->groups;
    if (pre->path == WINOGRAD) {
        run_winograd(r, from, to, group, end);
        return TENON_OK;
    }
    for (int64_t g = group; g < end; g++) {
        if (pre->path == DEPTHWISE)
            run_depthwise(r, n, g, from, to);
        else
            run_direct(r, n, g, from, to);
    }
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const attrs *a = r->attrs;
    return convolve_ref(r, &a->conv, &a->tail);
}
#endif

static const tenon__import imports[] = {{0}};

const tenon__op tenon__op_blocked_conv = {.name = "BlockedConv",
                                          .doc = "Convolution over channels in blocks of 16",
                                          .min_inputs = 2,
                                          .max_inputs = 5,
                                          .min_outputs = 1,
                                          .max_outputs = 1,
                                          .accuracy = TENON__SUMS,
                                          .imports = imports,
                                          .attrs_bytes = sizeof(attrs),
                                          .prepared_bytes = sizeof(prepared),
                                          .params_bytes = sizeof(params),
                                          .read = read,
                                          .infer = infer,
                                          .prepare = prepare,
                                          .bind = bind,
                                          .run = run,
                                          TENON__REF(ref)};
