/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences and optionals as operators see them. */
#include "opkit/sequence.h"

#include <inttypes.h>

#include "tensor/convert.h"

tenon_status tenon__sequence_check(const tenon__infer *c, uint32_t i, tenon_value_kind kind)
{
    static const char *const texts[] = {"tensor", "sequence", "optional", "map"};
    char text[96];
    const tenon__view *v = c->in[i];
    bool open = v->kind == TENON_VALUE_TENSOR && v->dtype == TENON_NONE && v->rank < 0;
    if (open || v->kind == (uint8_t)kind) return TENON_OK;
    return tenon__fail(c->err, TENON_ETYPE, "input %u is %s; a %s is right", i,
                       tenon__view_print(v, text, sizeof text), texts[kind]);
}

void tenon__sequence_infer(tenon__infer *c, tenon_value_kind kind, const tenon__view *item)
{
    tenon__view *out = c->out[0];
    tenon__view_set(out, item ? item->dtype : TENON_NONE, item ? item->rank : TENON__RANK_UNKNOWN,
                    item ? item->dims : NULL);
    out->kind = (uint8_t)kind;
}

tenon_status tenon__sequence_input(const tenon__run *r, uint32_t i, tenon_value_kind kind,
                                   const tenon_value **out)
{
    *out = r->in[i]->value;
    if (*out && tenon_value_kind_get(*out) == kind) return TENON_OK;
    return tenon__fail(r->err, TENON_ETYPE, "input %u is no %s", i,
                       kind == TENON_VALUE_SEQUENCE ? "sequence" : "optional");
}

tenon_status tenon__sequence_item(const tenon__run *r, uint32_t i, tenon_value **out)
{
    return tenon__sequence_item_of(r, r->in[i], out);
}

tenon_status tenon__sequence_item_of(const tenon__run *r, const tenon__view *v, tenon_value **out)
{
    const tenon_allocator *a = tenon__env_allocator(r->services->env);
    tenon_tensor *tensor;
    *out = NULL;
    bool is_item = v->value && (v->kind != TENON_VALUE_TENSOR ||
                                (v->value->tensor && v->value->tensor->view.data == v->data));
    if (is_item) {
        *out = tenon__value_ref(v->value);
        return TENON_OK;
    }
    if (v->kind != TENON_VALUE_TENSOR)
        return tenon__fail(r->err, TENON_ETYPE, "a value is not there");
    tenon_status status = tenon__tensor_of_view(a, v, &tensor, r->err);
    if (status) return status;
    status = tenon__value_create(a, TENON_VALUE_TENSOR, tensor, out, r->err);
    if (status) tenon_tensor_destroy(tensor);
    return status;
}

tenon_status tenon__sequence_copy(const tenon__run *r, const tenon_value *from, tenon_value **out)
{
    const tenon_allocator *a = tenon__env_allocator(r->services->env);
    tenon_status status = tenon__value_create(a, TENON_VALUE_SEQUENCE, NULL, out, r->err);
    if (status) return status;
    (*out)->dtype = from->dtype;
    for (size_t i = 0; i < from->items.count && status == TENON_OK; i++) {
        tenon_value *item = tenon__value_ref(from->items.items[i]);
        status = tenon__value_insert(*out, i, item, r->err);
        if (status) tenon_value_destroy(item);
    }
    if (status) {
        tenon_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

tenon_status tenon__sequence_position(const tenon__run *r, uint32_t i, size_t count, bool end,
                                      size_t fallback, size_t *out)
{
    const tenon__view *v = i < r->in_count ? r->in[i] : NULL;
    int64_t n = (int64_t)count, most = end ? n : n - 1;
    *out = fallback;
    if (!v) {
        if (fallback <= (size_t)(most < 0 ? 0 : most) && (end || n > 0)) return TENON_OK;
        return tenon__fail(r->err, TENON_ESHAPE, "the sequence is empty");
    }
    if (v->kind != TENON_VALUE_TENSOR || tenon__view_count(v) != 1 ||
        (v->dtype != TENON_I32 && v->dtype != TENON_I64))
        return tenon__fail(r->err, TENON_ETYPE, "a position is one int32 or int64");
    int64_t at = tenon__get_i64(v->dtype, v->data, 0);
    if (at < -n || at > most)
        return tenon__fail(r->err, TENON_EINVAL, "position %" PRId64 " in a sequence of %zu", at,
                           count);
    *out = (size_t)(at < 0 ? at + n : at);
    return TENON_OK;
}

tenon_status tenon__sequence_give(const tenon__run *r, tenon_value *value)
{
    return r->services->give(r->services->ctx, r->out[0], value, r->err);
}

void tenon__runs_copy(const tenon__runs *runs, size_t elem_bytes, const void *src, void *dst)
{
    size_t bytes = (size_t)runs->run_elems * elem_bytes;
    const uint8_t *from = src;
    uint8_t *to = dst;
    if (bytes == 0) return;
    for (int64_t i = 0; i < runs->outer; i++)
        memcpy(to + (size_t)(i * runs->dst_stride) * elem_bytes,
               from + (size_t)(i * runs->src_stride) * elem_bytes, bytes);
}
