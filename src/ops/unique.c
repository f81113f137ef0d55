/* SPDX-License-Identifier: Apache-2.0 */
/* Unique: the different elements, or slices of an axis; where each first stands, which one each
 * input element is, and how often each occurs. ONNX Unique-11.
 *
 * Without axis the input is taken as a list. sorted (default 1): rising, slices element by element;
 * else in the order of first occurrence. NaN equals NaN and comes last. Outputs: Y, indices,
 * inverse_indices, counts (int64). Numbers, bool and strings. */
#include "opkit/copy.h"
#include "opkit/index.h"
#include "opkit/order.h"

typedef struct attrs {
    bool flat, sorted;
    int64_t axis;
} attrs;

typedef struct params {
    int axis;
    tenon__around around; /* items are the n slices */
    size_t bytes;         /* of an element */
    tenon__order_fn order;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    (void)err;
    a->flat = tenon__attr_find(node, "axis") == NULL;
    a->axis = tenon__attr_int(node, "axis", 0);
    a->sorted = tenon__attr_int(node, "sorted", 1) != 0;
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t dims[TENON_MAX_RANK], unknown[1] = {TENON__DIM_UNKNOWN};
    int axis = 0;
    for (uint32_t i = 1; i < c->out_count; i++)
        tenon__infer_set(c, i, TENON_I64, 1, unknown);
    tenon__infer_set(c, 0, in->dtype, a->flat ? 1 : TENON__RANK_UNKNOWN, unknown);
    if (in->dtype != TENON_NONE && in->dtype != TENON_F16 && in->dtype != TENON_BF16 &&
        !tenon__order_find(in->dtype))
        return tenon__fail(c->err, TENON_EUNSUPPORTED, "elements of %s have no order",
                           tenon_dtype_text(in->dtype));
    if (a->flat || tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    tenon_status st = tenon__infer_axis(c, "axis", a->axis, in->rank, &axis);
    if (st) return st;
    memcpy(dims, in->dims, sizeof dims);
    dims[axis] = TENON__DIM_UNKNOWN;
    tenon__infer_set(c, 0, in->dtype, in->rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    params *p = c->params;
    p->axis = a->flat ? 0 : tenon__axis_of(a->axis, in->rank);
    if (a->flat)
        p->around = (tenon__around){1, tenon__view_count(in), 1};
    else
        p->around = tenon__around_axis(in, p->axis);
    p->bytes = tenon_dtype_bits(in->dtype) / 8;
    p->order = tenon__order_find(in->dtype);
    if (!tenon__mul((size_t)p->around.n + 1, 4 * sizeof(int64_t), &c->work_bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "%lld items are too many", (long long)p->around.n);
    return TENON_OK;
}

static int compare(const params *p, const void *data, int64_t i, int64_t j)
{
    for (int64_t o = 0; o < p->around.outer; o++) {
        for (int64_t k = 0; k < p->around.inner; k++) {
            int64_t base = o * p->around.n * p->around.inner + k;
            int d = p->order(data, base + i * p->around.inner, base + j * p->around.inner);
            if (d) return d;
        }
    }
    return 0;
}

/* A stable merge sort of item numbers; `spare` is as long. */
static int64_t *sort_items(const params *p, const void *data, int64_t *items, int64_t *spare)
{
    int64_t n = p->around.n;
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t low = 0; low < n; low += 2 * width) {
            int64_t mid = n - low < width ? n : low + width,
                    high = n - low < 2 * width ? n : low + 2 * width;
            int64_t a = low, b = mid;
            for (int64_t k = low; k < high; k++) {
                bool left = a < mid && (b >= high || compare(p, data, items[a], items[b]) <= 0);
                spare[k] = left ? items[a++] : items[b++];
            }
        }
        int64_t *swap = items;
        items = spare;
        spare = swap;
    }
    return items;
}

/* Of the groups found in sorted order: their number by first occurrence. `order[g]` becomes the
 * group that stands at place g. */
static void order_by_first(int64_t count, const int64_t *first, int64_t *at_item, int64_t n,
                           int64_t *order)
{
    int64_t k = 0;
    for (int64_t i = 0; i < n; i++)
        at_item[i] = -1;
    for (int64_t g = 0; g < count; g++)
        at_item[first[g]] = g;
    for (int64_t i = 0; i < n; i++)
        if (at_item[i] >= 0) order[k++] = at_item[i];
}

static tenon_status make_outputs(const tenon__run *r, int64_t count)
{
    const tenon__services *s = r->services;
    const params *p = r->params;
    const tenon__view *in = r->in[0];
    int64_t dims[TENON_MAX_RANK];
    bool flat = ((const attrs *)r->attrs)->flat;
    memcpy(dims, in->dims, sizeof dims);
    dims[p->axis] = count;
    tenon_status st = s->resize(s->ctx, r->out[0], in->dtype, flat ? 1 : in->rank, dims, r->err);
    for (uint32_t i = 1; st == TENON_OK && i < r->out_count; i++)
        st = s->resize(s->ctx, r->out[i], TENON_I64, 1, i == 2 ? &p->around.n : &count, r->err);
    return st;
}

static void write_outputs(const tenon__run *r, int64_t count, const int64_t *first,
                          const int64_t *group, const int64_t *order, int64_t *place)
{
    const params *p = r->params;
    int64_t bytes = p->around.inner * (int64_t)p->bytes;
    const uint8_t *in = r->in[0]->data;
    uint8_t *out = r->out[0]->data;
    for (int64_t g = 0; g < count; g++) {
        int64_t from = first[order ? order[g] : g];
        for (int64_t o = 0; o < p->around.outer && bytes; o++)
            memcpy(out + (o * count + g) * bytes, in + (o * p->around.n + from) * bytes,
                   (size_t)bytes);
        if (r->out_count > 1) ((int64_t *)r->out[1]->data)[g] = from;
        if (r->out_count > 3) ((int64_t *)r->out[3]->data)[g] = 0;
    }
    for (int64_t g = 0; g < count; g++)
        place[order ? order[g] : g] = g;
    for (int64_t i = 0; i < p->around.n; i++) {
        int64_t at = place[group[i]];
        if (r->out_count > 2) ((int64_t *)r->out[2]->data)[i] = at;
        if (r->out_count > 3) ((int64_t *)r->out[3]->data)[at]++;
    }
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    int64_t n = p->around.n, count = 0;
    int64_t *work = r->work, *first = work + 2 * n, *group = work + 3 * n;
    for (int64_t i = 0; i < n; i++)
        work[i] = i;
    int64_t *items = sort_items(p, r->in[0]->data, work, work + n);
    int64_t *spare = items == work ? work + n : work;
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || compare(p, r->in[0]->data, items[i - 1], items[i]) != 0)
            first[count++] = items[i];
        group[items[i]] = count - 1;
    }
    int64_t *order = NULL;
    if (!((const attrs *)r->attrs)->sorted) {
        order = items;
        order_by_first(count, first, spare, n, order);
    }
    tenon_status st = make_outputs(r, count);
    if (st) return st;
    write_outputs(r, count, first, group, order, spare);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Unique", 11, 0, NULL}, {0}};

const tenon__op tenon__op_unique = {
    .name = "Unique",
    .doc = "The different elements or slices",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 4,
    .flags = TENON__OP_WIDEN | TENON__OP_DYNAMIC | TENON__OP_HOST,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
