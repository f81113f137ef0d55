/* SPDX-License-Identifier: Apache-2.0 */
/* Resize and Upsample: sizes and binding. The tables are made in resample_table.c, lines in
 * resample_run.c. */
#include <math.h>

#include "opkit/copy.h"
#include "opkit/index.h"
#include "opkit/resample.h"
#include "opkit/resample_table.h"
#include "tensor/convert.h"

/* What the inputs say, for each axis of the tensor. */
typedef struct geometry {
    bool listed[TENON_MAX_RANK];
    int64_t out[TENON_MAX_RANK];
    double scale[TENON_MAX_RANK], width[TENON_MAX_RANK];
    double roi_start[TENON_MAX_RANK], roi_end[TENON_MAX_RANK];
} geometry;

/* The inputs as infer or bind see them; NULL where absent or empty. */
typedef struct operands {
    const tenon__view *x, *roi, *scales, *sizes;
} operands;

static const tenon__view *present(const tenon__view *const *in, uint32_t count, int i)
{
    if (i < 0 || (uint32_t)i >= count || !in[i]) return NULL;
    return in[i]->rank == 1 && in[i]->dims[0] == 0 ? NULL : in[i];
}

static operands find_operands(const tenon__resample_attrs *a, const tenon__view *const *in,
                              uint32_t count)
{
    operands o = {in[0], NULL, present(in, count, a->scales_input),
                  present(in, count, a->sizes_input)};
    if (a->coords == TENON__COORDS_CROP) o.roi = present(in, count, a->roi_input);
    return o;
}

static tenon_status list_axes(const tenon__resample_attrs *a, int rank, int *axes, int *count,
                              tenon_error *err)
{
    bool seen[TENON_MAX_RANK] = {false};
    *count = a->axis_count < 0 ? rank : a->axis_count;
    for (int k = 0; k < *count; k++) {
        int64_t axis = a->axis_count < 0 ? k : a->axes[k] < 0 ? a->axes[k] + rank : a->axes[k];
        if (axis < 0 || axis >= rank || seen[axis])
            return tenon__fail(err, TENON_EFORMAT,
                               "axes has %lld; it must name each of %d dims at most once",
                               (long long)a->axes[k], rank);
        seen[axis] = true;
        axes[k] = (int)axis;
    }
    return TENON_OK;
}

static tenon_status by_sizes(const tenon__resample_attrs *a, const operands *o, const int *axes,
                             int count, geometry *g, tenon_error *err)
{
    double common = 0;
    for (int k = 0; k < count; k++) {
        int64_t size = tenon__get_i64(o->sizes->dtype, o->sizes->data, (size_t)k),
                in = o->x->dims[axes[k]];
        if (size < 0 || size > INT32_MAX)
            return tenon__fail(err, TENON_ESHAPE, "sizes has %lld at %d", (long long)size, k);
        g->out[axes[k]] = size;
        g->scale[axes[k]] = in > 0 ? (double)size / (double)in : 1;
        g->width[axes[k]] = (double)size;
        double s = g->scale[axes[k]];
        if (k == 0 || (a->policy == TENON__ASPECT_NOT_LARGER ? s < common : s > common)) common = s;
    }
    if (a->policy == TENON__ASPECT_STRETCH) return TENON_OK;
    for (int k = 0; k < count; k++) {
        int64_t in = o->x->dims[axes[k]];
        g->scale[axes[k]] = common;
        g->width[axes[k]] = common * (double)in;
        g->out[axes[k]] = in < 0 ? TENON__DIM_UNKNOWN : (int64_t)(common * (double)in + 0.5);
    }
    return TENON_OK;
}

static tenon_status by_scales(const tenon__resample_attrs *a, const operands *o, const int *axes,
                              int count, geometry *g, tenon_error *err)
{
    for (int k = 0; k < count; k++) {
        int64_t in = o->x->dims[axes[k]];
        float s = o->scales ? (float)tenon__get_f64(o->scales->dtype, o->scales->data, (size_t)k)
                            : a->scales[k];
        if (!(s > 0) || !(s <= (float)INT32_MAX) || (in >= 0 && (double)s * (double)in > INT32_MAX))
            return tenon__fail(err, TENON_ESHAPE, "scales has %g at %d, a dim of %lld", (double)s,
                               k, (long long)in);
        g->scale[axes[k]] = s;
        g->width[axes[k]] = (double)s * (double)in;
        /* In single precision, as other runtimes do: 7/3 rounded and times 3 is 7. */
        g->out[axes[k]] = in < 0 ? (s == 1 ? in : TENON__DIM_UNKNOWN) : (int64_t)(s * (float)in);
    }
    return TENON_OK;
}

