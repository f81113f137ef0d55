/* SPDX-License-Identifier: Apache-2.0 */
/* What ConvInteger and QLinearConv share. */
#include "opkit/qconvolve.h"

#include "opkit/index.h"

static bool is_byte(tenon_dtype d)
{
    return d == TENON_U8 || d == TENON_I8 || d == TENON_NONE;
}

tenon_status tenon__qconvolve_check_scale(const tenon__infer *c, uint32_t i, const char *what,
                                          int64_t outputs)
{
    if (!TENON__HAS(c, i)) return TENON_OK;
    const int64_t n = tenon__view_count(c->in[i]);
    if (c->in[i]->rank > 1 ||
        (n >= 0 && n != 1 && (outputs == 1 || !tenon__dim_agrees(n, outputs))))
        return tenon__fail(c->err, TENON_ESHAPE, "%s has %lld elements; want 1%s", what,
                           (long long)n, outputs == 1 ? "" : " or one for each output channel");
    return TENON_OK;
}

tenon_status tenon__qconvolve_infer(tenon__infer *c, const tenon__convolve_attrs *a,
                                    const tenon__qconvolve_inputs *in, uint32_t bias,
                                    tenon_dtype out)
{
    const tenon__view *x = c->in[in->x], *w = c->in[in->w];
    tenon__convolve_shape s;
    bool known;
    tenon_status st;
    if (!is_byte(x->dtype) || !is_byte(w->dtype))
        return tenon__fail(c->err, TENON_ETYPE,
                           "the input is %s, the weights %s; want int8 or uint8",
                           tenon_dtype_text(x->dtype), tenon_dtype_text(w->dtype));
    if (TENON__HAS(c, in->x_zero) && (st = tenon__check_same(c, in->x, in->x_zero))) return st;
    if (TENON__HAS(c, in->w_zero) && (st = tenon__check_same(c, in->w, in->w_zero))) return st;
    if ((st = tenon__convolve_infer(c, a, in->x, in->w, bias, out, &s, &known)) || !known)
        return st;
    if ((st = tenon__qconvolve_check_scale(c, in->x_zero, "the input's zero point", 1))) return st;
    return tenon__qconvolve_check_scale(c, in->w_zero, "the weights' zero point", w->dims[0]);
}

/* ---- weights ---- */

static int64_t k_of(const tenon__convolve_shape *s)
{
    int64_t k = s->channels;
    for (int i = 0; i < s->window.rank; i++)
        k *= s->window.axis[i].kernel;
    return k;
}

static uint32_t pack_tiles(const tenon__qgemm_row *row, const tenon__convolve_shape *s,
                           int64_t *per_tile)
{
    return tenon__tiles(tenon__qgemm_panels(row, s->outputs) * s->group,
                        (double)k_of(s) * row->nr * 0.5, per_tile);
}

/* Panels are counted over all groups. */
static void pack_panels(const tenon__qgemm_row *row, const tenon__convolve_shape *s,
                        const tenon__view *w, size_t panel_bytes, int64_t per_tile, uint32_t tile,
                        void *dst)
{
    const int64_t each = tenon__qgemm_panels(row, s->outputs), k = k_of(s);
    int64_t end = (tile + (int64_t)1) * per_tile;
    if (end > each * s->group) end = each * s->group;
    for (int64_t p = tile * per_tile, n; p < end; p += n) {
        const int64_t g = p / each, first = p % each;
        n = each - first < end - p ? each - first : end - p;
        const tenon__qgemm_pack pack = {
            .b = (const uint8_t *)w->data + g * s->outputs * k,
            .is_signed = w->dtype == TENON_I8,
            .row = 1,
            .col = k,
            .k = k,
            .n = s->outputs,
            .first = first,
            .count = n,
            .dst = (uint8_t *)dst + (size_t)(g * each) * panel_bytes,
        };
        row->pack(&pack);
    }
}

/* The shape as W alone says it. */
static tenon_status fit_weights(const tenon__convolve_attrs *a, const tenon__view *w,
                                tenon__convolve_shape *s, tenon_error *err)
{
    tenon__view x = {.rank = w->rank};
    for (int i = 0; i < w->rank; i++)
        x.dims[i] = TENON__DIM_UNKNOWN;
    return tenon__convolve_fit(a, &x, w, s, err);
}

static tenon_status pack(const tenon__pack *p)
{
    /* Both operators begin their attributes with those of the convolution. */
    const tenon__convolve_attrs *a = p->attrs;
    const tenon__qconvolve_prepared *pre = p->prepared;
    uint32_t wi = 0;
    while (wi < 4 && (!p->in[wi] || p->in[wi]->rank < 3 || !p->in[wi]->known))
        wi++;
    const tenon__view *w = p->in[wi];
    tenon__convolve_shape s;
    size_t panel_bytes;
    tenon_status st = fit_weights(a, w, &s, p->err);
    if (st) return st;
    if (!tenon__qgemm_panel_bytes(pre->gemm, k_of(&s), &panel_bytes))
        return tenon__fail(p->err, TENON_ELIMIT, "the weights are too large");
    pack_panels(pre->gemm, &s, w, panel_bytes, pre->pack_panels, p->tile, p->dst);
    return TENON_OK;
}

