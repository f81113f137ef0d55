/* SPDX-License-Identifier: Apache-2.0 */
/* RoiAlign: regions of feature maps pooled to one size. ONNX RoiAlign-10 .. 22.
 *
 * X [N, C, H, W], rois [R, 4] as x1, y1, x2, y2, times spatial_scale (less half a pixel where
 * coordinate_transformation_mode is half_pixel, the default since 16), batch_indices [R]; out
 * [R, C, output_height, output_width]. Each bin reads sampling_ratio^2 places bilinearly (0: as
 * many as it has pixels, rounded up) and takes their mean, or the largest weighted corner (max).
 * Places more than a pixel outside count as 0. float32 and float64. */
#include <math.h>

#include "opkit/index.h"

#define MOST_SAMPLES (1 << 20) /* of one bin: far beyond any feature map */

typedef struct attrs {
    bool max, half_pixel;
    int64_t height, width, sampling_ratio;
    float scale;
} attrs;

typedef struct params {
    int64_t channels, in_height, in_width;
    int64_t planes, per_tile; /* rois x channels */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    tenon__str mode = tenon__attr_str(node, "mode", "avg");
    tenon__str coords = tenon__attr_str(node, "coordinate_transformation_mode",
                                        node->opset >= 16 ? "half_pixel" : "output_half_pixel");
    (void)graph;
    a->max = tenon__str_is(mode, "max");
    a->half_pixel = tenon__str_is(coords, "half_pixel");
    a->height = tenon__attr_int(node, "output_height", 1);
    a->width = tenon__attr_int(node, "output_width", 1);
    a->sampling_ratio = tenon__attr_int(node, "sampling_ratio", 0);
    a->scale = tenon__attr_float(node, "spatial_scale", 1);
    if (!a->max && !tenon__str_is(mode, "avg"))
        return tenon__fail(err, TENON_EFORMAT, "mode is '%.*s'; it must be avg or max",
                           TENON__STR_ARG(mode));
    if (!a->half_pixel && !tenon__str_is(coords, "output_half_pixel"))
        return tenon__fail(err, TENON_EFORMAT, "coordinate_transformation_mode is '%.*s'",
                           TENON__STR_ARG(coords));
    if (a->height < 0 || a->width < 0 || a->height > INT32_MAX || a->width > INT32_MAX)
        return tenon__fail(err, TENON_EFORMAT, "the output is %lld x %lld", (long long)a->height,
                           (long long)a->width);
    if (a->sampling_ratio < 0 || a->sampling_ratio > 1024)
        return tenon__fail(err, TENON_EFORMAT, "sampling_ratio is %lld; it must lie in [0, 1024]",
                           (long long)a->sampling_ratio);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0], *rois = c->in[1], *batch = c->in[2];
    int64_t dims[4] = {TENON__DIM_UNKNOWN, TENON__DIM_UNKNOWN, a->height, a->width};
    if (x->dtype != TENON_NONE && x->dtype != TENON_F32 && x->dtype != TENON_F64 &&
        x->dtype != TENON_F16 && x->dtype != TENON_BF16)
        return tenon__fail(c->err, TENON_ETYPE, "X is %s; it must be a float",
                           tenon_dtype_text(x->dtype));
    tenon_status st = tenon__check_same(c, 0, 1);
    if (st == TENON_OK) st = tenon__check_rank(c, 0, 4, "X");
    if (st == TENON_OK) st = tenon__check_rank(c, 1, 2, "rois");
    if (st == TENON_OK) st = tenon__check_rank(c, 2, 1, "batch_indices");
    if (st == TENON_OK) st = tenon__check_index(c, 2, "batch_indices");
    if (st) return st;
    if (rois->rank == 2 && !tenon__dim_agrees(rois->dims[1], 4))
        return tenon__fail(c->err, TENON_ESHAPE, "rois have %lld numbers each; they must have 4",
                           (long long)rois->dims[1]);
    if (rois->rank == 2 && batch->rank == 1 && !tenon__dim_agrees(rois->dims[0], batch->dims[0]))
        return tenon__fail(c->err, TENON_ESHAPE, "there are %lld rois and %lld batch indices",
                           (long long)rois->dims[0], (long long)batch->dims[0]);
    if (rois->rank == 2) dims[0] = rois->dims[0];
    if (x->rank == 4) dims[1] = x->dims[1];
    tenon__infer_set(c, 0, x->dtype, 4, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    params *p = c->params;
    p->channels = x->dims[1];
    p->in_height = x->dims[2];
    p->in_width = x->dims[3];
    p->planes = c->out[0]->dims[0] * p->channels;
    int64_t side = a->sampling_ratio ? a->sampling_ratio : 2;
    c->tiles = 0;
    if (a->height == 0 || a->width == 0) return TENON_OK;
    c->tiles =
        tenon__tiles(p->planes, 8.0 * (double)(a->height * a->width * side * side), &p->per_tile);
    return TENON_OK;
}

/* One region, in pixels of the map. */
typedef struct region {
    double x, y, bin_width, bin_height;
    int64_t columns, rows; /* samples of a bin */
} region;

