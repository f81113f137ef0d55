/* SPDX-License-Identifier: Apache-2.0 */
/* Col2Im: ONNX Col2Im-18.
 *
 * X [N, C * B, L] holds, for each of L positions of a window of B taps, what it contributes to the
 * elements under it; Y [N, C, image...] is the sum of all contributions, what falls into the
 * padding being lost. image_shape and block_shape (the window) are int64 lists of one length.
 * Attributes strides, dilations, pads as in opkit/window.h. f32, f64 and integers (f16 and bf16 are
 * widened). */
#include "opkit/index.h"
#include "opkit/window.h"

typedef struct params {
    tenon__window window; /* over the image: in is the image, out the positions */
    int64_t planes, per_tile, image, taps, positions;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    tenon__window_attrs *a = out;
    (void)graph;
    tenon_status st = tenon__window_read(node, a, err);
    if (st) return st;
    a->auto_pad = TENON__PAD_EXPLICIT;
    a->ceil_mode = a->has_kernel = false;
    return TENON_OK;
}

/* The lists must be known. */
static tenon_status fit(const tenon__window_attrs *a, int rank, const int64_t *image,
                        const int64_t *block, const tenon__view *x, tenon__window *w,
                        int64_t *channels, tenon_error *err)
{
    for (int i = 0; i < rank; i++)
        if (image[i] < 0 || block[i] < 1)
            return tenon__fail(err, TENON_ESHAPE,
                               "image_shape has %lld, block_shape %lld on axis %d",
                               (long long)image[i], (long long)block[i], i);
    tenon_status st = tenon__window_fit(a, rank, image, block, w, err);
    if (st) return st;
    int64_t taps = 1, positions = 1;
    for (int i = 0; i < rank; i++) {
        if (!tenon__mul_i64(taps, w->axis[i].kernel, &taps) ||
            !tenon__mul_i64(positions, w->axis[i].out, &positions))
            return tenon__fail(err, TENON_ELIMIT, "the window is too large");
    }
    *channels = TENON__DIM_UNKNOWN;
    if (x->rank == TENON__RANK_UNKNOWN) return TENON_OK;
    if (x->rank != 3)
        return tenon__fail(err, TENON_ESHAPE, "the input has rank %d; want [N, C * block, L]",
                           x->rank);
    if (x->dims[1] >= 0 && x->dims[1] % taps)
        return tenon__fail(err, TENON_ESHAPE, "%lld rows do not divide into blocks of %lld",
                           (long long)x->dims[1], (long long)taps);
    if (x->dims[2] >= 0 && x->dims[2] != positions)
        return tenon__fail(err, TENON_ESHAPE,
                           "the input has %lld columns; %lld blocks fit the image",
                           (long long)x->dims[2], (long long)positions);
    if (x->dims[1] >= 0) *channels = x->dims[1] / taps;
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *x = c->in[0];
    int64_t image[TENON_MAX_RANK], block[TENON_MAX_RANK], dims[TENON_MAX_RANK], channels;
    int rank, block_rank;
    tenon__window w;
    if (!tenon__is_number(x->dtype) && x->dtype != TENON_F16 && x->dtype != TENON_BF16 &&
        x->dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; want numbers",
                           tenon_dtype_text(x->dtype));
    c->out[0]->dtype = x->dtype;
    tenon_status st = tenon__infer_ints(c, 1, image, TENON__MAX_SPATIAL, &rank);
    if (st == TENON_OK) st = tenon__infer_ints(c, 2, block, TENON__MAX_SPATIAL, &block_rank);
    if (st) return st;
    if (rank != block_rank || rank < 1)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "image_shape has %d numbers, block_shape %d; want as many, 1 or more",
                           rank, block_rank);
    if ((st = fit(c->attrs, rank, image, block, x, &w, &channels, c->err))) return st;
    dims[0] = x->rank == 3 ? x->dims[0] : TENON__DIM_UNKNOWN;
    dims[1] = channels;
    memcpy(dims + 2, image, (size_t)rank * sizeof *image);
    tenon__infer_set(c, 0, x->dtype, rank + 2, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    params *p = c->params;
    int64_t image[TENON_MAX_RANK], block[TENON_MAX_RANK], channels;
    const int rank = tenon__view_ints(c->in[1], image, TENON__MAX_SPATIAL);
    tenon__view_ints(c->in[2], block, TENON__MAX_SPATIAL);
    tenon_status st = fit(c->attrs, rank, image, block, c->in[0], &p->window, &channels, c->err);
    if (st) return st;
    p->image = p->taps = p->positions = 1;
    for (int i = 0; i < rank; i++) {
        p->image *= p->window.axis[i].in;
        p->taps *= p->window.axis[i].kernel;
        p->positions *= p->window.axis[i].out;
    }
    p->planes = c->in[0]->dims[0] * channels;
    c->tiles = tenon__tiles(p->planes, (double)p->taps * (double)p->positions + (double)p->image,
                            &p->per_tile);
    return TENON_OK;
}

