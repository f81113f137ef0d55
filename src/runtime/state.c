/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state.h"

void tenon__state_fini(tenon__state *s, const tenon_allocator *a)
{
    tenon__free(a, s->blocks[0]);
    tenon__free(a, s->blocks[1]);
    *s = (tenon__state){0};
}

/* Room behind the front for a value, and for what kernels read past its end. */
static tenon_status reserve(tenon__state *s, const tenon_allocator *a, const tenon__view *value,
                            size_t *bytes, tenon_error *err)
{
    size_t padded, grown;
    const int back = !s->front;
    if (!tenon__view_bytes(value, bytes) || !tenon__add(*bytes, TENON_TENSOR_PAD_BYTES, &padded) ||
        !tenon__add(padded, padded / 2, &grown))
        return tenon__fail(err, TENON_ELIMIT, "a state's size overflows");
    if (padded > s->room_bytes[back]) {
        tenon__free(a, s->blocks[back]);
        s->room_bytes[back] = 0;
        s->blocks[back] = tenon__alloc(a, grown);
        if (!s->blocks[back])
            return tenon__fail(err, TENON_ENOMEM, "no memory for %zu bytes of state", grown);
        s->room_bytes[back] = grown;
    }
    s->next = *value;
    s->next.data = s->blocks[back];
    return TENON_OK;
}

tenon_status tenon__state_copy(tenon__state *s, const tenon_allocator *a, const tenon__view *value,
                               tenon_error *err)
{
    size_t bytes;
    tenon_status st = reserve(s, a, value, &bytes, err);
    if (st) return st;
    if (bytes) memcpy(s->next.data, value->data, bytes);
    memset((uint8_t *)s->next.data + bytes, 0, TENON_TENSOR_PAD_BYTES);
    return TENON_OK;
}

void tenon__state_commit(tenon__state *s)
{
    s->front = !s->front;
    s->view = s->next;
    s->filled = true;
}

tenon_status tenon__state_zero(tenon__state *s, const tenon_allocator *a, const tenon__view *shape,
                               tenon_error *err)
{
    size_t bytes;
    char text[96];
    if (shape->rank < 0 || shape->dtype == TENON_NONE || !tenon__dims_known(shape))
        return tenon__fail(err, TENON_ESHAPE,
                           "is %s, so that it cannot start as zeros; set its first value",
                           tenon__view_print(shape, text, sizeof text));
    tenon_status st = reserve(s, a, shape, &bytes, err);
    if (st) return st;
    memset(s->next.data, 0, bytes + TENON_TENSOR_PAD_BYTES);
    tenon__state_commit(s);
    return TENON_OK;
}
