/* SPDX-License-Identifier: Apache-2.0 */
/* Slice: every step-th element of a range of each axis. ONNX Slice-1 .. 13.
 *
 * starts, ends, axes (default 0, 1, ...) and steps (default 1; none is 0) are lists of one length:
 * attributes in Slice-1, inputs since. Negative starts and ends count from the back; both are then
 * clamped as Python does, but that an end of INT32_MAX or INT64_MAX is the front for a negative
 * step, which walks backwards. Any dtype. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct attrs {
    bool given; /* Slice-1 */
    int count;
    int64_t starts[TENON_MAX_RANK], ends[TENON_MAX_RANK], axes[TENON_MAX_RANK];
} attrs;

typedef struct lists {
    int count;
    int64_t starts[TENON_MAX_RANK], ends[TENON_MAX_RANK], axes[TENON_MAX_RANK],
        steps[TENON_MAX_RANK];
} lists;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    size_t starts_count, ends_count, axes_count;
    const int64_t *starts = tenon__attr_ints(node, "starts", &starts_count);
    const int64_t *ends = tenon__attr_ints(node, "ends", &ends_count);
    const int64_t *axes = tenon__attr_ints(node, "axes", &axes_count);
    (void)graph;
    if (node->opset >= 10 || !starts) return TENON_OK;
    if (starts_count != ends_count || (axes && axes_count != starts_count) ||
        starts_count > TENON_MAX_RANK)
        return tenon__fail(err, TENON_EFORMAT,
                           "starts, ends and axes have %zu, %zu and %zu numbers", starts_count,
                           ends_count, axes_count);
    a->given = true;
    a->count = (int)starts_count;
    for (int k = 0; k < a->count; k++) {
        a->starts[k] = starts[k];
        a->ends[k] = ends[k];
        a->axes[k] = axes ? axes[k] : k;
    }
    return TENON_OK;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* The first element and how many, of a dim. */
static int64_t range_of(int64_t dim, int64_t start, int64_t end, int64_t step, int64_t *first)
{
    /* The largest numbers mean "all there is", backwards too, as other runtimes have it. */
    bool all = step < 0 && (end == INT32_MAX || end == INT64_MAX);
    if (start < 0) start += dim;
    if (end < 0) end += dim;
    if (all) end = -1;
    *first = 0;
    if (dim == 0) return 0;
    if (step > 0) {
        start = clamp(start, 0, dim);
        end = clamp(end, 0, dim);
        *first = start;
        return end > start ? 1 + (end - start - 1) / step : 0;
    }
    start = clamp(start, 0, dim - 1);
    end = clamp(end, -1, dim - 1);
    *first = start;
    /* -step overflows for the least number; one element is all that such a step leaves */
    int64_t back = step == INT64_MIN ? INT64_MAX : -step;
    return start > end ? 1 + (start - end - 1) / back : 0;
}

static tenon_status one_list(tenon__infer *c, uint32_t i, const char *what, int64_t *out,
                             int *count)
{
    int n;
    tenon_status st = tenon__infer_ints(c, i, out, TENON_MAX_RANK, &n);
    if (st) return st;
    if (i <= 2 && n < 0) return tenon__fail(c->err, TENON_EFORMAT, "%s are missing", what);
    if (*count < 0) *count = n;
    if (n >= 0 && n != *count)
        return tenon__fail(c->err, TENON_ESHAPE, "%s have %d numbers; starts have %d", what, n,
                           *count);
    return TENON_OK;
}

