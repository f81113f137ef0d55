/* SPDX-License-Identifier: Apache-2.0 */
/* GridSample: the input read at places that a grid names. ONNX GridSample-16 .. 22.
 *
 * X [N, C, d1, .. dn], grid [N, o1, .. on, n], out [N, C, o1, .. on], n being 2 or 3. The grid's
 * numbers are places from -1 to 1, the last dim's first: the corners' middles (align_corners) or
 * their outer edges. mode: linear, nearest (ties to even) or cubic (a = -0.75), in each dim. What
 * lies outside is 0 (padding_mode zeros), the border, or reflected at it. Floats. */
#include <math.h>

#include "opkit/index.h"

#define MOST_DIMS 3
#define BLOCK     64 /* places of the output handled together */

typedef enum sample_mode { LINEAR, NEAREST, CUBIC } sample_mode;
typedef enum padding { ZEROS, BORDER, REFLECTION } padding;

typedef struct attrs {
    sample_mode mode;
    padding padding;
    bool align;
} attrs;

typedef struct params {
    int n, taps;              /* spatial dims; source places per output place */
    int64_t dims[MOST_DIMS];  /* of X */
    int64_t volume, channels; /* their product */
    int64_t places;           /* of one output plane */
    int64_t blocks, per_tile;
} params;

static int find_word(tenon__str text, const char *const *words, int count)
{
    for (int k = 0; k < count; k++)
        if (tenon__str_is(text, words[k])) return k;
    return -1;
}

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    static const char *const modes[] = {"linear", "nearest", "cubic", "bilinear", "bicubic"};
    static const sample_mode meaning[] = {LINEAR, NEAREST, CUBIC, LINEAR, CUBIC};
    static const char *const paddings[] = {"zeros", "border", "reflection"};
    attrs *a = out;
    tenon__str mode_word = tenon__attr_str(node, "mode", "linear");
    tenon__str padding_word = tenon__attr_str(node, "padding_mode", "zeros");
    int mode = find_word(mode_word, modes, 5), pad = find_word(padding_word, paddings, 3);
    (void)graph;
    if (mode < 0)
        return tenon__fail(err, TENON_EFORMAT,
                           "mode is '%.*s'; it must be linear, nearest or cubic",
                           TENON__STR_ARG(mode_word));
    if (pad < 0)
        return tenon__fail(err, TENON_EFORMAT,
                           "padding_mode is '%.*s'; it must be zeros, border or reflection",
                           TENON__STR_ARG(padding_word));
    a->mode = meaning[mode];
    a->padding = (padding)pad;
    a->align = tenon__attr_int(node, "align_corners", 0) != 0;
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *x = c->in[0], *grid = c->in[1];
    int64_t dims[TENON_MAX_RANK];
    for (int d = 0; d < TENON_MAX_RANK; d++)
        dims[d] = TENON__DIM_UNKNOWN;
    tenon__infer_set(c, 0, x->dtype, x->rank, dims);
    for (uint32_t i = 0; i < 2; i++) {
        tenon_dtype t = c->in[i]->dtype;
        if (t != TENON_NONE && t != TENON_F32 && t != TENON_F64 && t != TENON_F16 &&
            t != TENON_BF16)
            return tenon__fail(c->err, TENON_EUNSUPPORTED, "input %u is %s; it must be a float", i,
                               tenon_dtype_text(t));
    }
    if (tenon__infer_rank_unknown(c, 2)) return TENON_OK;
    int n = x->rank - 2;
    if (n < 2 || n > MOST_DIMS || grid->rank != x->rank)
        return tenon__fail(c->err, TENON_EUNSUPPORTED,
                           "X and grid have ranks %d and %d; both must be 4 or 5", x->rank,
                           grid->rank);
    if (!tenon__dim_agrees(grid->dims[n + 1], n) || !tenon__dim_agrees(grid->dims[0], x->dims[0]))
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the grid's first dim must be the batch and its last %d", n);
    dims[0] = x->dims[0];
    dims[1] = x->dims[1];
    for (int d = 0; d < n; d++) {
        dims[2 + d] = grid->dims[1 + d];
        if (x->dims[2 + d] == 0)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "dim %d of X is empty: there is nothing to read", 2 + d);
    }
    tenon__infer_set(c, 0, x->dtype, x->rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0], *out = c->out[0];
    params *p = c->params;
    p->n = x->rank - 2;
    p->taps = 1;
    for (int d = 0; d < p->n; d++) {
        p->dims[d] = x->dims[2 + d];
        p->taps *= a->mode == NEAREST ? 1 : a->mode == LINEAR ? 2 : 4;
    }
    p->volume = tenon__dims_product(x->dims, 2, x->rank);
    p->channels = x->dims[1];
    p->places = tenon__dims_product(out->dims, 2, out->rank);
    p->blocks = (p->places + BLOCK - 1) / BLOCK;
    double cost = BLOCK * (30 + 4.0 * p->taps + (double)p->channels * p->taps);
    c->tiles = p->channels ? tenon__tiles(x->dims[0] * p->blocks, cost, &p->per_tile) : 0;
    c->scratch_bytes = (size_t)(BLOCK * p->taps) * (sizeof(int64_t) + sizeof(double));
    return TENON_OK;
}

/* What is no number, or far away, lies far outside. */
static double tame(double x)
{
    const double far = 1e8;
    return x >= -far && x <= far ? x : x > far ? far : -far;
}

static double reflect(double x, double low, double high)
{
    double range = high - low;
    if (x >= low && x <= high) return x;
    if (range <= 0) return low;
    double over = x < low ? low - x : x - high;
    int64_t turns = (int64_t)(over / range);
    double rest = over - (double)turns * range;
    bool from_low = (x < low) == (turns % 2 == 0);
    return from_low ? low + rest : high - rest;
}

