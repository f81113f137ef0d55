/* SPDX-License-Identifier: Apache-2.0 */
/* What the convolutions share. */
#include "opkit/convolve.h"

tenon_status tenon__convolve_read(const tenon__node *node, tenon__convolve_attrs *a,
                                  tenon_error *err)
{
    tenon_status st = tenon__window_read(node, &a->window, err);
    if (st) return st;
    if ((st = tenon__attr_check(node, "group", TENON__ATTR_INT, err))) return st;
    a->group = tenon__attr_int(node, "group", 1);
    if (a->group < 1 || a->group > INT32_MAX)
        return tenon__fail(err, TENON_EFORMAT, "group is %lld; want 1 to %d", (long long)a->group,
                           INT32_MAX);
    return TENON_OK;
}

tenon_status tenon__convolve_fit(const tenon__convolve_attrs *a, const tenon__view *x,
                                 const tenon__view *w, tenon__convolve_shape *s, tenon_error *err)
{
    if (x->rank < 3 || w->rank != x->rank)
        return tenon__fail(
            err, TENON_ESHAPE,
            "the input has rank %d, the weights %d; want the same, 3 or more: [N, C, "
            "D1, ...] and [M, C / group, k1, ...]",
            x->rank, w->rank);
    int64_t c = x->dims[1], m = w->dims[0], per = w->dims[1];
    *s = (tenon__convolve_shape){
        .batch = x->dims[0], .group = a->group, .channels = per, .outputs = m};
    if (per >= 0 && c >= 0 && (c % a->group || c / a->group != per))
        return tenon__fail(
            err, TENON_ESHAPE,
            "the input has %lld channels, the weights take %lld in each of %lld groups",
            (long long)c, (long long)per, (long long)a->group);
    if (m >= 0 && m % a->group)
        return tenon__fail(err, TENON_ESHAPE, "%lld output channels do not divide into %lld groups",
                           (long long)m, (long long)a->group);
    if (m >= 0) s->outputs = m / a->group;
    if (per < 0 && c >= 0) s->channels = c / a->group;
    return tenon__window_fit(&a->window, x->rank - 2, x->dims + 2, w->dims + 2, &s->window, err);
}

tenon_status tenon__convolve_infer(tenon__infer *c, const tenon__convolve_attrs *a, uint32_t xi,
                                   uint32_t wi, uint32_t bias, tenon_dtype dtype,
                                   tenon__convolve_shape *s, bool *known)
{
    const tenon__view *x = c->in[xi], *w = c->in[wi];
    tenon__view *y = c->out[0];
    *known = x->rank != TENON__RANK_UNKNOWN && w->rank != TENON__RANK_UNKNOWN;
    if (!*known) {
        y->dtype = dtype;
        return TENON_OK;
    }
    tenon_status st = tenon__convolve_fit(a, x, w, s, c->err);
    if (st) return st;
    int64_t dims[TENON_MAX_RANK], m = w->dims[0];
    dims[0] = x->dims[0];
    dims[1] = m;
    for (int i = 0; i < s->window.rank; i++)
        dims[2 + i] = s->window.axis[i].out;
    tenon__infer_set(c, 0, dtype, x->rank, dims);
    if (bias >= c->in_count || !c->in[bias]) return TENON_OK;
    const tenon__view *b = c->in[bias];
    if (b->rank != TENON__RANK_UNKNOWN && (b->rank != 1 || !tenon__dim_agrees(b->dims[0], m))) {
        char text[160];
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the bias is %s; want one number for each of %lld output channels",
                           tenon__view_print(b, text, sizeof text), (long long)m);
    }
    return TENON_OK;
}

void tenon__convolve_grid(const tenon__convolve_shape *s, tenon__conv_grid *grid)
{
    grid->rank = s->window.rank;
    for (int i = 0; i < grid->rank; i++) {
        const tenon__window_axis *x = &s->window.axis[i];
        grid->axis[i] = (tenon__conv_axis){.in = x->in,
                                           .count = x->out,
                                           .taps = x->kernel,
                                           .step = x->stride,
                                           .first = -x->before,
                                           .delta = x->dilation};
    }
    tenon__conv_grid_finish(grid);
}

