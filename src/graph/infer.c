/* SPDX-License-Identifier: Apache-2.0 */
/* What operators use to say types and shapes. */
#include "graph/infer.h"

#include <inttypes.h>

const void *tenon__infer_data(tenon__infer *c, uint32_t i)
{
    static const uint64_t nothing[2] = {0}; /* the address of an empty tensor's elements */
    if (i >= c->in_count || !c->in[i]) return NULL;
    const tenon__view *v = c->in[i];
    if (v->known && v->data) return v->data;
    if (tenon__view_count(v) == 0) return nothing;
    c->missing = (int)i;
    return NULL;
}

void *tenon__infer_emit(tenon__infer *c, uint32_t i)
{
    size_t bytes;
    if (i >= c->out_count || !c->emit) return NULL;
    tenon__view *v = c->out[i];
    if (!tenon__view_bytes(v, &bytes) || bytes > TENON__EMIT_BYTES) return NULL;
    void *data = tenon__arena_zeroed(c->emit, 1, bytes + TENON_TENSOR_PAD_BYTES);
    if (!data) return NULL;
    v->data = data;
    v->known = true;
    return data;
}

void tenon__infer_set(tenon__infer *c, uint32_t i, tenon_dtype dtype, int rank, const int64_t *dims)
{
    if (i >= c->out_count) return;
    c->out[i]->kind = TENON_VALUE_TENSOR;
    tenon__view_set(c->out[i], dtype, rank, dims);
}

void tenon__infer_like(tenon__infer *c, uint32_t i, uint32_t j)
{
    if (i >= c->out_count || j >= c->in_count || !c->in[j]) return;
    const tenon__view *like = c->in[j];
    c->out[i]->kind = like->kind;
    tenon__view_set(c->out[i], like->dtype, like->rank, like->dims);
}

tenon_status tenon__infer_kinds(const tenon__infer *c, const tenon__op *op)
{
    char text[96];
    if (op->flags & TENON__OP_VALUES) return TENON_OK;
    for (uint32_t i = 0; i < c->in_count; i++)
        if (c->in[i] && c->in[i]->kind != TENON_VALUE_TENSOR)
            return tenon__fail(c->err, TENON_ETYPE, "input %u is %s; a tensor is right", i,
                               tenon__view_print(c->in[i], text, sizeof text));
    return TENON_OK;
}

static bool is_integer(tenon_dtype dtype)
{
    return (dtype >= TENON_I8 && dtype <= TENON_U64) || dtype == TENON_NONE;
}

tenon_status tenon__infer_ints(tenon__infer *c, uint32_t i, int64_t *out, int max, int *count)
{
    char text[96];
    *count = -1;
    if (i >= c->in_count || !c->in[i]) return TENON_OK;
    const tenon__view *v = c->in[i];
    if (v->kind != TENON_VALUE_TENSOR || !is_integer(v->dtype))
        return tenon__fail(c->err, TENON_ETYPE, "input %u is %s; a list of integers is right", i,
                           tenon__view_print(v, text, sizeof text));
    if (v->rank > 1)
        return tenon__fail(c->err, TENON_ESHAPE, "input %u is %s; a list has one dimension", i,
                           tenon__view_print(v, text, sizeof text));
    const void *data = tenon__infer_data(c, i);
    int64_t n = tenon__view_count(v);
    if (!data || n < 0 || v->dtype == TENON_NONE) return TENON_EAGAIN;
    if (n > max)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "input %u lists %" PRId64 " numbers; at most %d are right", i, n, max);
    for (int64_t k = 0; k < n; k++)
        out[k] = tenon__get_i64(v->dtype, data, (size_t)k);
    *count = (int)n;
    return TENON_OK;
}

tenon_status tenon__infer_axis(tenon__infer *c, const char *what, int64_t axis, int rank, int *out)
{
    if (axis < -(int64_t)rank || axis >= rank)
        return tenon__fail(c->err, TENON_EFORMAT, "%s is %" PRId64 "; from %d to %d is right", what,
                           axis, -rank, rank - 1);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return TENON_OK;
}

int64_t tenon__dim_mul(int64_t a, int64_t b)
{
    int64_t n;
    if (a == 0 || b == 0) return 0;
    if (a < 0 || b < 0 || !tenon__mul_i64(a, b, &n)) return TENON__DIM_UNKNOWN;
    return n;
}

int64_t tenon__dim_add(int64_t a, int64_t b)
{
    int64_t n;
    if (a < 0 || b < 0 || !tenon__add_i64(a, b, &n)) return TENON__DIM_UNKNOWN;
    return n;
}

bool tenon__infer_rank_unknown(const tenon__infer *c, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < c->in_count; i++)
        if (c->in[i] && c->in[i]->rank < 0) return true;
    return false;
}

/* One dim of both; false where they do not go together. */
static bool join_dim(int64_t a, int64_t b, int64_t *out)
{
    if (a == b || b == 1)
        *out = a;
    else if (a == 1)
        *out = b;
    else if (a < 0 && b < 0)
        *out = TENON__DIM_UNKNOWN;
    else if (a < 0 || b < 0)
        *out = a < 0 ? b : a; /* the other is the same, or 1 */
    else
        return false;
    return true;
}

tenon_status tenon__infer_broadcast(tenon__infer *c, const tenon__view *const *in, uint32_t count,
                                    tenon__view *out)
{
    int64_t dims[TENON_MAX_RANK];
    int rank = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!in[i]) continue;
        if (in[i]->rank < 0) {
            out->rank = TENON__RANK_UNKNOWN;
            return TENON_OK;
        }
        if (in[i]->rank > rank) rank = in[i]->rank;
    }
    for (int k = 0; k < rank; k++)
        dims[k] = 1;
    for (uint32_t i = 0; i < count; i++) {
        if (!in[i]) continue;
        int skip = rank - in[i]->rank;
        for (int k = skip; k < rank; k++) {
            if (join_dim(dims[k], in[i]->dims[k - skip], &dims[k])) continue;
            char all[96], one[96];
            tenon__view so_far = {.dtype = in[i]->dtype};
            tenon__view_set(&so_far, in[i]->dtype, rank, dims);
            return tenon__fail(c->err, TENON_ESHAPE, "%s and %s do not broadcast together",
                               tenon__view_print(&so_far, all, sizeof all),
                               tenon__view_print(in[i], one, sizeof one));
        }
    }
    tenon__view_set(out, out->dtype, rank, dims);
    return TENON_OK;
}