/* axes first: they say which dims stay whatever the rest. */
static tenon_status read_lists(tenon__infer *c, lists *l)
{
    const attrs *a = c->attrs;
    l->count = -1;
    for (int k = 0; k < TENON_MAX_RANK; k++) {
        l->axes[k] = k;
        l->steps[k] = 1;
    }
    if (a->given) {
        l->count = a->count;
        memcpy(l->starts, a->starts, sizeof l->starts);
        memcpy(l->ends, a->ends, sizeof l->ends);
        memcpy(l->axes, a->axes, sizeof l->axes);
        return TENON_OK;
    }
    tenon_status st = one_list(c, 3, "axes", l->axes, &l->count);
    if (st == TENON_OK) st = one_list(c, 1, "starts", l->starts, &l->count);
    if (st == TENON_OK) st = one_list(c, 2, "ends", l->ends, &l->count);
    if (st == TENON_OK) st = one_list(c, 4, "steps", l->steps, &l->count);
    return st;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *in = c->in[0];
    int64_t dims[TENON_MAX_RANK], first;
    lists l;
    tenon__infer_set(c, 0, in->dtype, in->rank, in->dims);
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    tenon_status st = read_lists(c, &l);
    memcpy(dims, in->dims, sizeof dims);
    if (st == TENON_EAGAIN) {
        for (int d = 0; d < in->rank; d++)
            dims[d] = TENON__DIM_UNKNOWN;
        tenon__infer_set(c, 0, in->dtype, in->rank, dims);
    }
    if (st) return st;
    bool seen[TENON_MAX_RANK] = {false};
    for (int k = 0; k < l.count; k++) {
        int axis;
        st = tenon__infer_axis(c, "axes", l.axes[k], in->rank, &axis);
        if (st) return st;
        if (seen[axis]) return tenon__fail(c->err, TENON_EFORMAT, "axes names dim %d twice", axis);
        seen[axis] = true;
        if (l.steps[k] == 0) return tenon__fail(c->err, TENON_EFORMAT, "a step is 0");
        if (in->dims[axis] >= 0)
            dims[axis] = range_of(in->dims[axis], l.starts[k], l.ends[k], l.steps[k], &first);
        else if (l.starts[k] != 0 || l.steps[k] != 1 || l.ends[k] < INT32_MAX)
            dims[axis] = TENON__DIM_UNKNOWN;
    }
    tenon__infer_set(c, 0, in->dtype, in->rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t starts[TENON_MAX_RANK], ends[TENON_MAX_RANK], axes[TENON_MAX_RANK],
        steps[TENON_MAX_RANK];
    int64_t strides[TENON_MAX_RANK], first, at = 0;
    int count = a->count;
    for (int k = 0; k < TENON_MAX_RANK; k++) {
        axes[k] = k;
        steps[k] = 1;
    }
    if (a->given) {
        memcpy(starts, a->starts, sizeof starts);
        memcpy(ends, a->ends, sizeof ends);
        memcpy(axes, a->axes, sizeof axes);
    } else {
        count = tenon__view_ints(c->in[1], starts, TENON_MAX_RANK);
        (void)tenon__view_ints(c->in[2], ends, TENON_MAX_RANK);
        if (TENON__HAS(c, 3)) (void)tenon__view_ints(c->in[3], axes, TENON_MAX_RANK);
        if (TENON__HAS(c, 4)) (void)tenon__view_ints(c->in[4], steps, TENON_MAX_RANK);
    }
    tenon__dense_strides(in->rank, in->dims, strides);
    for (int k = 0; k < count; k++) {
        int axis = tenon__axis_of(axes[k], in->rank);
        int64_t n = range_of(in->dims[axis], starts[k], ends[k], steps[k], &first);
        at += first * strides[axis];
        /* The stride of a lone element is never used, and a huge step would overflow it. */
        strides[axis] = n > 1 ? strides[axis] * steps[k] : 0;
    }
    tenon__copy *copy = c->params;
    tenon__copy_init_dense(copy, c->cpu, in->dtype, in->rank, c->out[0]->dims, at, strides);
    c->tiles = copy->tiles;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    tenon__copy_run(r->params, r->in[0]->data, r->out[0]->data, r->tile);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Slice", 1, 0, NULL}, {0}};

const tenon__op tenon__op_slice = {
    .name = "Slice",
    .doc = "A range of each axis, in steps",
    .min_inputs = 1,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(tenon__copy),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
