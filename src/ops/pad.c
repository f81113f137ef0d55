/* SPDX-License-Identifier: Apache-2.0 */
/* Pad: elements added (or, where negative, taken off) at both ends of the axes. ONNX Pad-1 .. 25.
 *
 * pads is [begin of each axis, end of each axis]; an attribute before opset 11 (`paddings` in
 * Pad-1), an input since. axes (opset 18) names the axes; all by default. mode: constant (value:
 * attribute `value`, then input 2, default 0), reflect (without the edge, as often as needed),
 * edge, wrap (opset 19). What is taken off goes first. Any dtype of whole bytes. */
#include "opkit/copy.h"
#include "opkit/index.h"
#include "tensor/convert.h"

typedef enum pad_mode { CONSTANT, REFLECT, EDGE, WRAP } pad_mode;

typedef struct attrs {
    pad_mode mode;
    int count; /* of pads; -1: an input */
    int64_t pads[2 * TENON_MAX_RANK];
    float value;
} attrs;

/* Neighbouring dims without pads are one; trailing ones make up the unit that is moved. */
typedef struct params {
    pad_mode mode;
    int rank;
    size_t elem_bytes;
    int64_t unit; /* elements */
    int64_t rows, rows_per_tile;
    int64_t in[TENON_MAX_RANK], out[TENON_MAX_RANK];
    int64_t from[TENON_MAX_RANK];   /* first element of the input that is kept */
    int64_t kept[TENON_MAX_RANK];   /* how many are kept */
    int64_t before[TENON_MAX_RANK]; /* added in front */
    uint8_t value[16];
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
    attrs *a = out;
    tenon__str text = tenon__attr_str(node, "mode", "constant");
    size_t count;
    const int64_t *pads = tenon__attr_ints(node, node->opset < 2 ? "paddings" : "pads", &count);
    (void)graph;
    int m = 0;
    while (m < 4 && !tenon__str_is(text, names[m]))
        m++;
    if (m == 4)
        return tenon__fail(err, TENON_EFORMAT,
                           "mode is '%.*s'; it must be constant, reflect, edge or wrap",
                           TENON__STR_ARG(text));
    a->mode = (pad_mode)m;
    a->value = tenon__attr_float(node, "value", 0);
    a->count = -1;
    if (node->opset >= 11 || !pads) return TENON_OK;
    if (count > 2 * TENON_MAX_RANK)
        return tenon__fail(err, TENON_ELIMIT,
                           "pads has %zu numbers; ranks above %d are not supported", count,
                           TENON_MAX_RANK);
    a->count = (int)count;
    memcpy(a->pads, pads, count * sizeof *pads);
    return TENON_OK;
}

/* The pads of each axis from the lists as given. false where an axis is out of range or a count is
 * wrong. */
