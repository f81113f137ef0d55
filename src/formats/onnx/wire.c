/* SPDX-License-Identifier: Apache-2.0 */
/* The wire format of protocol buffers. */
#include "formats/onnx/wire.h"

#define FIELDS_PER_LOOK 4096

static tenon_status look_up(const tenon__pb *m, tenon_error *err)
{
    tenon__pb_watch *watch = m->watch;
    watch->left = FIELDS_PER_LOOK;
    if (!watch->stop) return TENON_OK;
    if (tenon__pb_offset(m) > watch->reached) watch->reached = tenon__pb_offset(m);
    if (watch->stop(watch->ctx, watch->reached))
        return tenon__fail(err, TENON_ECANCELED, "loading was canceled");
    return TENON_OK;
}

tenon_status tenon__pb_tick(const tenon__pb *m, uint32_t steps, tenon_error *err)
{
    if (!m->watch) return TENON_OK;
    if (m->watch->left > steps) {
        m->watch->left -= steps;
        return TENON_OK;
    }
    return look_up(m, err);
}

static tenon_status broken(const uint8_t *base, const uint8_t *at, const char *what,
                           tenon_error *err)
{
    return tenon__fail(err, TENON_EFORMAT, "byte %zu: %s", (size_t)(at - base), what);
}

tenon_status tenon__pb_varint(tenon__pb *m, uint64_t *out, tenon_error *err)
{
    const uint8_t *start = m->at;
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (m->at == m->end) return broken(m->base, start, "a number is cut off", err);
        uint8_t byte = *m->at++;
        if (shift == 63 && byte > 1) break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return TENON_OK;
        }
    }
    return broken(m->base, start, "a number takes more than 64 bits", err);
}

/* Bytes [0, size) of what is left become the field's part. */
static tenon_status take_bytes(tenon__pb *m, uint64_t size, tenon__pb_field *f, tenon_error *err)
{
    if (size > tenon__pb_left(m))
        return tenon__fail(err, TENON_EFORMAT,
                           "byte %zu: field %u says it has %llu bytes, but %zu are left", f->offset,
                           f->number, (unsigned long long)size, tenon__pb_left(m));
    f->part = (tenon__pb){m->base, m->at, m->at + size, m->watch};
    m->at += size;
    return TENON_OK;
}

static tenon_status take_fixed(tenon__pb *m, unsigned bytes, tenon__pb_field *f, tenon_error *err)
{
    if (tenon__pb_left(m) < bytes) return broken(m->base, m->at, "a number is cut off", err);
    f->value = 0;
    for (unsigned i = 0; i < bytes; i++)
        f->value |= (uint64_t)m->at[i] << 8 * i;
    m->at += bytes;
    return TENON_OK;
}

tenon_status tenon__pb_next(tenon__pb *m, tenon__pb_field *f, tenon_error *err)
{
    uint64_t n;
    f->number = 0;
    f->offset = tenon__pb_offset(m);
    tenon_status status = tenon__pb_tick(m, 1, err);
    if (status || m->at == m->end) return status;
    status = tenon__pb_varint(m, &n, err);
    if (status) return status;
    if (n >> 3 == 0 || n >> 3 > 0x1fffffff)
        return broken(m->base, m->base + f->offset, "there is no field of this number", err);
    f->type = (uint32_t)(n & 7);
    f->number = (uint32_t)(n >> 3);
    switch (f->type) {
    case TENON__PB_VARINT:
        return tenon__pb_varint(m, &f->value, err);
    case TENON__PB_64:
        return take_fixed(m, 8, f, err);
    case TENON__PB_32:
        return take_fixed(m, 4, f, err);
    case TENON__PB_BYTES:
        status = tenon__pb_varint(m, &n, err);
        return status ? status : take_bytes(m, n, f, err);
    default:
        return broken(m->base, m->base + f->offset, "there is no such kind of field", err);
    }
}

tenon_status tenon__pb_want(const tenon__pb_field *f, tenon__pb_type type, tenon_error *err)
{
    if (f->type == (uint32_t)type) return TENON_OK;
    return tenon__fail(err, TENON_EFORMAT, "byte %zu: field %u has wire type %u; %d is right",
                       f->offset, f->number, f->type, (int)type);
}
