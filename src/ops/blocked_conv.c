/* SPDX-License-Identifier: Apache-2.0 */
/* BlockedConv: Conv over two spatial axes with channels in blocks of 16; pass `layout` puts it in
 * Conv's place.
 *
 * X [N, C, H, W] blocked, or plain with at most 4 channels; W [M, C / group, KH, KW] constant; B
 * [M] (optional); Z of Y's shape, blocked (optional), added before the activation; input 4, a
 * constant factor [M] of W (optional). Y blocked. f32. group is 1, or depthwise (C / group = M /
 * group = 1). Attributes as Conv's. Two phases: a padded copy of the input where taps reach outside
 * it (or it is plain), then the sums. */
#include "kernels/blocked/blocked.h"
#include "opkit/convolve.h"
#include "opkit/index.h"

#define TILE_NS       60e3
#define FLOP_NS       (1.0 / 100.0)
#define SMALL_WEIGHTS (384u << 10) /* bytes of all weights that every tile may walk over */

typedef struct attrs {
    tenon__convolve_attrs conv;
    tenon__epilogue tail;
} attrs;

typedef struct prepared {
    const tenon__blocked_row *row;
    int64_t outputs, channels, taps; /* of W; channels of one group */
    bool depthwise, has_factor;
    int64_t per_tile; /* groups of blocks in a tile of packing */
} prepared;

typedef struct params {
    tenon__window_axis h, w;
    int64_t batch, channels, out_blocks;
    bool plain, copy;   /* the input is plain; it is copied with padding */
    int64_t rows, cols; /* of the (padded) input planes that are read */
    int64_t in_blocks;  /* planes of one batch: blocks, or channels where plain */
    int64_t copy_per_tile;
    uint32_t copy_tiles, tiles;
    int64_t groups, group_step, row_step,
        row_groups; /* strips of `row->blocks` blocks; how tiles cut them and the rows */
    int64_t chunk;  /* positions of a strip at most */
} params;

#define MAX_TAPS 1024

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
    for (int i = 0; i < 4 && c->in[3]->rank == 4; i++)
        if (!tenon__dim_agrees(c->in[3]->dims[i], c->out[0]->dims[i]))
            return tenon__fail(c->err, TENON_ESHAPE,
                               "what is added (input 3) has not the output's shape");
    return TENON_OK;
}

/* ---- weights
 * ----------------------------------------------------------------------------------------------------
 */

/* Sixteen output channels from `m` on into lane 0 of dst[tap][channel][width], in pieces that stay
 * in the cache. */
static void pack_block(const tenon__pack *p, const prepared *pre, int64_t m, int64_t width,
                       float *dst)
{
    enum { PIECE = 64 };
    const int64_t depth = pre->channels * pre->taps;
    const uint8_t *w = p->in[1]->data, *factor = pre->has_factor ? p->in[4]->data : NULL;
    for (int64_t from = 0; from < depth; from += PIECE) {
        const int64_t to = from + PIECE < depth ? from + PIECE : depth;
        for (int64_t lane = 0; lane < TENON__BLOCK; lane++) {
            const bool there = m + lane < pre->outputs;
            const uint8_t *src = w + ((there ? m + lane : m) * depth + from) * 4;
            float f = there ? 1.0f : 0.0f, x;
            if (there && factor) memcpy(&f, factor + (m + lane) * 4, 4);
            int64_t c = from / pre->taps, t = from % pre->taps;
            for (int64_t j = from; j < to; j++, src += 4) {
                memcpy(&x, src, 4);
                dst[(t * pre->channels + c) * width + lane] = there ? x * f : 0.0f;
                if (++t == pre->taps) t = 0, c++;
            }
        }
    }
}

/* Group g: [taps][channels][width], the last group as wide as it has blocks. Depthwise:
 * [block][taps][16]. */
static tenon_status pack(const tenon__pack *p)
{
    const prepared *pre = p->prepared;
    const int64_t each = pre->depthwise ? 1 : pre->row->blocks,
                  blocks = ceil_div(pre->outputs, TENON__BLOCK);
    const int64_t depth = pre->taps * pre->channels, groups = ceil_div(blocks, each);
    int64_t end = (p->tile + 1) * pre->per_tile;
    if (end > groups) end = groups;
    for (int64_t g = p->tile * pre->per_tile; g < end; g++) {
        const int64_t some = (g + 1) * each <= blocks ? each : blocks - g * each;
        float *dst = (float *)p->dst + g * each * TENON__BLOCK * depth;
        for (int64_t b = 0; b < some; b++)
            pack_block(p, pre, (g * each + b) * TENON__BLOCK, some * TENON__BLOCK,
                       dst + b * TENON__BLOCK);
    }
    return TENON_OK;
}