static bool spread(int rank, const int64_t *pads, int count, const int64_t *axes, int axis_count,
                   int64_t *before, int64_t *after)
{
    for (int d = 0; d < rank; d++)
        before[d] = after[d] = 0;
    int n = axis_count < 0 ? rank : axis_count;
    if (count != 2 * n) return false;
    for (int k = 0; k < n; k++) {
        int64_t axis = axis_count < 0 ? k : axes[k] < 0 ? axes[k] + rank : axes[k];
        if (axis < 0 || axis >= rank) return false;
        before[axis] = pads[k];
        after[axis] = pads[n + k];
    }
    return true;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t pads[2 * TENON_MAX_RANK], axes[TENON_MAX_RANK], dims[TENON_MAX_RANK];
    int64_t before[TENON_MAX_RANK], after[TENON_MAX_RANK];
    int count = a->count, axis_count = -1;
    size_t elem;
    for (int d = 0; d < TENON_MAX_RANK; d++)
        dims[d] = TENON__DIM_UNKNOWN;
    tenon__infer_set(c, 0, in->dtype, in->rank, dims);
    tenon_status st = in->dtype ? tenon__elem_bytes(in->dtype, "Pad", &elem, c->err) : TENON_OK;
    if (st) return st;
    if (count >= 0) {
        memcpy(pads, a->pads, sizeof pads);
    } else {
        st = tenon__infer_ints(c, 1, pads, 2 * TENON_MAX_RANK, &count);
        if (st == TENON_OK) st = tenon__infer_ints(c, 3, axes, TENON_MAX_RANK, &axis_count);
        if (st) return st;
    }
    if (TENON__HAS(c, 2)) {
        st = tenon__check_same(c, 0, 2);
        if (st) return st;
        int64_t values = tenon__view_count(c->in[2]);
        if (values >= 0 && values != 1)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "the constant value has %lld elements; it must have one",
                               (long long)values);
    }
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    if (!spread(in->rank, pads, count, axes, axis_count, before, after))
        return tenon__fail(c->err, TENON_ESHAPE,
                           "%d pads do not fit %d axes of an input of rank %d", count,
                           axis_count < 0 ? in->rank : axis_count, in->rank);
    for (int d = 0; d < in->rank; d++) {
        if (in->dims[d] < 0) {
            if (before[d] == 0 && after[d] == 0) dims[d] = in->dims[d];
            continue;
        }
        int64_t cut = (before[d] < 0 ? before[d] : 0) + (after[d] < 0 ? after[d] : 0);
        if (before[d] < -in->dims[d] || after[d] < -in->dims[d] || cut < -in->dims[d])
            return tenon__fail(
                c->err, TENON_ESHAPE, "pads take %lld and %lld off dim %d, which is %lld",
                (long long)-before[d], (long long)-after[d], d, (long long)in->dims[d]);
        if (!tenon__add_i64(in->dims[d], before[d], &dims[d]) ||
            !tenon__add_i64(dims[d], after[d], &dims[d]))
            return tenon__fail(c->err, TENON_ELIMIT, "dim %d overflows", d);
        if (in->dims[d] + cut == 0 && dims[d] > 0 && a->mode != CONSTANT)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "dim %d is empty: there is nothing to pad it with", d);
    }
    tenon__infer_set(c, 0, in->dtype, in->rank, dims);
    return TENON_OK;
}

static void bind_dims(params *p, const tenon__view *in, const int64_t *before, const int64_t *after)
{
    bool plain = false; /* whether the last dim taken in has no pads */
    p->rank = 0;
    p->unit = 1;
    for (int d = 0; d < in->rank; d++) {
        bool none = before[d] == 0 && after[d] == 0;
        if (none && plain) {
            int k = p->rank - 1;
            p->in[k] *= in->dims[d];
            p->out[k] = p->kept[k] = p->in[k];
            continue;
        }
        int k = p->rank++;
        p->in[k] = in->dims[d];
        p->out[k] = in->dims[d] + before[d] + after[d];
        p->from[k] = before[d] < 0 ? -before[d] : 0;
        p->before[k] = before[d] > 0 ? before[d] : 0;
        p->kept[k] = in->dims[d] - p->from[k] - (after[d] < 0 ? -after[d] : 0);
        plain = none;
    }
    if (plain) p->unit = p->in[--p->rank];
    if (p->rank == 0) { /* nothing is padded: one row of one unit */
        p->rank = 1;
        p->in[0] = p->out[0] = p->kept[0] = 1;
        p->from[0] = p->before[0] = 0;
    }
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    params *p = c->params;
    int64_t pads[2 * TENON_MAX_RANK], axes[TENON_MAX_RANK];
    int64_t before[TENON_MAX_RANK], after[TENON_MAX_RANK];
    int count = a->count, axis_count = -1;
    if (count >= 0) {
        memcpy(pads, a->pads, sizeof pads);
    } else {
        count = tenon__view_ints(c->in[1], pads, 2 * TENON_MAX_RANK);
        if (TENON__HAS(c, 3)) axis_count = tenon__view_ints(c->in[3], axes, TENON_MAX_RANK);
    }
    (void)spread(in->rank, pads, count, axes, axis_count, before, after);
    bind_dims(p, in, before, after);
    p->mode = a->mode;
    p->elem_bytes = tenon_dtype_bits(in->dtype) / 8;
    memset(p->value, 0, sizeof p->value);
    if (a->value != 0) {
        tenon_status st =
            tenon__convert(TENON_F32, &a->value, in->dtype, p->value, 0, 1, true, c->err);
        if (st) return st;
    }
    int64_t row_bytes = p->out[p->rank - 1] * p->unit * (int64_t)p->elem_bytes;
    p->rows = tenon__dims_product(p->out, 0, p->rank - 1);
    c->tiles =
        row_bytes ? tenon__tiles(p->rows, 10 + 0.06 * (double)row_bytes, &p->rows_per_tile) : 0;
    return TENON_OK;
}