static tenon_status check_count(const tenon__view *v, const char *what, int count, tenon_error *err)
{
    if (v && (v->rank != 1 || v->dims[0] != count))
        return tenon__fail(err, TENON_ESHAPE, "%s must have %d numbers", what, count);
    return TENON_OK;
}

static tenon_status measure(const tenon__resample_attrs *a, const operands *o, geometry *g,
                            tenon_error *err)
{
    int axes[TENON_MAX_RANK], count;
    tenon_status st = list_axes(a, o->x->rank, axes, &count, err);
    if (st == TENON_OK) st = check_count(o->sizes, "sizes", count, err);
    if (st == TENON_OK) st = check_count(o->sizes ? NULL : o->scales, "scales", count, err);
    if (st == TENON_OK) st = check_count(o->roi, "roi", 2 * count, err);
    if (st) return st;
    memset(g, 0, sizeof *g);
    for (int d = 0; d < o->x->rank; d++) {
        g->out[d] = o->x->dims[d];
        g->scale[d] = 1;
        g->width[d] = (double)o->x->dims[d];
        g->roi_end[d] = 1;
    }
    for (int k = 0; k < count; k++) {
        g->listed[axes[k]] = true;
        if (!o->roi) continue;
        g->roi_start[axes[k]] = tenon__get_f64(o->roi->dtype, o->roi->data, (size_t)k);
        g->roi_end[axes[k]] = tenon__get_f64(o->roi->dtype, o->roi->data, (size_t)(count + k));
        if (!(fabs(g->roi_start[axes[k]]) < 1e6) || !(fabs(g->roi_end[axes[k]]) < 1e6))
            return tenon__fail(err, TENON_ESHAPE, "roi has %g and %g for dim %d",
                               g->roi_start[axes[k]], g->roi_end[axes[k]], axes[k]);
    }
    if (o->sizes) return by_sizes(a, o, axes, count, g, err);
    if (!o->scales && a->scale_count != count)
        return tenon__fail(err, TENON_EFORMAT, "neither sizes nor %d scales are given", count);
    return by_scales(a, o, axes, count, g, err);
}

static tenon_status check_types(const tenon__infer *c, const operands *o)
{
    const tenon__resample_attrs *a = c->attrs;
    tenon_dtype dtype = o->x->dtype;
    bool moves = a->mode == TENON__RESAMPLE_NEAREST && tenon_dtype_bits(dtype) >= 8;
    if (dtype != TENON_NONE && !moves && !tenon__is_number(dtype) && dtype != TENON_F16 &&
        dtype != TENON_BF16)
        return tenon__fail(c->err, TENON_EUNSUPPORTED, "resampling of %s is not supported",
                           tenon_dtype_text(dtype));
    const tenon__view *const floats[2] = {o->roi, o->scales};
    for (int k = 0; k < 2; k++)
        if (floats[k] && (floats[k]->dtype == TENON_STRING || floats[k]->dtype == TENON_C64 ||
                          floats[k]->dtype == TENON_C128))
            return tenon__fail(c->err, TENON_ETYPE, "%s must be numbers", k ? "scales" : "roi");
    if (o->sizes && o->sizes->dtype != TENON_NONE && !tenon__is_index(o->sizes->dtype))
        return tenon__fail(c->err, TENON_ETYPE, "sizes must be int64");
    if (a->coords == TENON__COORDS_CROP && !o->roi)
        return tenon__fail(c->err, TENON_EFORMAT, "tf_crop_and_resize needs the input roi");
    return TENON_OK;
}

/* Whether the input's value is there; else EAGAIN is due. */
static bool have(tenon__infer *c, const tenon__view *v, int i)
{
    return !v || tenon__infer_data(c, (uint32_t)i) != NULL;
}