tenon_status tenon__convolve_activation(const tenon__node *node, tenon__epilogue *e,
                                        tenon_error *err)
{
    static const struct {
        const char *name;
        tenon__activation kind;
        float alpha, beta;
    } known[] = {
        {"", TENON__ACT_NONE, 0, 0},
        {"Relu", TENON__ACT_CLIP, 0, INFINITY},
        {"Clip", TENON__ACT_CLIP, -INFINITY, INFINITY},
        {"LeakyRelu", TENON__ACT_LEAKY, 0.01f, 0},
        {"Sigmoid", TENON__ACT_SIGMOID, 0, 0},
        {"Tanh", TENON__ACT_TANH, 0, 0},
        {"HardSwish", TENON__ACT_HARDSWISH, 1.0f / 6, 0.5f},
        {"Silu", TENON__ACT_SILU, 0, 0},
        {"Gelu", TENON__ACT_GELU, 0, 0},
        {"GeluTanh", TENON__ACT_GELU_TANH, 0, 0},
    };
    tenon__str name = tenon__attr_str(node, "activation", "");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!tenon__str_is(name, known[i].name)) continue;
        *e = (tenon__epilogue){
            .kind = known[i].kind, .alpha = known[i].alpha, .beta = known[i].beta};
        if (i == 1) return TENON_OK; /* Relu has no parameters */
        e->alpha = tenon__attr_float(node, "activation_alpha", e->alpha);
        e->beta = tenon__attr_float(node, "activation_beta", e->beta);
        return TENON_OK;
    }
    return tenon__fail(err, TENON_EUNSUPPORTED, "activation '%.*s' cannot be fused",
                       TENON__STR_ARG(name));
}

static tenon__conv_weights weights_of(const tenon__convolve_shape *s, const void *data,
                                      int64_t group)
{
    tenon__conv_weights w = {.data = data, .rank = s->window.rank, .channel = 1};
    for (int i = w.rank - 1; i >= 0; i--) {
        w.count[i] = s->window.axis[i].kernel;
        w.tap[i] = w.channel;
        w.channel *= w.count[i];
    }
    w.output = w.channel * s->channels;
    w.first = group * s->outputs * w.output;
    return w;
}

static int64_t panels_of(const tenon__convolve_shape *s, int rows)
{
    return (s->outputs + rows - 1) / rows;
}

int64_t tenon__convolve_k(const tenon__convolve_shape *s)
{
    int64_t k = s->channels;
    for (int i = 0; i < s->window.rank; i++)
        k *= s->window.axis[i].kernel;
    return k;
}

void tenon__convolve_pack(const tenon__conv_row *row, const tenon__convolve_shape *s,
                          const void *data, const void *factor, int64_t per_tile, uint32_t tile,
                          float *dst)
{
    int64_t each = panels_of(s, row->rows), first = tile * per_tile, end = first + per_tile;
    if (end > each * s->group) end = each * s->group;
    for (int64_t p = first; p < end; p++) {
        int64_t g = p / each, from = p % each * row->rows;
        int64_t to = from + row->rows < s->outputs ? from + row->rows : s->outputs;
        tenon__conv_weights w = weights_of(s, data, g);
        float *group = dst + g * s->outputs * tenon__convolve_k(s);
        tenon__conv_pack(row, &w, s->channels, from, to, group);
        if (!factor) continue;
        /* A panel lies behind those before it, [k][to - from]. */
        float *panel = group + from * tenon__convolve_k(s);
        for (int64_t i = 0; i < tenon__convolve_k(s) * (to - from); i++) {
            float f;
            memcpy(&f, (const uint8_t *)factor + (g * s->outputs + from + i % (to - from)) * 4, 4);
            panel[i] *= f;
        }
    }
}