static tenon_status packed_bytes(const tenon__qgemm_row *row, const tenon__convolve_shape *s,
                                 size_t *panel, size_t *all, tenon_error *err)
{
    if (!tenon__qgemm_panel_bytes(row, k_of(s), panel) ||
        !tenon__mul(*panel, (size_t)(tenon__qgemm_panels(row, s->outputs) * s->group), all))
        return tenon__fail(err, TENON_ELIMIT, "the weights are too large");
    return TENON_OK;
}

tenon_status tenon__qconvolve_prepare(tenon__prepare *c, const tenon__convolve_attrs *a,
                                      const tenon__qconvolve_inputs *in)
{
    tenon__qconvolve_prepared *pre = c->prepared;
    const tenon__view *w = c->in[in->w];
    tenon__convolve_shape s;
    size_t panel_bytes;
    pre->gemm = tenon__qgemm_choose(c->cpu);
    pre->transpose = tenon__transpose_find(c->cpu);
    c->kernel = pre->gemm->name;
    if (!w->known || !w->data) return TENON_OK;
    tenon_status st = fit_weights(a, w, &s, c->err);
    if (st) return st;
    if (s.channels == 1 && s.outputs == 1) return TENON_OK;
    if ((st = packed_bytes(pre->gemm, &s, &panel_bytes, &c->packed[0].size_bytes, c->err)))
        return st;
    pre->packed = true;
    c->packed[0].tiles = pack_tiles(pre->gemm, &s, &pre->pack_panels);
    c->packed[0].pack = pack;
    c->packed[0].input = in->w;
    c->packed[0].variant = (uint64_t)(uintptr_t)pre->gemm->nr << 48 |
                           (uint64_t)pre->gemm->k_unit << 40 |
                           (uint64_t)pre->gemm->element_bytes << 32 | (uint64_t)a->group;
    return TENON_OK;
}

/* ---- bind and run ---- */

#define PLANE_MAC_NS 0.2

