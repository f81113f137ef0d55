/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol buffers over bytes in memory: a cursor over the fields of one message. Nothing is
 * copied, no length is believed. A part is another cursor into the same bytes, so that errors can
 * say where in the file they are. */
#ifndef TENON_FORMATS_ONNX_WIRE_H
#define TENON_FORMATS_ONNX_WIRE_H

#include "base/status.h"
#include "base/str.h"

/* Looks up from the bytes once in a while. One per reading. */
typedef struct tenon__pb_watch {
    uint32_t left; /* fields until the next look */
    uint64_t reached;
    bool (*stop)(void *ctx, uint64_t offset); /* may be NULL */
    void *ctx;
} tenon__pb_watch;

typedef struct tenon__pb {
    const uint8_t *base, *at, *end; /* of the file, and what is left of the message */
    tenon__pb_watch *watch;         /* may be NULL */
} tenon__pb;

typedef enum tenon__pb_type {
    TENON__PB_VARINT,
    TENON__PB_64,
    TENON__PB_BYTES,
    TENON__PB_32 = 5
} tenon__pb_type;

typedef struct tenon__pb_field {
    uint32_t number; /* 0: the message has ended */
    uint32_t type;
    uint64_t value; /* of a number */
    tenon__pb part; /* of bytes */
    size_t offset;  /* in the file, of the tag */
} tenon__pb_field;

static inline size_t tenon__pb_offset(const tenon__pb *m)
{
    return (size_t)(m->at - m->base);
}

static inline size_t tenon__pb_left(const tenon__pb *m)
{
    return (size_t)(m->end - m->at);
}

static inline tenon__str tenon__pb_str(const tenon__pb_field *f)
{
    tenon__str s = {(const char *)f->part.at, tenon__pb_left(&f->part)};
    return s;
}

/* The next field. TENON_EFORMAT says the offset; TENON_ECANCELED where the watch says so. */
tenon_status tenon__pb_next(tenon__pb *m, tenon__pb_field *f, tenon_error *err);
/* TENON_EFORMAT unless the field is of this wire type. */
tenon_status tenon__pb_want(const tenon__pb_field *f, tenon__pb_type type, tenon_error *err);
/* One varint from packed data. */
tenon_status tenon__pb_varint(tenon__pb *m, uint64_t *out, tenon_error *err);
/* For loops that read no fields: counts `steps` as fields. */
tenon_status tenon__pb_tick(const tenon__pb *m, uint32_t steps, tenon_error *err);

/* Loops over the fields of m; leaves with `status` set at the end or at an error. */
#define TENON__PB_EACH(m, f, status, err)                                                          \
    while (((status) = tenon__pb_next((m), (f), (err))) == TENON_OK && (f)->number)

#endif