/* Place `i` of an axis brought inside; -1 where it counts as zero. */
static int64_t inside(const attrs *a, int64_t i, int64_t extent)
{
    if (i >= 0 && i < extent) return i;
    if (a->padding == ZEROS) return -1;
    if (a->padding == BORDER) return i < 0 ? 0 : extent - 1;
    double low = a->align ? 0 : -0.5, high = a->align ? (double)extent - 1 : (double)extent - 0.5;
    int64_t r = (int64_t)reflect((double)i, low, high);
    return r < 0 ? 0 : r >= extent ? extent - 1 : r;
}

/* Source places and weights along one axis; returns how many. */
static int axis_taps(const attrs *a, double place, int64_t extent, int64_t *index, double *weight)
{
    double x =
        a->align ? (place + 1) / 2 * (double)(extent - 1) : ((place + 1) * (double)extent - 1) / 2;
    double low = a->align ? 0 : -0.5, high = a->align ? (double)extent - 1 : (double)extent - 0.5;
    const double c = -0.75;
    x = tame(x);
    if (a->mode == NEAREST) x = rint(x);
    if (x < low || x > high) {
        /* The curve goes on beyond the border; only what it reads is clamped. */
        if (a->padding == BORDER && a->mode != CUBIC) x = x < 0 ? 0 : (double)extent - 1;
        if (a->padding == REFLECTION) x = reflect(x, low, high);
    }
    int64_t first = (int64_t)floor(x);
    double t = x - (double)first;
    if (a->mode == NEAREST) {
        index[0] = inside(a, (int64_t)x, extent);
        weight[0] = 1;
        return 1;
    }
    int count = a->mode == LINEAR ? 2 : 4;
    for (int k = 0; k < count; k++)
        index[k] = inside(a, first + k - (count == 4), extent);
    if (count == 2) {
        weight[0] = 1 - t;
        weight[1] = t;
        return 2;
    }
    const double s = 1 - t;
    weight[0] = ((c * (t + 1) - 5 * c) * (t + 1) + 8 * c) * (t + 1) - 4 * c;
    weight[1] = ((c + 2) * t - (c + 3)) * t * t + 1;
    weight[2] = ((c + 2) * s - (c + 3)) * s * s + 1;
    weight[3] = ((c * (s + 1) - 5 * c) * (s + 1) + 8 * c) * (s + 1) - 4 * c;
    return 4;
}

/* The taps of one output place. grid names the last axis first. */
static void place_taps(const attrs *a, const params *p, const double *grid, int64_t *offset,
                       double *weight)
{
    int64_t index[MOST_DIMS][4];
    double weights[MOST_DIMS][4];
    int count = 1;
    for (int d = 0; d < p->n; d++)
        count = axis_taps(a, grid[p->n - 1 - d], p->dims[d], index[d], weights[d]);
    for (int k = 0; k < p->taps; k++) {
        int64_t at = 0, step = 1;
        double w = 1;
        for (int d = p->n - 1, rest = k; d >= 0; d--, rest /= count) {
            int64_t i = index[d][rest % count];
            w = i < 0 ? 0 : w * weights[d][rest % count];
            at += (i < 0 ? 0 : i) * step;
            step *= p->dims[d];
        }
        offset[k] = at;
        weight[k] = w;
    }
}

static double grid_at(const tenon__view *grid, int64_t i)
{
    return grid->dtype == TENON_F64 ? ((const double *)grid->data)[i]
                                    : (double)((const float *)grid->data)[i];
}

#define PLANE(type)                                                                                \
    static void plane_##type(const params *p, const void *from, void *to, int64_t count,           \
                             const int64_t *offset, const double *weight)                          \
    {                                                                                              \
        const type *src = from;                                                                    \
        type *dst = to;                                                                            \
        for (int64_t i = 0; i < count; i++) {                                                      \
            double sum = 0;                                                                        \
            for (int64_t k = i * p->taps; k < (i + 1) * p->taps; k++)                              \
                if (weight[k] != 0) sum += weight[k] * (double)src[offset[k]];                     \
            dst[i] = (type)sum;                                                                    \
        }                                                                                          \
    }
PLANE(float)
PLANE(double)

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    int64_t *offset = r->scratch, batch = r->in[0]->dims[0];
    double *weight = (double *)(offset + BLOCK * p->taps), at[MOST_DIMS];
    bool wide = r->in[0]->dtype == TENON_F64;
    int64_t b = (int64_t)r->tile * p->per_tile, end = b + p->per_tile;
    for (; b < end && b < batch * p->blocks; b++) {
        int64_t n = b / p->blocks, first = b % p->blocks * BLOCK;
        int64_t count = p->places - first < BLOCK ? p->places - first : BLOCK;
        for (int64_t i = 0; i < count; i++) {
            for (int d = 0; d < p->n; d++)
                at[d] = grid_at(r->in[1], (n * p->places + first + i) * p->n + d);
            place_taps(r->attrs, p, at, offset + i * p->taps, weight + i * p->taps);
        }
        for (int64_t c = 0; c < p->channels; c++) {
            int64_t from = (n * p->channels + c) * p->volume,
                    to = (n * p->channels + c) * p->places + first;
            if (wide)
                plane_double(p, (const double *)r->in[0]->data + from,
                             (double *)r->out[0]->data + to, count, offset, weight);
            else
                plane_float(p, (const float *)r->in[0]->data + from, (float *)r->out[0]->data + to,
                            count, offset, weight);
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "GridSample", 16, 0, NULL}, {0}};

const tenon__op tenon__op_grid_sample = {
    .name = "GridSample",
    .doc = "The input read at places that a grid names",
    .min_inputs = 2,
    .max_inputs = 2,
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