/* Along the last axis tap t of position o adds to o * stride + t * dilation - before of the row at
 * `to`. */
#define ADD(name, type, sum)                                                                       \
    static void add_##name(const tenon__window_axis *a, int64_t t, const void *from, void *to)     \
    {                                                                                              \
        const type *x = from;                                                                      \
        type *y = to;                                                                              \
        for (int64_t o = 0; o < a->out; o++) {                                                     \
            const int64_t at = o * a->stride + t * a->dilation - a->before;                        \
            if (at >= 0 && at < a->in) y[at] = (type)((sum)y[at] + (sum)x[o]);                     \
        }                                                                                          \
    }
ADD(f32, float, float)
ADD(f64, double, double)
ADD(u8, uint8_t, uint32_t)
ADD(u16, uint16_t, uint32_t)
ADD(u32, uint32_t, uint32_t)
ADD(u64, uint64_t, uint64_t)

typedef void (*add_fn)(const tenon__window_axis *, int64_t, const void *, void *);

/* Signed sums wrap as unsigned ones do. */
static add_fn add_of(tenon_dtype dtype)
{
    switch (dtype) {
    case TENON_F64:
        return add_f64;
    case TENON_I8:
    case TENON_U8:
        return add_u8;
    case TENON_I16:
    case TENON_U16:
        return add_u16;
    case TENON_I32:
    case TENON_U32:
        return add_u32;
    case TENON_I64:
    case TENON_U64:
        return add_u64;
    default:
        return add_f32;
    }
}

static void run_plane(const params *p, add_fn add, int64_t bytes, const uint8_t *x, uint8_t *y)
{
    const tenon__window *w = &p->window;
    const int last = w->rank - 1;
    const tenon__window_axis *a = &w->axis[last];
    memset(y, 0, (size_t)(p->image * bytes));
    if (p->positions == 0) return;
    for (int64_t t = 0; t < p->taps; t++)
        for (int64_t line = 0; line < p->positions / a->out; line++) {
            int64_t tap = t / a->kernel, o = line, row = 0, step = 1;
            bool inside = true;
            for (int i = last - 1; i >= 0; i--) {
                const tenon__window_axis *b = &w->axis[i];
                const int64_t at =
                    o % b->out * b->stride + tap % b->kernel * b->dilation - b->before;
                inside = inside && at >= 0 && at < b->in;
                row += at * step;
                step *= b->in;
                o /= b->out;
                tap /= b->kernel;
            }
            if (inside)
                add(a, t % a->kernel, x + (t * p->positions + line * a->out) * bytes,
                    y + row * a->in * bytes);
        }
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    const int64_t bytes = tenon_dtype_bits(r->in[0]->dtype) / 8;
    int64_t end = (r->tile + (int64_t)1) * p->per_tile;
    if (end > p->planes) end = p->planes;
    if (p->image == 0) return TENON_OK;
    for (int64_t i = r->tile * p->per_tile; i < end; i++)
        run_plane(p, add_of(r->in[0]->dtype), bytes,
                  (const uint8_t *)r->in[0]->data + i * p->taps * p->positions * bytes,
                  (uint8_t *)r->out[0]->data + i * p->image * bytes);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Col2Im", 18, 0, NULL}, {0}};

const tenon__op tenon__op_col2im = {
    .name = "Col2Im",
    .doc = "Adds columns of windows up to an image",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__window_attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