/* The bias in whole blocks. */
static tenon_status pack_bias(const tenon__pack *p)
{
    const prepared *pre = p->prepared;
    float *dst = p->dst;
    int64_t padded = ceil_div(pre->outputs, TENON__BLOCK) * TENON__BLOCK;
    for (int64_t m = 0; m < padded; m++) {
        dst[m] = 0;
        if (m < pre->outputs) memcpy(&dst[m], (const uint8_t *)p->in[2]->data + m * 4, 4);
    }
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    const attrs *a = c->attrs;
    prepared *pre = c->prepared;
    const tenon__view *w = c->in[1];
    pre->row = tenon__blocked_find(c->cpu);
    c->kernel = pre->row->name;
    if (!w->known || w->rank != 4)
        return tenon__fail(c->err, TENON_EINTERNAL, "its weights are no constant");
    pre->outputs = w->dims[0];
    pre->channels = w->dims[1];
    pre->taps = w->dims[2] * w->dims[3];
    pre->depthwise = a->conv.group > 1;
    pre->has_factor = c->in_count > 4 && c->in[4];
    if (pre->has_factor && (!c->in[4]->known || tenon__view_count(c->in[4]) != pre->outputs))
        return tenon__fail(c->err, TENON_EINTERNAL, "its factor is no constant of %lld elements",
                           (long long)pre->outputs);
    int64_t blocks = ceil_div(pre->outputs, TENON__BLOCK),
            each = pre->depthwise ? 1 : pre->row->blocks;
    int64_t depth = pre->taps * pre->channels;
    c->packed[0].size_bytes = (size_t)(blocks * TENON__BLOCK * depth) * sizeof(float);
    c->packed[0].tiles =
        tenon__tiles(ceil_div(blocks, each), (double)(each * TENON__BLOCK * depth), &pre->per_tile);
    c->packed[0].pack = pack;
    c->packed[0].input = 1;
    c->packed[0].variant = (((uint64_t)each << 1) | pre->depthwise) ^
                           (pre->has_factor ? (uintptr_t)c->in[4]->data : 0);
    if (c->in_count > 2 && c->in[2]) {
        if (!c->in[2]->known)
            return tenon__fail(c->err, TENON_EINTERNAL, "its bias is no constant");
        c->packed[1].size_bytes = (size_t)(blocks * TENON__BLOCK) * sizeof(float);
        c->packed[1].tiles = 1;
        c->packed[1].pack = pack_bias;
        c->packed[1].input = 2;
    }
    return TENON_OK;
}

/* ---- shapes
 * -----------------------------------------------------------------------------------------------------
 */

/* Positions of a strip: as even as can be, at most `most`. */
static int64_t chunk_of(int64_t width, int64_t most)
{
    return width ? ceil_div(width, ceil_div(width, most)) : 1;
}

