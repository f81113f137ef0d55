/* SPDX-License-Identifier: Apache-2.0 */
#include "opkit/control.h"

#include "tensor/tensor.h"

tenon_status tenon__control_copy(const tenon__control *c, uint32_t i, const tenon__view *from)
{
    const tenon__run *r = &c->run;
    const tenon__services *s = r->services;
    size_t bytes;
    if (i >= r->out_count) return TENON_OK;
    if (from->kind != TENON_VALUE_TENSOR) {
        if (!from->value) return tenon__fail(r->err, TENON_EINTERNAL, "output %u has no value", i);
        return s->give(s->ctx, r->out[i], tenon__value_ref(from->value), r->err);
    }
    tenon_status st = s->resize(s->ctx, r->out[i], from->dtype, from->rank, from->dims, r->err);
    if (st == TENON_OK && tenon__view_bytes(from, &bytes) && bytes)
        memcpy(r->out[i]->data, from->data, bytes);
    return st;
}

static bool is_carried(const tenon__run *r, const tenon__view *v, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (v->data && v->data == r->out[i]->data) return true;
    return false;
}

tenon_status tenon__control_carry(const tenon__control *c, const tenon__view *const *from,
                                  uint32_t count)
{
    const tenon__run *r = &c->run;
    const tenon__services *s = r->services;
    if (count > TENON__MAX_BODY_INPUTS || count > r->out_count)
        return tenon__fail(r->err, TENON_EFORMAT, "%u values are carried and %u outputs are there",
                           count, r->out_count);
    tenon__view aside[TENON__MAX_BODY_INPUTS];
    for (uint32_t i = 0; i < count; i++) {
        size_t bytes;
        aside[i] = *from[i];
        if (from[i]->kind != TENON_VALUE_TENSOR || !is_carried(r, from[i], count)) continue;
        if (!tenon__view_bytes(from[i], &bytes))
            return tenon__fail(r->err, TENON_ELIMIT, "a carried value's size overflows");
        tenon_status st = s->buffer(s->ctx, i, bytes, &aside[i].data, r->err);
        if (st) return st;
        if (bytes) memcpy(aside[i].data, from[i]->data, bytes);
    }
    /* Values first become ours, so that giving one up never frees another. */
    tenon_value *held[TENON__MAX_BODY_INPUTS];
    for (uint32_t i = 0; i < count; i++)
        held[i] = aside[i].kind != TENON_VALUE_TENSOR && aside[i].value
                      ? tenon__value_ref(aside[i].value)
                      : NULL;
    tenon_status st = TENON_OK;
    for (uint32_t i = 0; i < count; i++) {
        if (st == TENON_OK) st = tenon__control_copy(c, i, &aside[i]);
        tenon_value_destroy(held[i]);
    }
    return st;
}

tenon_status tenon__stack_push(const tenon__control *c, tenon__stack *k, uint32_t buffer,
                               const tenon__view *item)
{
    const tenon__run *r = &c->run;
    size_t bytes, total;
    if (item->kind != TENON_VALUE_TENSOR || !tenon__view_bytes(item, &bytes))
        return tenon__fail(r->err, TENON_ETYPE, "a scan output must be a tensor");
    if (tenon_dtype_bits(item->dtype) < 8)
        return tenon__fail(r->err, TENON_EUNSUPPORTED, "a scan output of %s is not supported",
                           tenon_dtype_text(item->dtype));
    if (item->rank + 1 > TENON_MAX_RANK)
        return tenon__fail(r->err, TENON_ELIMIT, "a scan output has more than %d axes",
                           TENON_MAX_RANK);
    if (!k->rounds) k->item = *item;
    bool same = k->item.dtype == item->dtype && k->item.rank == item->rank;
    for (int d = 0; same && d < item->rank; d++)
        same = k->item.dims[d] == item->dims[d];
    if (!same)
        return tenon__fail(r->err, TENON_ESHAPE, "a scan output changes its shape in round %lld",
                           (long long)k->rounds);
    if (!tenon__add(k->used_bytes, bytes, &total))
        return tenon__fail(r->err, TENON_ELIMIT, "a scan output's size overflows");
    void *data;
    tenon_status st = r->services->buffer(r->services->ctx, buffer, total, &data, r->err);
    if (st) return st;
    k->data = data;
    if (bytes) memcpy(k->data + k->used_bytes, item->data, bytes);
    k->used_bytes = total;
    k->rounds++;
    return TENON_OK;
}

tenon_status tenon__stack_give(const tenon__control *c, const tenon__stack *k, uint32_t i, int axis,
                               bool reverse, const tenon__view *declared)
{
    const tenon__run *r = &c->run;
    const tenon__services *s = r->services;
    const tenon__view *item = k->rounds ? &k->item : declared;
    int64_t dims[TENON_MAX_RANK];
    int rank = (item->rank < 0 ? 0 : item->rank) + 1;
    if (i >= r->out_count) return TENON_OK;
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank || rank > TENON_MAX_RANK)
        return tenon__fail(r->err, TENON_EFORMAT, "scan output axis %d lies outside its %d axes",
                           axis, rank);
    for (int d = 0, from = 0; d < rank; d++)
        dims[d] = d == axis ? k->rounds : item->dims[from++] < 0 ? 0 : item->dims[from - 1];
    tenon_status st = s->resize(s->ctx, r->out[i], item->dtype, rank, dims, r->err);
    if (st || !k->used_bytes) return st;
    size_t round = k->used_bytes / (size_t)k->rounds;
    size_t outer = (size_t)tenon__dims_product(dims, 0, axis), run = round / outer;
    uint8_t *dst = r->out[i]->data;
    for (size_t o = 0; o < outer; o++)
        for (int64_t n = 0; n < k->rounds; n++) {
            int64_t from = reverse ? k->rounds - 1 - n : n;
            memcpy(dst, k->data + (size_t)from * round + o * run, run);
            dst += run;
        }
    return TENON_OK;
}

void tenon__control_infer(tenon__infer *c, const tenon__graph *body, uint32_t skip,
                          uint32_t stacked)
{
    for (uint32_t i = 0; i < c->out_count && body && i + skip < body->outputs.count; i++) {
        const tenon__view *v = &tenon__graph_value(body, body->outputs.items[i + skip])->view;
        tenon__view *out = c->out[i];
        out->dtype = v->dtype;
        out->kind = v->kind;
        out->rank = TENON__RANK_UNKNOWN;
        if (i < stacked || v->rank < 0 || v->rank + 1 > TENON_MAX_RANK || c->binding) continue;
        out->rank = v->rank + 1;
        for (int d = 0; d < out->rank; d++)
            out->dims[d] = TENON__DIM_UNKNOWN;
    }
}