static double real_at(const tenon__view *v, int64_t i)
{
    return v->dtype == TENON_F64 ? ((const double *)v->data)[i]
                                 : (double)((const float *)v->data)[i];
}

static tenon_status find_region(const tenon__run *r, int64_t roi, region *out)
{
    const attrs *a = r->attrs;
    double offset = a->half_pixel ? 0.5 : 0, at[4];
    for (int k = 0; k < 4; k++)
        at[k] = real_at(r->in[1], roi * 4 + k) * (double)a->scale - offset;
    double width = at[2] - at[0], height = at[3] - at[1];
    if (!a->half_pixel) { /* as it always was: at least one pixel */
        width = width > 1 ? width : 1;
        height = height > 1 ? height : 1;
    }
    *out = (region){at[0],
                    at[1],
                    width / (double)a->width,
                    height / (double)a->height,
                    a->sampling_ratio,
                    a->sampling_ratio};
    if (a->sampling_ratio) return TENON_OK;
    double columns = ceil(out->bin_width), rows = ceil(out->bin_height);
    if (!(columns * rows <= MOST_SAMPLES) || !(columns <= MOST_SAMPLES) || !(rows <= MOST_SAMPLES))
        return tenon__fail(r->err, TENON_ELIMIT, "roi %lld is %g x %g pixels", (long long)roi,
                           width, height);
    out->columns = columns > 0 ? (int64_t)columns : 0;
    out->rows = rows > 0 ? (int64_t)rows : 0;
    return TENON_OK;
}

/* A place along an axis: two pixels and the weight of the second. false where it lies outside. */
static bool place(double at, int64_t extent, int64_t *low, int64_t *high, double *weight)
{
    if (!(at >= -1 && at <= (double)extent) || extent == 0) return false;
    if (at < 0) at = 0;
    *low = (int64_t)at;
    if (*low >= extent - 1) {
        *low = *high = extent - 1;
        *weight = 0;
        return true;
    }
    *high = *low + 1;
    *weight = at - (double)*low;
    return true;
}

#define BIN(type)                                                                                  \
    static double bin_##type(const params *p, const type *map, const region *g, int64_t by,        \
                             int64_t bx, bool max)                                                 \
    {                                                                                              \
        double result = 0;                                                                         \
        bool first = true;                                                                         \
        for (int64_t i = 0; i < g->rows * g->columns; i++) {                                       \
            int64_t iy = i / g->columns, ix = i % g->columns, y0 = 0, y1 = 0, x0 = 0, x1 = 0;      \
            double wy = 0, wx = 0, c[4] = {0};                                                     \
            double y = g->y + (double)by * g->bin_height +                                         \
                       ((double)iy + 0.5) * g->bin_height / (double)g->rows;                       \
            double x = g->x + (double)bx * g->bin_width +                                          \
                       ((double)ix + 0.5) * g->bin_width / (double)g->columns;                     \
            if (place(y, p->in_height, &y0, &y1, &wy) && place(x, p->in_width, &x0, &x1, &wx)) {   \
                c[0] = (1 - wy) * (1 - wx) * (double)map[y0 * p->in_width + x0];                   \
                c[1] = (1 - wy) * wx * (double)map[y0 * p->in_width + x1];                         \
                c[2] = wy * (1 - wx) * (double)map[y1 * p->in_width + x0];                         \
                c[3] = wy * wx * (double)map[y1 * p->in_width + x1];                               \
            }                                                                                      \
            double value =                                                                         \
                max ? fmax(fmax(c[0], c[1]), fmax(c[2], c[3])) : c[0] + c[1] + c[2] + c[3];        \
            result = !max ? result + value : first || value > result ? value : result;             \
            first = false;                                                                         \
        }                                                                                          \
        const int64_t count = g->rows * g->columns;                                                \
        return max || count == 0 ? result : result / (double)count;                                \
    }
BIN(float)
BIN(double)

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    int64_t k = (int64_t)r->tile * p->per_tile, end = k + p->per_tile;
    for (; k < end && k < p->planes; k++) {
        int64_t roi = k / p->channels, channel = k % p->channels,
                batch = tenon__index_at(r->in[2], roi);
        region g;
        if (!tenon__index_fix(&batch, r->in[0]->dims[0]))
            return tenon__index_error(r->err, batch, r->in[0]->dims[0]);
        tenon_status st = find_region(r, roi, &g);
        if (st) return st;
        int64_t map = (batch * p->channels + channel) * p->in_height * p->in_width;
        int64_t out = k * a->height * a->width;
        for (int64_t i = 0; i < a->height * a->width; i++) {
            int64_t y = i / a->width, x = i % a->width;
            if (r->in[0]->dtype == TENON_F64)
                ((double *)r->out[0]->data)[out + i] =
                    bin_double(p, (const double *)r->in[0]->data + map, &g, y, x, a->max);
            else
                ((float *)r->out[0]->data)[out + i] =
                    (float)bin_float(p, (const float *)r->in[0]->data + map, &g, y, x, a->max);
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "RoiAlign", 10, 0, NULL}, {0}};

const tenon__op tenon__op_roi_align = {
    .name = "RoiAlign",
    .doc = "Regions of feature maps pooled to one size",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