/* Where place i of an axis of n kept elements comes from, i counted from the first kept one; -1:
 * the constant. */
static int64_t source(pad_mode mode, int64_t i, int64_t n)
{
    if (i >= 0 && i < n) return i;
    switch (mode) {
    case EDGE:
        return i < 0 ? 0 : n - 1;
    case WRAP:
        i %= n;
        return i < 0 ? i + n : i;
    case REFLECT: {
        int64_t period = 2 * (n - 1);
        if (period == 0) return 0;
        i %= period;
        if (i < 0) i += period;
        return i < n ? i : period - i;
    }
    default:
        return -1;
    }
}

/* Places [from, to) of a row that lie outside what is kept. */
static void margin(const params *p, const uint8_t *row, uint8_t *out, int64_t from, int64_t to,
                   const void *value)
{
    int k = p->rank - 1;
    int64_t bytes = p->unit * (int64_t)p->elem_bytes;
    if (p->mode == CONSTANT) {
        tenon__fill(out + from * bytes, value, p->elem_bytes, (to - from) * p->unit);
        return;
    }
    for (int64_t i = from; i < to; i++) {
        int64_t at = p->from[k] + source(p->mode, i - p->before[k], p->kept[k]);
        memcpy(out + i * bytes, row + at * bytes, (size_t)bytes);
    }
}

/* One row of the last padded axis. */
static void run_row(const params *p, const uint8_t *in, uint8_t *out, int64_t row,
                    const void *value)
{
    int last = p->rank - 1;
    int64_t bytes = p->unit * (int64_t)p->elem_bytes, at = 0, rest = row, step = 1;
    bool outside = p->kept[last] == 0;
    for (int d = last - 1; d >= 0; d--) {
        int64_t i = source(p->mode, rest % p->out[d] - p->before[d], p->kept[d]);
        rest /= p->out[d];
        if (i < 0) outside = true;
        at += (p->from[d] + (i < 0 ? 0 : i)) * step;
        step *= p->in[d];
    }
    out += row * p->out[last] * bytes;
    if (outside) {
        tenon__fill(out, value, p->elem_bytes, p->out[last] * p->unit);
        return;
    }
    const uint8_t *src = in + at * p->in[last] * bytes;
    int64_t from = p->before[last], to = from + p->kept[last];
    margin(p, src, out, 0, from, value);
    memcpy(out + from * bytes, src + p->from[last] * bytes, (size_t)(p->kept[last] * bytes));
    margin(p, src, out, to, p->out[last], value);
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    const void *value = TENON__HAS(r, 2) ? r->in[2]->data : p->value;
    int64_t row = (int64_t)r->tile * p->rows_per_tile, end = row + p->rows_per_tile;
    for (; row < end && row < p->rows; row++)
        run_row(p, r->in[0]->data, r->out[0]->data, row, value);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Pad", 1, 0, NULL}, {0}};

const tenon__op tenon__op_pad = {
    .name = "Pad",
    .doc = "Adds elements at the ends of axes",
    .min_inputs = 1,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
