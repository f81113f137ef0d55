/* SPDX-License-Identifier: Apache-2.0 */
/* AffineGrid: for each place of an image, theta applied to its coordinates. ONNX AffineGrid-20.
 *
 * theta [N, n, n + 1], size [N, C, d1, .. dn] (int64), n being 2 or 3; out [N, d1, .. dn, n]. The
 * coordinates of a place run from -1 to 1, the last dim's first: middles of the corners
 * (align_corners; 0 where the extent is 1) or inside their outer edges. Floats. */
#include "opkit/index.h"

typedef struct attrs {
    bool align;
} attrs;

typedef struct params {
    int n;
    int64_t dims[3], lines, per_tile; /* lines of the last dim */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    (void)err;
    ((attrs *)out)->align = tenon__attr_int(node, "align_corners", 0) != 0;
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *theta = c->in[0];
    tenon_dtype t = theta->dtype;
    int64_t size[5], dims[5];
    int count;
    tenon__infer_set(c, 0, t, TENON__RANK_UNKNOWN, NULL);
    if (t != TENON_NONE && t != TENON_F32 && t != TENON_F64 && t != TENON_F16 && t != TENON_BF16)
        return tenon__fail(c->err, TENON_ETYPE, "theta is %s; it must be a float",
                           tenon_dtype_text(t));
    tenon_status st = tenon__check_rank(c, 0, 3, "theta");
    if (st == TENON_OK) st = tenon__infer_ints(c, 1, size, 5, &count);
    if (st) return st;
    if (count != 4 && count != 5)
        return tenon__fail(c->err, TENON_ESHAPE, "size has %d numbers; it must have 4 or 5", count);
    int n = count - 2;
    for (int d = 0; d < count; d++)
        if (size[d] < 0)
            return tenon__fail(c->err, TENON_ESHAPE, "size has %lld at %d", (long long)size[d], d);
    if (theta->rank == 3 &&
        (!tenon__dim_agrees(theta->dims[0], size[0]) || !tenon__dim_agrees(theta->dims[1], n) ||
         !tenon__dim_agrees(theta->dims[2], n + 1)))
        return tenon__fail(c->err, TENON_ESHAPE,
                           "theta is [%lld, %lld, %lld]; size asks for [%lld, %d, %d]",
                           (long long)theta->dims[0], (long long)theta->dims[1],
                           (long long)theta->dims[2], (long long)size[0], n, n + 1);
    dims[0] = size[0];
    memcpy(dims + 1, size + 2, (size_t)n * sizeof *size);
    dims[n + 1] = n;
    tenon__infer_set(c, 0, t, n + 2, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *out = c->out[0];
    params *p = c->params;
    p->n = out->rank - 2;
    memcpy(p->dims, out->dims + 1, (size_t)p->n * sizeof *p->dims);
    p->lines = tenon__dims_product(out->dims, 0, p->n);
    int64_t width = p->dims[p->n - 1];
    c->tiles = width ? tenon__tiles(p->lines, 10.0 * (double)width, &p->per_tile) : 0;
    return TENON_OK;
}

static double coordinate(bool align, int64_t i, int64_t extent)
{
    if (!align) return ((double)(2 * i + 1) - (double)extent) / (double)extent;
    return extent > 1 ? (double)(2 * i - (extent - 1)) / (double)(extent - 1) : 0;
}

/* The line's coordinates but the first are `at`; the first runs. */
#define LINE(type)                                                                                 \
    static void line_##type(const params *p, bool align, const type *theta, double *at, type *out) \
    {                                                                                              \
        const int64_t width = p->dims[p->n - 1];                                                   \
        for (int64_t x = 0; x < width; x++) {                                                      \
            at[0] = coordinate(align, x, width);                                                   \
            for (int k = 0; k < p->n; k++) {                                                       \
                const type *row = theta + k * (p->n + 1);                                          \
                double sum = (double)row[p->n];                                                    \
                for (int j = 0; j < p->n; j++)                                                     \
                    sum += (double)row[j] * at[j];                                                 \
                out[x * p->n + k] = (type)sum;                                                     \
            }                                                                                      \
        }                                                                                          \
    }
LINE(float)
LINE(double)

static tenon_status run(const tenon__run *r)
{
    bool align = ((const attrs *)r->attrs)->align;
    const params *p = r->params;
    int64_t line = (int64_t)r->tile * p->per_tile, end = line + p->per_tile;
    int64_t width = p->dims[p->n - 1];
    for (; line < end && line < p->lines; line++) {
        double at[3] = {0};
        int64_t rest = line;
        for (int d = p->n - 2; d >= 0; d--) {
            at[p->n - 1 - d] = coordinate(align, rest % p->dims[d], p->dims[d]);
            rest /= p->dims[d];
        }
        int64_t theta = rest * p->n * (p->n + 1), out = line * width * p->n;
        if (r->in[0]->dtype == TENON_F64)
            line_double(p, align, (const double *)r->in[0]->data + theta, at,
                        (double *)r->out[0]->data + out);
        else
            line_float(p, align, (const float *)r->in[0]->data + theta, at,
                       (float *)r->out[0]->data + out);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "AffineGrid", 20, 0, NULL}, {0}};

const tenon__op tenon__op_affine_grid = {
    .name = "AffineGrid",
    .doc = "An affine map applied to each place of an image",
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