static void cut_sums(const prepared *pre, params *p)
{
    const double row_ns = 2.0 * (double)(p->w.out * pre->taps * pre->channels) * FLOP_NS *
                          (pre->depthwise ? 2 : pre->row->blocks) * TENON__BLOCK;
    p->groups = pre->depthwise ? p->out_blocks : ceil_div(p->out_blocks, pre->row->blocks);
    const double weights =
        (double)p->out_blocks * TENON__BLOCK * (double)(pre->taps * pre->channels) * 4;
    p->group_step = weights <= SMALL_WEIGHTS && !pre->depthwise ? p->groups : 1;
    p->row_step = 1;
    while (p->row_step < p->h.out && row_ns * (double)(p->row_step * p->group_step) < TILE_NS)
        p->row_step++;
    while (p->row_step == p->h.out && p->group_step < p->groups &&
           row_ns * (double)(p->row_step * p->group_step) < TILE_NS)
        p->group_step++;
    p->row_groups = ceil_div(p->h.out, p->row_step);
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const prepared *pre = c->prepared;
    params *p = c->params;
    tenon__convolve_shape s;
    tenon_status st = tenon__convolve_fit(&a->conv, c->in[0], c->in[1], &s, c->err);
    if (st) return st;
    if (pre->taps > MAX_TAPS)
        return tenon__fail(c->err, TENON_EUNSUPPORTED, "a kernel of more than %d taps", MAX_TAPS);
    p->h = s.window.axis[0];
    p->w = s.window.axis[1];
    p->batch = s.batch;
    p->channels = c->in[0]->dims[1];
    p->out_blocks = ceil_div(pre->outputs, TENON__BLOCK);
    p->plain = c->in[0]->layout == TENON__PLAIN;
    p->in_blocks = p->plain ? p->channels : ceil_div(p->channels, TENON__BLOCK);
    p->rows = (p->h.out - 1) * p->h.stride + (p->h.kernel - 1) * p->h.dilation + 1;
    p->cols = (p->w.out - 1) * p->w.stride + (p->w.kernel - 1) * p->w.dilation + 1;
    bool inside = !p->h.before && !p->w.before && p->rows <= p->h.in && p->cols <= p->w.in;
    p->copy = !inside;
    if (inside) {
        p->rows = p->h.in;
        p->cols = p->w.in;
    }
    p->copy_tiles = 0;
    if (!p->batch || p->h.out <= 0 || p->w.out <= 0 || !pre->outputs) {
        c->tiles = 0;
        return TENON_OK;
    }
    const int64_t step = p->plain ? 1 : TENON__BLOCK;
    if (p->copy) {
        int64_t planes = p->batch * p->in_blocks, floats;
        if (!tenon__mul_i64(planes, p->rows * p->cols * step, &floats) || floats > INT64_MAX / 8)
            return tenon__fail(c->err, TENON_ELIMIT, "the padded input is too large");
        c->work_bytes = (size_t)floats * sizeof(float);
        p->copy_tiles =
            tenon__tiles(planes, (double)(p->rows * p->cols * step) * 0.1, &p->copy_per_tile);
        c->phases = 2;
    }
    p->chunk = chunk_of(p->w.out, pre->row->pixels);
    cut_sums(pre, p);
    p->tiles = (uint32_t)(ceil_div(p->groups, p->group_step) * p->batch * p->row_groups);
    c->tiles = p->tiles;
    c->flops = 2.0 * (double)(p->batch * p->h.out * p->w.out) * (double)pre->outputs *
               (double)(pre->channels * pre->taps);
    return TENON_OK;
}

static uint32_t tiles(const void *params_, uint32_t phase)
{
    const params *p = params_;
    return phase == 0 && p->copy_tiles ? p->copy_tiles : p->tiles;
}

/* ---- the padded copy
 * -------------------------------------------------------------------------------------------- */

static void zero(float *dst, int64_t n)
{
    if (n > 0) memset(dst, 0, (size_t)n * sizeof *dst);
}

static void copy_plane(const params *p, const float *src, float *dst, int64_t step)
{
    int64_t left = p->w.before < p->cols ? p->w.before : p->cols;
    int64_t some = p->cols - left < p->w.in ? p->cols - left : p->w.in;
    for (int64_t y = 0; y < p->rows; y++, dst += p->cols * step) {
        int64_t from = y - p->h.before;
        if (from < 0 || from >= p->h.in) {
            zero(dst, p->cols * step);
            continue;
        }
        zero(dst, left * step);
        memcpy(dst + left * step, src + from * p->w.in * step, (size_t)(some * step) * sizeof *dst);
        zero(dst + (left + some) * step, (p->cols - left - some) * step);
    }
}

static void run_copy(const tenon__run *r, const params *p)
{
    const int64_t step = p->plain ? 1 : TENON__BLOCK, planes = p->batch * p->in_blocks;
    int64_t end = (r->tile + 1) * p->copy_per_tile;
    if (end > planes) end = planes;
    for (int64_t i = r->tile * p->copy_per_tile; i < end; i++)
        copy_plane(p, (const float *)r->in[0]->data + i * p->h.in * p->w.in * step,
                   (float *)r->work + i * p->rows * p->cols * step, step);
}

/* ---- the sums
 * ---------------------------------------------------------------------------------------------------
 */

static void fill_taps(const params *p, int64_t step, int64_t *taps)
{
    for (int64_t y = 0; y < p->h.kernel; y++)
        for (int64_t x = 0; x < p->w.kernel; x++)
            *taps++ = (y * p->h.dilation * p->cols + x * p->w.dilation) * step;
}