tenon_status tenon__resample_infer(tenon__infer *c)
{
    const tenon__resample_attrs *a = c->attrs;
    operands o = find_operands(a, c->in, c->in_count);
    int64_t dims[TENON_MAX_RANK];
    geometry g;
    for (int d = 0; d < TENON_MAX_RANK; d++)
        dims[d] = TENON__DIM_UNKNOWN;
    uint8_t layout = c->in[0]->layout;
    tenon__infer_set(c, 0, o.x->dtype, o.x->rank, dims);
    tenon_status st = check_types(c, &o);
    if (st || tenon__infer_rank_unknown(c, 1)) return st;
    if (!have(c, o.sizes, a->sizes_input) || (!o.sizes && !have(c, o.scales, a->scales_input)) ||
        !have(c, o.roi, a->roi_input))
        return TENON_EAGAIN;
    st = measure(a, &o, &g, c->err);
    if (st) return st;
    for (int d = 0; d < o.x->rank; d++) {
        if (o.x->dims[d] == 0 && g.out[d] > 0)
            return tenon__fail(c->err, TENON_ESHAPE, "dim %d is empty and cannot become %lld", d,
                               (long long)g.out[d]);
        if (g.listed[d] && (o.x->dims[d] > INT32_MAX || g.out[d] > INT32_MAX))
            return tenon__fail(c->err, TENON_ELIMIT, "dim %d is too large to resample", d);
    }
    tenon__infer_set(c, 0, o.x->dtype, o.x->rank, g.out);
    c->out[0]->layout = layout;
    return TENON_OK;
}

/* ---- bind -------------------------------------------------------------------------------------
 */

static bool is_active(const tenon__resample_attrs *a, const geometry *g, const tenon__view *x,
                      int d)
{
    if (g->out[d] != x->dims[d] || fabs(g->scale[d] - 1) > 1e-9) return true;
    return a->coords == TENON__COORDS_CROP && (g->roi_start[d] != 0 || g->roi_end[d] != 1);
}

static void add_axis(tenon__resample_params *p, int64_t in, int64_t out, bool active)
{
    tenon__resample_axis *last = p->rank ? &p->axes[p->rank - 1] : NULL;
    if (!active && last && !last->active) {
        last->in *= in;
        last->out *= out;
        return;
    }
    p->axes[p->rank++] =
        (tenon__resample_axis){.active = active, .in = in, .out = out, .taps = 1, .scale = 1};
}

/* Channels in blocks: an axis of blocks, and 16 lanes behind everything. */
static void collapse(const tenon__resample_attrs *a, const geometry *g, const tenon__view *x,
                     tenon__resample_params *p)
{
    bool blocked = x->layout == TENON__C16;
    p->rank = 0;
    for (int d = 0; d < x->rank; d++) {
        bool active = is_active(a, g, x, d);
        int64_t in = x->dims[d], out = g->out[d];
        if (blocked && d == 1) in = out = (in + TENON__BLOCK - 1) / TENON__BLOCK;
        if (!active && in == 1) continue;
        add_axis(p, in, out, active);
        if (!active) continue;
        tenon__resample_axis *axis = &p->axes[p->rank - 1];
        axis->scale = g->scale[d];
        axis->width = g->width[d];
        axis->roi_start = g->roi_start[d];
        axis->roi_end = g->roi_end[d];
        tenon__resample_taps(a, axis);
    }
    p->inner = blocked ? TENON__BLOCK : 1;
    if (p->rank && !p->axes[p->rank - 1].active) p->inner *= p->axes[--p->rank].in;
}

static tenon_status place_tables(tenon__bind *c, tenon__resample_params *p)
{
    size_t at = 0;
    for (int d = 0; d < p->rank; d++) {
        tenon__resample_axis *axis = &p->axes[d];
        size_t entries;
        if (!axis->active) continue;
        if (!axis->taps || !tenon__mul((size_t)axis->out, (size_t)axis->taps, &entries) ||
            entries > SIZE_MAX / 64)
            return tenon__fail(c->err, TENON_ELIMIT,
                               "going from %lld to %lld places takes too many weights",
                               (long long)axis->in, (long long)axis->out);
        axis->index_at = at;
        axis->weight_at = axis->index_at + tenon__align_up(entries * sizeof(int32_t), 64);
        /* Weights of both precisions fit. */
        axis->outside_at = axis->weight_at + tenon__align_up(entries * sizeof(double), 64);
        at = axis->outside_at + tenon__align_up((size_t)axis->out, 64);
    }
    c->work_bytes = at;
    return TENON_OK;
}

