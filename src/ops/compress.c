/* SPDX-License-Identifier: Apache-2.0 */
/* Compress: the slices of an axis whose condition is true. ONNX Compress-9, 11.
 *
 * condition is a bool list, at most as long as the axis. Without axis the input is taken as a list.
 * Any dtype of whole bytes. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct attrs {
    bool flat;
    int64_t axis;
} attrs;

typedef struct params {
    int64_t outer, n, bytes; /* of a slice */
    int64_t conditions, kept, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    (void)err;
    a->flat = tenon__attr_find(node, "axis") == NULL;
    a->axis = tenon__attr_int(node, "axis", 0);
    return TENON_OK;
}

static int64_t count_true(const uint8_t *condition, int64_t n)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += condition[i] != 0;
    return sum;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0], *condition = c->in[1];
    int64_t dims[TENON_MAX_RANK], kept = TENON__DIM_UNKNOWN;
    int axis = 0;
    size_t elem;
    tenon__infer_set(c, 0, in->dtype, a->flat ? 1 : TENON__RANK_UNKNOWN, &kept);
    tenon_status st =
        in->dtype ? tenon__elem_bytes(in->dtype, "Compress", &elem, c->err) : TENON_OK;
    if (st == TENON_OK) st = tenon__check_rank(c, 1, 1, "condition");
    if (st || tenon__infer_rank_unknown(c, 1)) return st;
    if (condition->dtype != TENON_BOOL && condition->dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "condition is %s; it must be bool",
                           tenon_dtype_text(condition->dtype));
    if (!a->flat) {
        st = tenon__infer_axis(c, "axis", a->axis, in->rank, &axis);
        if (st) return st;
    }
    const uint8_t *data = tenon__infer_data(c, 1);
    int64_t n = tenon__view_count(condition),
            most = a->flat ? tenon__view_count(in) : in->dims[axis];
    if (data && most >= 0 && n > most)
        return tenon__fail(c->err, TENON_ESHAPE, "condition has %lld elements; the axis has %lld",
                           (long long)n, (long long)most);
    if (data) kept = count_true(data, n);
    memcpy(dims, in->dims, sizeof dims);
    dims[axis] = kept;
    tenon__infer_set(c, 0, in->dtype, a->flat ? 1 : in->rank, dims);
    return data ? TENON_OK : TENON_EAGAIN;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    params *p = c->params;
    tenon__around v = {1, tenon__view_count(in), 1};
    int axis = a->flat ? 0 : tenon__axis_of(a->axis, in->rank);
    if (!a->flat) v = tenon__around_axis(in, axis);
    p->outer = v.outer;
    p->n = v.n;
    p->bytes = v.inner * (tenon_dtype_bits(in->dtype) / 8);
    p->conditions = c->in[1]->dims[0];
    p->kept = c->out[0]->dims[axis];
    double cost = (double)p->conditions + (double)p->kept * (3 + 0.06 * (double)p->bytes);
    c->tiles = tenon__view_count(c->out[0]) ? tenon__tiles(p->outer, cost, &p->per_tile) : 0;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    const uint8_t *condition = r->in[1]->data;
    int64_t o = (int64_t)r->tile * p->per_tile, end = o + p->per_tile;
    for (; o < end && o < p->outer; o++) {
        const uint8_t *in = (const uint8_t *)r->in[0]->data + o * p->n * p->bytes;
        uint8_t *out = (uint8_t *)r->out[0]->data + o * p->kept * p->bytes;
        for (int64_t i = 0; i < p->conditions; i++) {
            if (!condition[i]) continue;
            memcpy(out, in + i * p->bytes, (size_t)p->bytes);
            out += p->bytes;
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Compress", 9, 0, NULL}, {0}};

const tenon__op tenon__op_compress = {
    .name = "Compress",
    .doc = "The slices of an axis whose condition is true",
    .min_inputs = 2,
    .max_inputs = 2,
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