uint32_t tenon__convolve_pack_tiles(const tenon__conv_row *row, const tenon__convolve_shape *s,
                                    int64_t *per_tile)
{
    return tenon__tiles(panels_of(s, row->rows) * s->group,
                        (double)tenon__convolve_k(s) * row->rows, per_tile);
}

#define TILE_NS      20e3
#define TILE_MAX_NS  120e3
#define TILES_ENOUGH 32
/* Panels of outputs beside which gathering for them counts little. */
#define GATHER_PANELS 12

static int64_t blocks_of(int64_t count, int64_t block)
{
    return count / block + (count % block != 0);
}

tenon_status tenon__convolve_cut_set(tenon__convolve_cut *cut, int64_t planes, int64_t positions,
                                     int64_t outputs, int64_t k, int rows, int cols, double ns,
                                     tenon_error *err)
{
    *cut = (tenon__convolve_cut){.positions = cols, .outputs = rows, .per_tile = 1};
    if (planes == 0 || positions == 0 || outputs == 0) return TENON_OK;
    /* Many positions share the weights, many outputs the gathered input: neither shrinks to one
     * panel before both are small. Gathering costs more; where there are tiles enough, they are
     * longer instead. */
    int64_t p = 4, o = blocks_of(outputs, rows);
    const double unit = (double)rows * cols * ((double)k + 4) * ns;
    while (p > blocks_of(positions, cols))
        p--;
    while ((double)p * (double)o * unit > TILE_NS && (p > 1 || o > 4)) {
        const double tiles = (double)planes * (double)blocks_of(positions, p * cols) *
                             (double)blocks_of(blocks_of(outputs, rows), o);
        if (p == 1 && o <= GATHER_PANELS && (double)o * unit <= TILE_MAX_NS &&
            tiles >= TILES_ENOUGH)
            break;
        if (o > GATHER_PANELS || p == 1)
            o = blocks_of(o, 2);
        else
            p = blocks_of(p, 2);
    }
    while ((double)p * (double)o * unit * 2 < TILE_NS && p < blocks_of(positions, cols) && p < 64)
        p *= 2;
    cut->positions = p * cols;
    cut->outputs = o * rows;
    cut->position_blocks = blocks_of(positions, cut->positions);
    cut->output_blocks = blocks_of(outputs, cut->outputs);
    int64_t tiles;
    if (!tenon__mul_i64(cut->position_blocks, cut->output_blocks, &tiles) ||
        !tenon__mul_i64(tiles, planes, &tiles) || tiles > UINT32_MAX)
        return tenon__fail(err, TENON_ELIMIT,
                           "a convolution of %lld planes of %lld positions is too large",
                           (long long)planes, (long long)positions);
    cut->tiles = (uint32_t)tiles;
    cut->blocks = tiles;
    return TENON_OK;
}

void tenon__convolve_cut_join(tenon__convolve_cut *cut, double ns)
{
    if (ns * 2 < TILE_NS) cut->tiles = tenon__tiles(cut->blocks, ns, &cut->per_tile);
}

void tenon__convolve_cut_blocks(const tenon__convolve_cut *cut, uint32_t tile, int64_t *from,
                                int64_t *to)
{
    *from = tile * cut->per_tile;
    *to = cut->blocks - *from < cut->per_tile ? cut->blocks : *from + cut->per_tile;
}

tenon__convolve_tile tenon__convolve_cut_at(const tenon__convolve_cut *cut, int64_t positions,
                                            int64_t outputs, uint32_t tile)
{
    int64_t out = tile % cut->output_blocks, rest = tile / cut->output_blocks;
    tenon__convolve_tile t = {.plane = rest / cut->position_blocks,
                              .from = rest % cut->position_blocks * cut->positions,
                              .out_from = out * cut->outputs};
    t.to = t.from + cut->positions < positions ? t.from + cut->positions : positions;
    t.out_to = t.out_from + cut->outputs < outputs ? t.out_from + cut->outputs : outputs;
    return t;
}
