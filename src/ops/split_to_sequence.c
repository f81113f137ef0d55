/* SPDX-License-Identifier: Apache-2.0 */
/* SplitToSequence: a tensor cut along `axis` into a sequence. `split` is the length of each part,
 * the last one shorter where it does not fit, or the list of all lengths, whose sum is the axis.
 * Without it: slices of length 1, without the axis where keepdims is 0. Moves data: any dtype of
 * whole bytes. Source: ONNX SplitToSequence-11 and -24. */
#include <inttypes.h>

#include "opkit/sequence.h"
#include "tensor/convert.h"

typedef struct attrs {
    int64_t axis;
    bool keepdims;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    a->axis = tenon__attr_int(node, "axis", 0);
    a->keepdims = tenon__attr_int(node, "keepdims", 1) != 0;
    tenon_status status = tenon__attr_check(node, "axis", TENON__ATTR_INT, err);
    return status ? status : tenon__attr_check(node, "keepdims", TENON__ATTR_INT, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int axis;
    tenon__view item = {.dtype = c->in[0]->dtype, .rank = TENON__RANK_UNKNOWN};
    tenon_status status = tenon__sequence_check(c, 0, TENON_VALUE_TENSOR);
    if (status) return status;
    if (item.dtype != TENON_NONE && tenon_dtype_bits(item.dtype) < 8)
        return tenon__fail(c->err, TENON_EUNSUPPORTED, "tensors of %s are not split",
                           tenon_dtype_text(item.dtype));
    if (c->in[0]->rank >= 0) {
        status = tenon__infer_axis(c, "axis", a->axis, c->in[0]->rank, &axis);
        if (status) return status;
    }
    tenon__sequence_infer(c, TENON_VALUE_SEQUENCE, &item);
    return TENON_OK;
}

/* How the axis is cut: `count` parts of `each`, the last one less, or as `list` says. */
typedef struct cut {
    const tenon__view *list; /* NULL: none */
    int64_t count, each, size;
} cut;

static tenon_status read_cut(const tenon__run *r, int64_t size, cut *out)
{
    const tenon__view *split = r->in_count > 1 ? r->in[1] : NULL;
    *out = (cut){.each = 1, .size = size};
    if (split && (split->kind != TENON_VALUE_TENSOR || split->rank > 1 ||
                  (split->dtype != TENON_I32 && split->dtype != TENON_I64)))
        return tenon__fail(r->err, TENON_ETYPE, "split is an integer or a list of integers");
    if (split && split->rank == 1) {
        int64_t sum = 0;
        out->list = split;
        out->count = split->dims[0];
        for (int64_t i = 0; i < out->count; i++) {
            int64_t part = tenon__get_i64(split->dtype, split->data, (size_t)i);
            if (part < 0 || !tenon__add_i64(sum, part, &sum))
                return tenon__fail(r->err, TENON_EINVAL, "split[%" PRId64 "] is %" PRId64, i, part);
        }
        if (sum != size)
            return tenon__fail(r->err, TENON_ESHAPE,
                               "split sums up to %" PRId64 "; the axis has %" PRId64, sum, size);
    } else {
        if (split) out->each = tenon__get_i64(split->dtype, split->data, 0);
        if (out->each < 1)
            return tenon__fail(r->err, TENON_EINVAL, "split is %" PRId64 "; 1 or more is right",
                               out->each);
        out->count = size / out->each + (size % out->each != 0);
    }
    if (out->count > TENON__SEQUENCE_ITEMS)
        return tenon__fail(r->err, TENON_ELIMIT, "%" PRId64 " items; at most %d", out->count,
                           TENON__SEQUENCE_ITEMS);
    return TENON_OK;
}

/* Rows [from, from + length) along the axis as an item of their own. */
static tenon_status add_part(const tenon__run *r, int axis, int64_t from, int64_t length,
                             bool keepdims, tenon_value *sequence)
{
    const tenon_allocator *a = tenon__env_allocator(r->services->env);
    const tenon__view *in = r->in[0];
    tenon__view part = *in;
    tenon_tensor *tensor;
    tenon_value *item;
    int64_t inner = tenon__dims_product(in->dims, axis + 1, in->rank);
    part.dims[axis] = length;
    if (!keepdims) {
        part.rank--;
        memmove(part.dims + axis, part.dims + axis + 1,
                (size_t)(part.rank - axis) * sizeof *part.dims);
    }
    tenon_status status = tenon__tensor_create(a, in->dtype, part.rank, part.dims, &tensor, r->err);
    if (status) return status;
    tenon__runs runs = {.outer = tenon__dims_product(in->dims, 0, axis),
                        .run_elems = length * inner,
                        .src_stride = in->dims[axis] * inner,
                        .dst_stride = length * inner};
    size_t elem_bytes = tenon_dtype_bits(in->dtype) / 8;
    if (tensor->size_bytes)
        tenon__runs_copy(&runs, elem_bytes,
                         (const uint8_t *)in->data + (size_t)(from * inner) * elem_bytes,
                         tensor->view.data);
    tenon_string *strings = in->dtype == TENON_STRING ? tensor->view.data : NULL;
    int64_t count = strings ? tenon__view_count(&tensor->view) : 0;
    for (int64_t i = 0; i < count && status == TENON_OK; i++) { /* bytes of its own */
        tenon_string text = strings[i];
        strings[i] = (tenon_string){NULL, 0};
        status = tenon_tensor_set_string(tensor, i, text.data, text.size_bytes, r->err);
    }
    if (status == TENON_OK)
        status = tenon__value_create(a, TENON_VALUE_TENSOR, tensor, &item, r->err);
    if (status) {
        tenon_tensor_destroy(tensor);
        return status;
    }
    status = tenon__value_insert(sequence, sequence->items.count, item, r->err);
    if (status) tenon_value_destroy(item);
    return status;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__view *in = r->in[0];
    tenon_value *sequence;
    int axis = (int)(a->axis < 0 ? a->axis + in->rank : a->axis);
    bool keepdims = a->keepdims || (r->in_count > 1 && r->in[1]);
    cut how;
    tenon_status status = read_cut(r, in->dims[axis], &how);
    if (status) return status;
    status = tenon__value_create(tenon__env_allocator(r->services->env), TENON_VALUE_SEQUENCE, NULL,
                                 &sequence, r->err);
    if (status) return status;
    sequence->dtype = in->dtype;
    int64_t from = 0;
    for (int64_t i = 0; i < how.count && status == TENON_OK; i++) {
        int64_t length = how.list ? tenon__get_i64(how.list->dtype, how.list->data, (size_t)i)
                         : how.size - from < how.each ? how.size - from
                                                      : how.each;
        status = add_part(r, axis, from, length, keepdims, sequence);
        from += length;
    }
    if (status == TENON_OK) return tenon__sequence_give(r, sequence);
    tenon_value_destroy(sequence);
    return status;
}

static const tenon__import imports[] = {{"onnx", "", "SplitToSequence", 11, 0, NULL}, {0}};

const tenon__op tenon__op_split_to_sequence = {
    .name = "SplitToSequence",
    .doc = "A tensor cut along an axis into a sequence",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .run = run,
};
