/* SPDX-License-Identifier: Apache-2.0 */
/* TopK: the k largest (or smallest) elements of an axis, in order, and their indices (int64). ONNX
 * TopK-1 .. 24.
 *
 * k is an attribute in TopK-1, a list of one number since 10. largest (default 1) and sorted (11);
 * what is asked for unsorted is sorted too. Of equal elements the one with the lower index comes
 * first. NaN counts as above all numbers. axis defaults to -1. Numbers. */
#include "opkit/index.h"
#include "opkit/order.h"

typedef struct attrs {
    int64_t axis, k; /* k -1: an input */
    bool largest;
} attrs;

typedef struct params {
    int64_t outer, n, inner, k, per_tile;
    int64_t bytes;
    tenon__order_fn order;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    a->axis = tenon__attr_int(node, "axis", -1);
    a->largest = tenon__attr_int(node, "largest", 1) != 0;
    a->k = node->opset < 10 ? tenon__attr_int(node, "k", -2) : -1;
    if (a->k < -1) return tenon__fail(err, TENON_EFORMAT, "the attribute k is missing or negative");
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t dims[TENON_MAX_RANK], k = a->k;
    int axis, count = 1;
    tenon__infer_set(c, 0, in->dtype, TENON__RANK_UNKNOWN, NULL);
    tenon__infer_set(c, 1, TENON_I64, TENON__RANK_UNKNOWN, NULL);
    if (in->dtype != TENON_NONE && in->dtype != TENON_F16 && in->dtype != TENON_BF16 &&
        !tenon__is_number(in->dtype))
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; it must be a number",
                           tenon_dtype_text(in->dtype));
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    tenon_status st = tenon__infer_axis(c, "axis", a->axis, in->rank, &axis);
    if (st) return st;
    if (k < 0) st = tenon__infer_ints(c, 1, &k, 1, &count);
    if (st && st != TENON_EAGAIN) return st;
    if (st == TENON_OK && (count != 1 || k < 0 || (in->dims[axis] >= 0 && k > in->dims[axis])))
        return tenon__fail(c->err, TENON_ESHAPE, "k is %lld; it must be one number in [0, %lld]",
                           (long long)k, (long long)in->dims[axis]);
    memcpy(dims, in->dims, sizeof dims);
    dims[axis] = st ? TENON__DIM_UNKNOWN : k;
    tenon__infer_set(c, 0, in->dtype, in->rank, dims);
    tenon__infer_set(c, 1, TENON_I64, in->rank, dims);
    return st;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0];
    params *p = c->params;
    int axis = tenon__axis_of(((const attrs *)c->attrs)->axis, in->rank);
    tenon__around a = tenon__around_axis(in, axis);
    p->outer = a.outer;
    p->n = a.n;
    p->inner = a.inner;
    p->k = c->out[0]->dims[axis];
    p->bytes = tenon_dtype_bits(in->dtype) / 8;
    p->order = tenon__order_find(in->dtype);
    double depth = 1;
    for (int64_t k = p->k; k > 1; k /= 2)
        depth += 1;
    c->tiles = 0;
    if (p->k == 0) return TENON_OK;
    c->tiles = tenon__tiles(p->outer * p->inner, 4.0 * ((double)p->n + 2 * depth * (double)p->k),
                            &p->per_tile);
    c->scratch_bytes = (size_t)p->k * sizeof(int64_t);
    return TENON_OK;
}

/* One line of the axis: element i lies at first + i * inner. */
typedef struct line {
    const void *data;
    int64_t first, inner;
    tenon__order_fn order;
    bool largest;
} line;

static bool is_before(const line *l, int64_t i, int64_t j)
{
    int d = l->order(l->data, l->first + i * l->inner, l->first + j * l->inner);
    if (d == 0) return i < j;
    return l->largest ? d > 0 : d < 0;
}

/* The heap's root is the element that comes last. */
static void sift(const line *l, int64_t *heap, int64_t count, int64_t at)
{
    int64_t item = heap[at];
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && is_before(l, heap[child], heap[child + 1])) child++;
        if (!is_before(l, item, heap[child])) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = item;
}

static void select_k(const line *l, int64_t n, int64_t k, int64_t *heap)
{
    for (int64_t i = 0; i < k; i++)
        heap[i] = i;
    for (int64_t i = k / 2 - 1; i >= 0; i--)
        sift(l, heap, k, i);
    for (int64_t i = k; i < n; i++) {
        if (!is_before(l, i, heap[0])) continue;
        heap[0] = i;
        sift(l, heap, k, 0);
    }
    for (int64_t count = k - 1; count > 0; count--) {
        int64_t item = heap[0];
        heap[0] = heap[count];
        heap[count] = item;
        sift(l, heap, count, 0);
    }
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    int64_t *chosen = r->scratch;
    int64_t at = (int64_t)r->tile * p->per_tile, end = at + p->per_tile;
    for (; at < end && at < p->outer * p->inner; at++) {
        int64_t outer = at / p->inner, column = at % p->inner;
        line l = {r->in[0]->data, outer * p->n * p->inner + column, p->inner, p->order,
                  ((const attrs *)r->attrs)->largest};
        select_k(&l, p->n, p->k, chosen);
        for (int64_t i = 0; i < p->k; i++) {
            int64_t to = (outer * p->k + i) * p->inner + column;
            memcpy((uint8_t *)r->out[0]->data + to * p->bytes,
                   (const uint8_t *)l.data + (l.first + chosen[i] * p->inner) * p->bytes,
                   (size_t)p->bytes);
            if (r->out_count > 1) ((int64_t *)r->out[1]->data)[to] = chosen[i];
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "TopK", 1, 0, NULL}, {0}};

const tenon__op tenon__op_top_k = {
    .name = "TopK",
    .doc = "The largest or smallest elements of an axis",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 2,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
