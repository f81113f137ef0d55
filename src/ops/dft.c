/* SPDX-License-Identifier: Apache-2.0 */
/* DFT: the discrete Fourier transform along an axis. ONNX DFT-17, 20.
 *
 * The last dim holds a real number (1) or a complex one (2). The axis, `axis` (an attribute,
 * default 1, in DFT-17; an input, default -2, since 20), is cut or padded with zeros to dft_length
 * (default: its extent), n. Output: n complex numbers, or the first n / 2 + 1 (onesided, of a real
 * input). inverse has the other sign and divides by n; with onesided it takes the first n / 2 + 1
 * of a transform, n being 2 * (extent - 1) by default, and gives n real numbers. Floats, computed
 * in double. */
#include "opkit/fft.h"
#include "opkit/index.h"

typedef struct attrs {
    bool inverse, onesided;
    int64_t axis;
    bool axis_input; /* input 2 says otherwise, if there */
} attrs;

typedef struct params {
    int64_t outer, extent, inner, n, results; /* results of a line: places, not numbers */
    int in_parts, out_parts;                  /* 1 or 2 */
    int64_t per_tile;
    uint32_t tiles;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    (void)err;
    a->inverse = tenon__attr_int(node, "inverse", 0) != 0;
    a->onesided = tenon__attr_int(node, "onesided", 0) != 0;
    a->axis_input = node->opset >= 20;
    a->axis = a->axis_input ? -2 : tenon__attr_int(node, "axis", 1);
    return TENON_OK;
}

static bool is_float(tenon_dtype t)
{
    return t == TENON_NONE || t == TENON_F32 || t == TENON_F64 || t == TENON_F16 || t == TENON_BF16;
}

/* What the inputs say. TENON_EAGAIN where they are not known. */
static tenon_status settings(tenon__infer *c, int *axis, int64_t *n)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    int64_t number = a->axis;
    int count = 1;
    if (a->axis_input && TENON__HAS(c, 2)) {
        tenon_status st = tenon__infer_ints(c, 2, &number, 1, &count);
        if (st) return st;
    }
    if (count != 1) return tenon__fail(c->err, TENON_ESHAPE, "axis must be one number");
    tenon_status st = tenon__infer_axis(c, "axis", number, x->rank, axis);
    if (st) return st;
    if (*axis == x->rank - 1)
        return tenon__fail(c->err, TENON_EFORMAT,
                           "axis is the last dim, which holds the parts of a number");
    *n = x->dims[*axis];
    if (*n >= 0 && a->inverse && a->onesided) *n = 2 * (*n - 1);
    if (TENON__HAS(c, 1)) {
        st = tenon__infer_ints(c, 1, n, 1, &count);
        if (st) return st;
        if (count != 1 || *n < 1)
            return tenon__fail(c->err, TENON_ESHAPE, "dft_length must be one number above 0");
    }
    if (x->dims[*axis] >= 0 && (*n < 1 || *n > TENON__FFT_MOST))
        return tenon__fail(c->err, TENON_ELIMIT, "the length is %lld; it must lie in [1, %lld]",
                           (long long)*n, (long long)TENON__FFT_MOST);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    int64_t dims[TENON_MAX_RANK], n;
    int axis;
    for (int d = 0; d < TENON_MAX_RANK; d++)
        dims[d] = TENON__DIM_UNKNOWN;
    tenon__infer_set(c, 0, x->dtype, x->rank, dims);
    if (!is_float(x->dtype))
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; it must be a float",
                           tenon_dtype_text(x->dtype));
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    int64_t parts = x->rank ? x->dims[x->rank - 1] : 0;
    if (x->rank < 2 || (parts >= 0 && parts != 1 && parts != 2))
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the input must have a last dim of 1 or 2, and one to transform");
    if (a->onesided && !a->inverse && parts == 2)
        return tenon__fail(c->err, TENON_ESHAPE, "onesided needs a real input");
    if (a->onesided && a->inverse && parts == 1)
        return tenon__fail(c->err, TENON_ESHAPE, "onesided and inverse need a complex input");
    tenon_status st = settings(c, &axis, &n);
    if (st) return st;
    memcpy(dims, x->dims, sizeof dims);
    dims[axis] = n < 0 ? TENON__DIM_UNKNOWN : a->onesided && !a->inverse ? n / 2 + 1 : n;
    dims[x->rank - 1] = a->onesided && a->inverse ? 1 : 2;
    tenon__infer_set(c, 0, x->dtype, x->rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    params *p = c->params;
    int64_t axis = a->axis;
    if (a->axis_input && TENON__HAS(c, 2)) (void)tenon__view_ints(c->in[2], &axis, 1);
    axis = tenon__axis_of(axis, x->rank);
    p->outer = tenon__dims_product(x->dims, 0, (int)axis);
    p->extent = x->dims[axis];
    p->inner = tenon__dims_product(x->dims, (int)axis + 1, x->rank - 1);
    p->in_parts = (int)x->dims[x->rank - 1];
    p->out_parts = (int)c->out[0]->dims[x->rank - 1];
    p->results = c->out[0]->dims[axis];
    p->n = a->onesided && a->inverse ? 2 * (p->extent - 1) : p->extent;
    if (TENON__HAS(c, 1)) (void)tenon__view_ints(c->in[1], &p->n, 1);
    c->phases = 2;
    p->tiles = tenon__tiles(p->outer * p->inner, 60.0 * (double)p->n, &p->per_tile);
    c->tiles = p->tiles;
    c->work_bytes = tenon__fft_table_count(p->n) * sizeof(double);
    c->scratch_bytes = (2 * (size_t)p->n + tenon__fft_scratch_count(p->n)) * sizeof(double);
    return TENON_OK;
}