/* Pieces of a line of at most some 16 thousand elements, so that those cached stay small. */
static void choose_pieces(tenon__bind *c, const tenon__resample_attrs *a, tenon__resample_params *p)
{
    const tenon__resample_axis *last = &p->axes[p->rank - 1];
    const int64_t most = 16384;
    int64_t combos = 1;
    p->lines = 1;
    for (int d = 0; d < p->rank - 1; d++) {
        p->lines *= p->axes[d].out;
        combos = combos > 4096 ? combos : combos * p->axes[d].taps;
    }
    p->inner_chunk = p->inner < most ? p->inner : most;
    p->x_chunk = most / p->inner_chunk < last->out ? most / p->inner_chunk : last->out;
    p->inner_chunks = (p->inner + p->inner_chunk - 1) / p->inner_chunk;
    p->x_chunks = (last->out + p->x_chunk - 1) / p->x_chunk;
    p->pieces = p->lines * p->inner_chunks * p->x_chunks;
    p->line_most = p->x_chunk * p->inner_chunk;
    p->slots = combos <= 64 ? (int)combos : 0;
    double elem_ns = 0.3;
    if (a->mode != TENON__RESAMPLE_NEAREST) {
        size_t real = p->wide ? sizeof(double) : sizeof(float);
        elem_ns = 0.5 * last->taps + 0.2 * (double)combos;
        /* The cached lines, a line for what is summed up, the numbers of what is cached. */
        c->scratch_bytes =
            (size_t)(p->slots + 2) * (tenon__align_up((size_t)p->line_most * real, 64) + 64) +
            64 * sizeof(int64_t);
    }
    p->tiles = tenon__tiles(p->pieces, 20 + elem_ns * (double)p->line_most, &p->pieces_per_tile);
}

static bool computes_wide(tenon_dtype dtype)
{
    return dtype == TENON_F64 || dtype == TENON_I32 || dtype == TENON_U32 || dtype == TENON_I64 ||
           dtype == TENON_U64;
}

tenon_status tenon__resample_bind(tenon__bind *c)
{
    const tenon__resample_attrs *a = c->attrs;
    tenon__resample_params *p = c->params;
    operands o = find_operands(a, c->in, c->in_count);
    geometry g;
    tenon_status st = measure(a, &o, &g, c->err);
    if (st) return st;
    memset(p, 0, sizeof *p);
    p->elem_bytes = tenon_dtype_bits(o.x->dtype) / 8;
    p->row = tenon__resize_find(c->cpu);
    p->wide = computes_wide(o.x->dtype);
    size_t bytes = 0;
    if (!tenon__view_bytes(c->out[0], &bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "the output is too large");
    p->total_bytes = (int64_t)bytes;
    c->tiles = 0;
    if (bytes == 0) return TENON_OK;
    if (a->coords == TENON__COORDS_CROP) {
        st = tenon__convert(TENON_F32, &a->extrapolation, o.x->dtype, p->value, 0, 1, true, c->err);
        if (st) return st;
    }
    collapse(a, &g, o.x, p);
    p->copy = p->rank == 0;
    if (p->copy) {
        tenon__stretch whole;
        c->tiles = p->tiles = tenon__stretch_init(&whole, p->total_bytes, 64);
        p->pieces_per_tile = whole.per_tile;
        return TENON_OK;
    }
    st = place_tables(c, p);
    if (st) return st;
    choose_pieces(c, a, p);
    c->phases = 2;
    c->tiles = p->tiles;
    return TENON_OK;
}

uint32_t tenon__resample_tiles(const void *params, uint32_t phase)
{
    const tenon__resample_params *p = params;
    return p->copy || phase == 1 ? p->tiles : 1;
}

int tenon__resample_blocked(const tenon__node *node, const void *attrs,
                            const tenon__view *const *in, uint32_t in_count, tenon__cpu_bits cpu)
{
    const tenon__resample_attrs *a = attrs;
    const tenon__view *x = in[0];
    int axes[TENON_MAX_RANK], count;
    (void)node;
    (void)cpu;
    if (x->dtype != TENON_F32 || x->rank < 3 || list_axes(a, x->rank, axes, &count, NULL)) return 0;
    const tenon__view *scales = present(in, in_count, a->scales_input);
    const tenon__view *sizes = present(in, in_count, a->sizes_input);
    if (a->coords == TENON__COORDS_CROP) return 0;
    /* The batch and channels must be known to stay: by not being listed, or by a constant of 1. */
    for (int k = 0; k < count; k++) {
        if (axes[k] > 1) continue;
        if (sizes) {
            if (!sizes->known || x->dims[axes[k]] < 0 || sizes->rank != 1 ||
                sizes->dims[0] != count)
                return 0;
            if (a->policy != TENON__ASPECT_STRETCH) return 0;
            if (tenon__get_i64(sizes->dtype, sizes->data, (size_t)k) != x->dims[axes[k]]) return 0;
        } else if (scales) {
            if (!scales->known || scales->rank != 1 || scales->dims[0] != count) return 0;
            if (tenon__get_f64(scales->dtype, scales->data, (size_t)k) != 1) return 0;
        } else if (k >= a->scale_count || a->scales[k] != 1) {
            return 0;
        }
    }
    return 1;
}