tenon_status tenon__qconvolve_bind(tenon__bind *c, const tenon__convolve_attrs *a,
                                   const tenon__qconvolve_inputs *in)
{
    const tenon__qconvolve_prepared *pre = c->prepared;
    tenon__qconvolve_params *p = c->params;
    tenon_status st = tenon__convolve_fit(a, c->in[in->x], c->in[in->w], &p->shape, c->err);
    if (st) return st;
    const tenon__convolve_shape *s = &p->shape;
    const int64_t k = k_of(s), planes = s->batch * s->group;
    size_t gathered, all;
    tenon__convolve_grid(s, &p->grid);
    p->planes = s->channels == 1 && s->outputs == 1 && !pre->packed;
    /* Planes are cut between lines. */
    const int64_t line = p->grid.axis[p->grid.rank - 1].count;
    const int rows = p->planes ? 1 : pre->gemm->nr;
    const int cols = p->planes ? (int)(line < 1 ? 1 : line < INT32_MAX ? line : INT32_MAX) : 16;
    const double ns = p->planes ? PLANE_MAC_NS : pre->gemm->mac_ns;
    st = tenon__convolve_cut_set(&p->cut, planes, p->grid.positions, s->outputs, k, rows, cols, ns,
                                 c->err);
    if (st) return st;
    c->tiles = p->cut.tiles;
    c->flops = 2.0 * (double)planes * (double)p->grid.positions * (double)s->outputs * (double)k;
    p->pack_tiles = 0;
    p->per_tile = 1;
    if (p->planes) {
        if (p->cut.position_blocks == 1) /* small ones go together */
            p->cut.tiles = tenon__tiles(
                planes, (double)p->grid.positions * (double)p->grid.taps * PLANE_MAC_NS + 200,
                &p->per_tile);
        c->tiles = p->cut.tiles;
        return TENON_OK;
    }
    if ((st = packed_bytes(pre->gemm, s, &p->panel_bytes, &all, c->err))) return st;
    p->scales_bytes = tenon__align_up((size_t)p->cut.outputs * sizeof(float), 64);
    if (!tenon__qconv_scratch(pre->gemm, k, p->cut.positions, p->cut.outputs, &gathered) ||
        !tenon__add(gathered, 3 * p->scales_bytes, &c->scratch_bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "the convolution is too large");
    if (!pre->packed && c->tiles) {
        p->pack_tiles = pack_tiles(pre->gemm, s, &p->pack_panels);
        c->work_bytes = all;
        c->phases = p->pack_tiles ? 2 : 1;
    }
    return TENON_OK;
}

uint32_t tenon__qconvolve_tiles(const void *params, uint32_t phase)
{
    const tenon__qconvolve_params *p = params;
    return phase == 0 && p->pack_tiles ? p->pack_tiles : p->cut.tiles;
}

int32_t tenon__qconvolve_zero(const tenon__run *r, uint32_t i, int64_t k)
{
    if (!TENON__HAS(r, i)) return 0;
    const tenon__view *v = r->in[i];
    if (tenon__view_count(v) == 1) k = 0;
    return v->dtype == TENON_I8 ? ((const int8_t *)v->data)[k] : ((const uint8_t *)v->data)[k];
}

static tenon__qgemm_out out_of(const tenon__run *r)
{
    const tenon_dtype d = r->out[0]->dtype;
    return d == TENON_I32 ? TENON__QGEMM_I32 : d == TENON_U8 ? TENON__QGEMM_U8 : TENON__QGEMM_I8;
}

static void run_plane(const tenon__run *r, const tenon__qconvolve_inputs *in,
                      const tenon__qconvolve_tail *tail, const tenon__convolve_tile *t)
{
    const tenon__qconvolve_params *p = r->params;
    const int64_t group = t->plane % p->shape.group, size = r->out[0]->dtype == TENON_I32 ? 4 : 1;
    const tenon__qconv_plane plane = {
        .grid = &p->grid,
        .x = (const uint8_t *)r->in[in->x]->data + t->plane * p->grid.plane,
        .w = (const uint8_t *)r->in[in->w]->data + group * p->grid.taps,
        .from = t->from,
        .to = t->to,
        .y = (uint8_t *)r->out[0]->data + (t->plane * p->grid.positions + t->from) * size,
        .x_signed = r->in[in->x]->dtype == TENON_I8,
        .w_signed = r->in[in->w]->dtype == TENON_I8,
        .x_zero = tenon__qconvolve_zero(r, in->x_zero, 0),
        .w_zero = tenon__qconvolve_zero(r, in->w_zero, group),
        .bias = tail && tail->bias ? tail->bias[group] : 0,
        .y_zero = tail ? tail->y_zero : 0,
        .scale = tail ? tenon__qconvolve_scale(tail, group) : 0,
        .out = out_of(r),
    };
    tenon__qconv_plane_run(&plane);
}

void tenon__qconvolve_run(const tenon__run *r, const tenon__qconvolve_inputs *in,
                          const tenon__qconvolve_tail *tail)
{
    const tenon__qconvolve_params *p = r->params;
    const tenon__qconvolve_prepared *pre = r->prepared;
    const tenon__convolve_shape *s = &p->shape;
    if (p->pack_tiles && r->phase == 0) {
        pack_panels(pre->gemm, s, r->in[in->w], p->panel_bytes, p->pack_panels, r->tile, r->work);
        return;
    }
    const int64_t planes = s->batch * s->group * p->cut.position_blocks, n_tile = p->per_tile;
    for (int64_t i = r->tile * n_tile; p->planes && i < (r->tile + 1) * n_tile && i < planes; i++) {
        const tenon__convolve_tile at =
            tenon__convolve_cut_at(&p->cut, p->grid.positions, s->outputs, (uint32_t)i);
        run_plane(r, in, tail, &at);
    }
    if (p->planes) return;
    tenon__convolve_tile t =
        tenon__convolve_cut_at(&p->cut, p->grid.positions, s->outputs, r->tile);
    const int64_t group = t.plane % s->group, first = group * s->outputs + t.out_from;
    const int64_t n = t.out_to - t.out_from, size = r->out[0]->dtype == TENON_I32 ? 4 : 1;
    float *scale = r->scratch;
    int32_t *zero = (int32_t *)(void *)((uint8_t *)r->scratch + p->scales_bytes);
    int32_t *bias = (int32_t *)(void *)((uint8_t *)r->scratch + 2 * p->scales_bytes);
    bool zeros = true;
    for (int64_t i = 0; i < n; i++) {
        scale[i] = tail ? tenon__qconvolve_scale(tail, first + i) : 1;
        zero[i] = tenon__qconvolve_zero(r, in->w_zero, first + i);
        bias[i] = tail && tail->bias ? tail->bias[first + i] : 0;
        zeros = zeros && zero[i] == 0;
    }
    const uint8_t *w = pre->packed ? r->packed[0] : r->work;
    const int64_t panels = tenon__qgemm_panels(pre->gemm, s->outputs);
    const tenon__qconv_block b = {
        .gemm = pre->gemm,
        .transpose = pre->transpose,
        .grid = &p->grid,
        .channels = s->channels,
        .x = (const uint8_t *)r->in[in->x]->data + t.plane * s->channels * p->grid.plane,
        .w = w + (size_t)(group * panels + t.out_from / pre->gemm->nr) * p->panel_bytes,
        .from = t.from,
        .to = t.to,
        .out_from = t.out_from,
        .out_to = t.out_to,
        .y = (uint8_t *)r->out[0]->data +
             ((t.plane * s->outputs + t.out_from) * p->grid.positions + t.from) * size,
        .stride = p->grid.positions,
        .x_signed = r->in[in->x]->dtype == TENON_I8,
        .w_signed = r->in[in->w]->dtype == TENON_I8,
        .x_zero = tenon__qconvolve_zero(r, in->x_zero, 0),
        .y_zero = tail ? tail->y_zero : 0,
        .w_zero = zeros ? NULL : zero,
        .bias = bias,
        .scale = scale,
        .out = out_of(r),
        .scratch = (uint8_t *)r->scratch + 3 * p->scales_bytes,
    };
    tenon__qconv_run(&b);
}
