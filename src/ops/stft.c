/* SPDX-License-Identifier: Apache-2.0 */
/* STFT: the Fourier transforms of overlapping, windowed frames of a signal. ONNX STFT-17.
 *
 * signal [B, L, 1] or, complex, [B, L, 2]; frame_step; window [n] (optional, all ones);
 * frame_length n (optional: that of the window, else L). Output [B, (L - n) / step + 1, n, 2], or n
 * / 2 + 1 in place of n (onesided, the default, of a real signal). Floats, computed in double. */
#include "opkit/fft.h"
#include "opkit/index.h"

typedef struct attrs {
    bool onesided;
} attrs;

typedef struct params {
    int64_t batch, length, step, n, frames, results;
    int parts;
    int64_t per_tile;
    uint32_t tiles;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    (void)err;
    ((attrs *)out)->onesided = tenon__attr_int(node, "onesided", 1) != 0;
    return TENON_OK;
}

static tenon_status check(tenon__infer *c)
{
    const tenon__view *x = c->in[0];
    if (x->dtype != TENON_NONE && x->dtype != TENON_F32 && x->dtype != TENON_F64 &&
        x->dtype != TENON_F16 && x->dtype != TENON_BF16)
        return tenon__fail(c->err, TENON_ETYPE, "the signal is %s; it must be a float",
                           tenon_dtype_text(x->dtype));
    tenon_status st = tenon__check_rank(c, 0, 3, "the signal");
    if (st == TENON_OK && TENON__HAS(c, 2)) st = tenon__check_rank(c, 2, 1, "the window");
    if (st == TENON_OK && TENON__HAS(c, 2)) st = tenon__check_same(c, 0, 2);
    if (st) return st;
    int64_t parts = x->rank == 3 ? x->dims[2] : TENON__DIM_UNKNOWN;
    if (parts >= 0 && parts != 1 && parts != 2)
        return tenon__fail(c->err, TENON_ESHAPE, "the signal's last dim is %lld; it must be 1 or 2",
                           (long long)parts);
    if (parts == 2 && ((const attrs *)c->attrs)->onesided)
        return tenon__fail(c->err, TENON_ESHAPE, "onesided needs a real signal");
    return TENON_OK;
}

/* Frame length and step. */
static tenon_status settings(tenon__infer *c, int64_t *n, int64_t *step)
{
    const tenon__view *window = TENON__HAS(c, 2) ? c->in[2] : NULL;
    int count;
    tenon_status st = tenon__infer_ints(c, 1, step, 1, &count);
    if (st) return st;
    if (count != 1 || *step < 1)
        return tenon__fail(c->err, TENON_ESHAPE, "frame_step must be one number above 0");
    *n = window && window->rank == 1      ? window->dims[0]
         : !window && c->in[0]->rank == 3 ? c->in[0]->dims[1]
                                          : -1;
    if (TENON__HAS(c, 3)) {
        st = tenon__infer_ints(c, 3, n, 1, &count);
        if (st) return st;
        if (count != 1) return tenon__fail(c->err, TENON_ESHAPE, "frame_length must be one number");
        if (window && window->rank == 1 && !tenon__dim_agrees(window->dims[0], *n))
            return tenon__fail(c->err, TENON_ESHAPE,
                               "the window has %lld elements; frame_length is %lld",
                               (long long)window->dims[0], (long long)*n);
        if (*n < 1) *n = 0;
    }
    if (*n == 0 || *n > TENON__FFT_MOST)
        return tenon__fail(c->err, TENON_ELIMIT, "the frame length must lie in [1, %lld]",
                           (long long)TENON__FFT_MOST);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    int64_t dims[4] = {TENON__DIM_UNKNOWN, TENON__DIM_UNKNOWN, TENON__DIM_UNKNOWN, 2}, n, step;
    if (x->rank == 3) dims[0] = x->dims[0];
    tenon__infer_set(c, 0, x->dtype, 4, dims);
    tenon_status st = check(c);
    if (st == TENON_OK) st = settings(c, &n, &step);
    if (st) return st;
    if (n > 0) dims[2] = a->onesided ? n / 2 + 1 : n;
    if (n > 0 && x->rank == 3 && x->dims[1] >= 0)
        dims[1] = x->dims[1] < n ? 0 : (x->dims[1] - n) / step + 1;
    tenon__infer_set(c, 0, x->dtype, 4, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *x = c->in[0];
    params *p = c->params;
    p->batch = x->dims[0];
    p->length = x->dims[1];
    p->parts = (int)x->dims[2];
    p->n = TENON__HAS(c, 2) ? c->in[2]->dims[0] : p->length;
    (void)tenon__view_ints(c->in[1], &p->step, 1);
    if (TENON__HAS(c, 3)) (void)tenon__view_ints(c->in[3], &p->n, 1);
    p->frames = c->out[0]->dims[1];
    p->results = c->out[0]->dims[2];
    c->phases = 2;
    p->tiles = tenon__tiles(p->batch * p->frames, 60.0 * (double)p->n, &p->per_tile);
    c->tiles = p->tiles;
    c->work_bytes = tenon__fft_table_count(p->n) * sizeof(double);
    c->scratch_bytes = (2 * (size_t)p->n + tenon__fft_scratch_count(p->n)) * sizeof(double);
    return TENON_OK;
}

static uint32_t tiles(const void *parameters, uint32_t phase)
{
    return phase == 0 ? 1 : ((const params *)parameters)->tiles;
}

#define FRAMES(type)                                                                               \
    static void load_##type(const params *p, const void *signal, int64_t at, const void *window,   \
                            double *data)                                                          \
    {                                                                                              \
        const type *x = (const type *)signal + at * p->parts, *w = window;                         \
        for (int64_t k = 0; k < p->n; k++) {                                                       \
            const double weight = w ? (double)w[k] : 1;                                            \
            data[2 * k] = (double)x[k * p->parts] * weight;                                        \
            data[2 * k + 1] = p->parts == 2 ? (double)x[2 * k + 1] * weight : 0;                   \
        }                                                                                          \
    }                                                                                              \
    static void store_##type(const params *p, const double *data, void *out, int64_t frame)        \
    {                                                                                              \
        type *y = (type *)out + frame * p->results * 2;                                            \
        for (int64_t k = 0; k < 2 * p->results; k++)                                               \
            y[k] = (type)data[k];                                                                  \
    }
FRAMES(float)
FRAMES(double)

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    const void *window = TENON__HAS(r, 2) ? r->in[2]->data : NULL;
    double *data = r->scratch;
    bool wide = r->in[0]->dtype == TENON_F64;
    if (r->phase == 0) {
        tenon__fft_table(p->n, r->work);
        return TENON_OK;
    }
    int64_t frame = (int64_t)r->tile * p->per_tile, end = frame + p->per_tile;
    for (; frame < end && frame < p->batch * p->frames; frame++) {
        int64_t at = frame / p->frames * p->length + frame % p->frames * p->step;
        (wide ? load_double : load_float)(p, r->in[0]->data, at, window, data);
        tenon__fft_run(p->n, r->work, data, data + 2 * p->n);
        (wide ? store_double : store_float)(p, data, r->out[0]->data, frame);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "STFT", 17, 0, NULL}, {0}};

const tenon__op tenon__op_stft = {
    .name = "STFT",
    .doc = "Fourier transforms of windowed frames of a signal",
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .tiles = tiles,
    .run = run,
};