static uint32_t tiles(const void *parameters, uint32_t phase)
{
    return phase == 0 ? 1 : ((const params *)parameters)->tiles;
}

/* Number `part` of place k of a line. */
#define LINES(type)                                                                                \
    static void load_##type(const params *p, const type *x, double *data)                          \
    {                                                                                              \
        for (int64_t k = 0; k < p->n; k++) {                                                       \
            const type *at = x + k * p->inner * p->in_parts;                                       \
            data[2 * k] = k < p->extent ? (double)at[0] : 0;                                       \
            data[2 * k + 1] = k < p->extent && p->in_parts == 2 ? (double)at[1] : 0;               \
        }                                                                                          \
    }                                                                                              \
    static void store_##type(const params *p, const double *data, type *out)                       \
    {                                                                                              \
        for (int64_t k = 0; k < p->results; k++)                                                   \
            for (int part = 0; part < p->out_parts; part++)                                        \
                out[k * p->inner * p->out_parts + part] = (type)data[2 * k + part];                \
    }
LINES(float)
LINES(double)

/* The half that was left out: a real result has a conjugate second half. */
static void mirror(double *data, int64_t n)
{
    data[1] = 0;
    if (n % 2 == 0) data[n + 1] = 0;
    for (int64_t k = 1; 2 * k < n; k++) {
        data[2 * (n - k)] = data[2 * k];
        data[2 * (n - k) + 1] = -data[2 * k + 1];
    }
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    double *data = r->scratch;
    bool wide = r->in[0]->dtype == TENON_F64;
    if (r->phase == 0) {
        tenon__fft_table(p->n, r->work);
        return TENON_OK;
    }
    int64_t line = (int64_t)r->tile * p->per_tile, end = line + p->per_tile;
    for (; line < end && line < p->outer * p->inner; line++) {
        int64_t outer = line / p->inner, inner = line % p->inner;
        int64_t from = (outer * p->extent * p->inner + inner) * p->in_parts;
        int64_t to = (outer * p->results * p->inner + inner) * p->out_parts;
        if (wide)
            load_double(p, (const double *)r->in[0]->data + from, data);
        else
            load_float(p, (const float *)r->in[0]->data + from, data);
        if (a->inverse && a->onesided) mirror(data, p->n);
        if (a->inverse)
            tenon__fft_inverse(p->n, r->work, data, data + 2 * p->n);
        else
            tenon__fft_run(p->n, r->work, data, data + 2 * p->n);
        if (wide)
            store_double(p, data, (double *)r->out[0]->data + to);
        else
            store_float(p, data, (float *)r->out[0]->data + to);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "DFT", 17, 0, NULL}, {0}};

const tenon__op tenon__op_dft = {
    .name = "DFT",
    .doc = "The discrete Fourier transform along an axis",
    .min_inputs = 1,
    .max_inputs = 3,
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
