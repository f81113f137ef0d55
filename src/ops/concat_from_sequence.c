/* SPDX-License-Identifier: Apache-2.0 */
/* ConcatFromSequence: the items of a sequence joined along `axis`, or along a new one where
 * new_axis is 1 (then all have one shape). Moves data: any dtype of whole bytes. Source: ONNX
 * ConcatFromSequence-11. */
#include <inttypes.h>

#include "opkit/sequence.h"

typedef struct attrs {
    int64_t axis;
    bool new_axis;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    const tenon__attr *axis = tenon__attr_find(node, "axis");
    if (!axis) return tenon__fail(err, TENON_EFORMAT, "attribute axis is missing");
    a->axis = tenon__attr_int(node, "axis", 0);
    a->new_axis = tenon__attr_int(node, "new_axis", 0) != 0;
    tenon_status status = tenon__attr_check(node, "axis", TENON__ATTR_INT, err);
    return status ? status : tenon__attr_check(node, "new_axis", TENON__ATTR_INT, err);
}

static tenon_status infer(tenon__infer *c)
{
    tenon_status status = tenon__sequence_check(c, 0, TENON_VALUE_SEQUENCE);
    if (status) return status;
    tenon__infer_set(c, 0, c->in[0]->dtype, TENON__RANK_UNKNOWN, NULL);
    return TENON_OK;
}

static const tenon__view *item_view(const tenon_value *sequence, size_t i)
{
    const tenon_value *item = tenon_value_item(sequence, i);
    return item->tensor ? &item->tensor->view : NULL;
}

/* The shape of the result; the items agree in all but the joined axis. */
static tenon_status shape_of(const tenon__run *r, const tenon_value *sequence, int axis,
                             bool new_axis, tenon__view *out)
{
    const tenon__view *first = item_view(sequence, 0);
    int64_t length = 0;
    *out = *first;
    for (size_t i = 0; i < sequence->items.count; i++) {
        const tenon__view *v = item_view(sequence, i);
        bool same = v && v->rank == first->rank && v->dtype == first->dtype;
        for (int d = 0; same && d < first->rank; d++)
            same = v->dims[d] == first->dims[d] || (d == axis && !new_axis);
        if (!same || !tenon__add_i64(length, new_axis ? 1 : v->dims[axis], &length)) {
            char a[96] = "no tensor", b[96];
            if (v) tenon__view_print(v, a, sizeof a);
            return tenon__fail(r->err, TENON_ESHAPE, "item %zu is %s; the first is %s", i, a,
                               tenon__view_print(first, b, sizeof b));
        }
    }
    if (new_axis) {
        memmove(out->dims + axis + 1, out->dims + axis,
                (size_t)(out->rank - axis) * sizeof *out->dims);
        out->rank++;
    }
    out->dims[axis] = length;
    return TENON_OK;
}

/* The strings' bytes belong to the sequence, which may go before the result does. */
static tenon_status own_strings(const tenon__run *r)
{
    tenon_string *strings = r->out[0]->data;
    int64_t count = tenon__view_count(r->out[0]);
    for (int64_t i = 0; i < count; i++) {
        if (strings[i].size_bytes == 0) continue;
        char *copy = r->services->alloc(r->services->ctx, strings[i].size_bytes);
        if (!copy) return tenon__fail(r->err, TENON_ENOMEM, "no memory for strings");
        memcpy(copy, strings[i].data, strings[i].size_bytes);
        strings[i].data = copy;
    }
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon_value *sequence;
    tenon__view shape;
    tenon_status status = tenon__sequence_input(r, 0, TENON_VALUE_SEQUENCE, &sequence);
    if (status) return status;
    const tenon__view *first = sequence->items.count ? item_view(sequence, 0) : NULL;
    if (!first) return tenon__fail(r->err, TENON_ESHAPE, "the sequence has no tensor");
    int64_t rank = first->rank + (a->new_axis ? 1 : 0);
    if (a->axis < -rank || a->axis >= rank || rank > TENON_MAX_RANK)
        return tenon__fail(r->err, TENON_ESHAPE, "axis %" PRId64 " of %" PRId64, a->axis, rank);
    if (tenon_dtype_bits(first->dtype) < 8)
        return tenon__fail(r->err, TENON_EUNSUPPORTED, "tensors of %s are not joined",
                           tenon_dtype_text(first->dtype));
    int axis = (int)(a->axis < 0 ? a->axis + rank : a->axis);
    status = shape_of(r, sequence, axis, a->new_axis, &shape);
    if (status) return status;
    tenon__view *out = r->out[0];
    status =
        r->services->resize(r->services->ctx, out, shape.dtype, shape.rank, shape.dims, r->err);
    if (status) return status;
    int64_t inner = tenon__dims_product(shape.dims, axis + 1, shape.rank), at = 0;
    size_t elem_bytes = tenon_dtype_bits(shape.dtype) / 8;
    tenon__runs runs = {.outer = tenon__dims_product(shape.dims, 0, axis),
                        .dst_stride = shape.dims[axis] * inner};
    bool any = tenon__view_count(out) > 0;
    for (size_t i = 0; any && i < sequence->items.count; i++) {
        const tenon__view *v = item_view(sequence, i);
        runs.run_elems = runs.src_stride = (a->new_axis ? 1 : v->dims[axis]) * inner;
        tenon__runs_copy(&runs, elem_bytes, v->data,
                         (uint8_t *)out->data + (size_t)at * elem_bytes);
        at += runs.run_elems;
    }
    return shape.dtype == TENON_STRING ? own_strings(r) : TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "ConcatFromSequence", 11, 0, NULL}, {0}};

const tenon__op tenon__op_concat_from_sequence = {
    .name = "ConcatFromSequence",
    .doc = "The items of a sequence joined along an axis",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST | TENON__OP_DYNAMIC | TENON__OP_VALUES,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .run = run,
};