static void run_row(const tenon__run *r, const params *p, const int64_t *taps, int64_t n,
                    int64_t group, int64_t y)
{
    const attrs *a = r->attrs;
    const prepared *pre = r->prepared;
    const int64_t step = p->plain ? 1 : TENON__BLOCK, plane = p->rows * p->cols * step;
    const int64_t first = group * pre->row->blocks, depth = pre->taps * pre->channels,
                  out_plane = p->h.out * p->w.out * TENON__BLOCK;
    const int64_t blocks =
        p->out_blocks - first < pre->row->blocks ? p->out_blocks - first : pre->row->blocks;
    const float *x = p->copy ? r->work : r->in[0]->data;
    const int64_t at = ((n * p->out_blocks + first) * p->h.out + y) * p->w.out * TENON__BLOCK;
    tenon__blocked_strip s = {
        .x = x + n * p->in_blocks * plane + y * p->h.stride * p->cols * step,
        .pixel_step = p->w.stride * step,
        .block_step = plane,
        .channels = pre->channels,
        .per_block = p->plain ? 1 : TENON__BLOCK,
        .taps = taps,
        .tap_count = pre->taps,
        .w = (const float *)r->packed[0] + first * TENON__BLOCK * depth,
        .y = (float *)r->out[0]->data + at,
        .y_block = out_plane,
        .bias = r->packed[1] ? (const float *)r->packed[1] + first * TENON__BLOCK : NULL,
        .residual = TENON__HAS(r, 3) ? (const float *)r->in[3]->data + at : NULL,
        .epilogue = &a->tail,
    };
    for (int64_t o = 0; o < p->w.out;) {
        int64_t some = p->w.out - o < p->chunk ? p->w.out - o : p->chunk;
        pre->row->strip[blocks - 1][some - 1](&s);
        s.x += some * s.pixel_step;
        s.y += some * TENON__BLOCK;
        if (s.residual) s.residual += some * TENON__BLOCK;
        o += some;
    }
}

static void run_depthwise(const tenon__run *r, const params *p, const int64_t *taps, int64_t n,
                          int64_t block, int64_t y)
{
    const attrs *a = r->attrs;
    const prepared *pre = r->prepared;
    const int64_t plane = p->rows * p->cols * TENON__BLOCK;
    const float *x = p->copy ? r->work : r->in[0]->data;
    const int64_t at = ((n * p->out_blocks + block) * p->h.out + y) * p->w.out * TENON__BLOCK;
    tenon__depthwise_strip s = {
        .x = x + (n * p->in_blocks + block) * plane + y * p->h.stride * p->cols * TENON__BLOCK,
        .pixel_step = p->w.stride * TENON__BLOCK,
        .count = p->w.out,
        .taps = taps,
        .tap_count = pre->taps,
        .w = (const float *)r->packed[0] + block * TENON__BLOCK * pre->taps,
        .y = (float *)r->out[0]->data + at,
        .bias = r->packed[1] ? (const float *)r->packed[1] + block * TENON__BLOCK : NULL,
        .residual = TENON__HAS(r, 3) ? (const float *)r->in[3]->data + at : NULL,
        .epilogue = &a->tail,
    };
    pre->row->depthwise(&s);
}

static tenon_status run(const tenon__run *r)
{
    const prepared *pre = r->prepared;
    const params *p = r->params;
    int64_t taps[MAX_TAPS];
    if (p->copy_tiles && r->phase == 0) {
        run_copy(r, p);
        return TENON_OK;
    }
    fill_taps(p, p->plain ? 1 : TENON__BLOCK, taps);
    /* Groups are outermost: neighbouring tiles share weights. */
    const int64_t rows = r->tile % p->row_groups * p->row_step,
                  n = r->tile / p->row_groups % p->batch;
    const int64_t from = r->tile / p->row_groups / p->batch * p->group_step;
    const int64_t to = from + p->group_step < p->groups ? from + p->group_step : p->groups;
    const int64_t end = rows + p->row_step < p->h.out ? rows + p->row_step : p->h.out;
    for (int64_t g = from; g < to; g++)
        for (int64_t y = rows; y < end; y++)
            (pre->depthwise ? run_depthwise : run_row)(r, p, taps, n, g, y);
    return TENON_OK;
}

static const tenon__import imports[] = {{0}};

const tenon__op tenon__op_blocked_conv = {
    .name = "BlockedConv",
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
    .tiles = tiles,
    .run = run,
};
