/* SPDX-License-Identifier: Apache-2.0 */
/* Damage to a model's bytes: blind (bits flipped, pieces cut and repeated), and by the wire format
 * of Protocol Buffers, so that the result is well formed and wrong deeper inside (fields repeated,
 * left out, exchanged, taken from another model, numbers from the edges). Shared by the hostile
 * test and by the fuzz target's own mutator. */
#ifndef TENON_TESTS_FUZZ_MUTATE_H
#define TENON_TESTS_FUZZ_MUTATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MUTATE_FIELDS 512 /* of one message that are told apart */
#define MUTATE_DEPTH  12

typedef struct mutate_bytes {
    uint8_t *data;
    size_t size, room; /* writes past `room` are dropped */
} mutate_bytes;

typedef struct mutate_field {
    size_t start, value, end; /* tag, content, and what comes next */
    uint32_t number, wire;
} mutate_field;

static inline uint64_t mutate_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline size_t mutate_below(uint64_t *state, size_t n)
{
    return n ? (size_t)(mutate_random(state) % n) : 0;
}

static inline void mutate_put(mutate_bytes *b, const void *data, size_t size)
{
    size_t room = b->room - b->size;
    if (size > room) size = room;
    if (size) memcpy(b->data + b->size, data, size);
    b->size += size;
}

static inline void mutate_put_varint(mutate_bytes *b, uint64_t x)
{
    do {
        uint8_t byte = (uint8_t)((x & 0x7f) | (x > 0x7f ? 0x80 : 0));
        mutate_put(b, &byte, 1);
        x >>= 7;
    } while (x);
}

static inline bool mutate_varint(const uint8_t *data, size_t size, size_t *at, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && *at < size; shift += 7) {
        uint8_t byte = data[(*at)++];
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

/* The fields of a message; 0 where the bytes are none. */
static inline size_t mutate_parse(const uint8_t *data, size_t size, mutate_field *out)
{
    size_t count = 0;
    for (size_t at = 0; at < size;) {
        uint64_t tag, length = 0;
        mutate_field f = {.start = at};
        if (count == MUTATE_FIELDS || !mutate_varint(data, size, &at, &tag) || tag >> 3 == 0)
            return 0;
        f.number = (uint32_t)(tag >> 3);
        f.wire = (uint32_t)(tag & 7);
        f.value = at;
        if (f.wire == 0) {
            if (!mutate_varint(data, size, &at, &length)) return 0;
        } else if (f.wire == 1 || f.wire == 5) {
            size_t bytes = f.wire == 1 ? 8 : 4;
            if (size - at < bytes) return 0;
            at += bytes;
        } else if (f.wire == 2) {
            if (!mutate_varint(data, size, &at, &length) || length > size - at) return 0;
            f.value = at;
            at += (size_t)length;
        } else {
            return 0;
        }
        f.end = at;
        out[count++] = f;
    }
    return count;
}

static inline uint64_t mutate_number(uint64_t *state)
{
    static const int64_t edges[] = {
        0,         1,         2,         3,         -1,        -2,         4,          7,
        8,         15,        16,        17,        31,        32,         63,         64,
        65,        127,       128,       255,       256,       1000,       4095,       65535,
        65536,     1 << 20,   1 << 24,   INT32_MAX, INT32_MIN, UINT32_MAX, 1LL << 32,  1LL << 40,
        INT64_MAX, INT64_MIN, 1LL << 62, -128,      -1000,     0x7f800000, 0x7fc00000, 0x3f800000,
    };
    uint64_t x = (uint64_t)edges[mutate_below(state, sizeof edges / sizeof *edges)];
    return mutate_below(state, 4) ? x : x + mutate_below(state, 5) - 2;
}

static inline void mutate_put_field(mutate_bytes *out, const mutate_field *f,
                                    const uint8_t *content, size_t size)
{
    mutate_put_varint(out, (uint64_t)f->number << 3 | f->wire);
    if (f->wire == 2) mutate_put_varint(out, size);
    mutate_put(out, content, size);
}

/* One number of a field anew: its only one, or one of a packed list. */
static inline void mutate_renumber(mutate_bytes *out, const mutate_field *f, const uint8_t *data,
                                   uint64_t *state)
{
    uint8_t content[10];
    mutate_bytes b = {content, 0, sizeof content};
    uint64_t x = mutate_number(state), old;
    if (f->wire == 0) {
        mutate_put_varint(&b, x);
        mutate_put_field(out, f, content, b.size);
        return;
    }
    if (f->wire != 2) {
        memcpy(content, &x, 8);
        mutate_put_field(out, f, content, f->end - f->value);
        return;
    }
    size_t start = f->value, end = f->value;
    size_t skip = mutate_below(state, 8);
    do {
        start = end;
        if (!mutate_varint(data, f->end, &end, &old)) end = f->end;
    } while (skip-- && end < f->end);
    mutate_put_varint(&b, x);
    mutate_put_varint(out, (uint64_t)f->number << 3 | 2);
    mutate_put_varint(out, start - f->value + b.size + (f->end - end));
    mutate_put(out, data + f->value, start - f->value);
    mutate_put(out, content, b.size);
    mutate_put(out, data + end, f->end - end);
}

/* Bytes of a string, a tensor or a packed list: cut, lengthened, changed. */
static inline void mutate_content(mutate_bytes *out, const mutate_field *f, const uint8_t *data,
                                  uint64_t *state)
{
    size_t size = f->end - f->value;
    size_t cut = mutate_below(state, size + 1), more = mutate_below(state, 40);
    mutate_put_varint(out, (uint64_t)f->number << 3 | f->wire);
    switch (mutate_below(state, 3)) {
    case 0:
        mutate_put_varint(out, cut);
        mutate_put(out, data + f->value, cut);
        break;
    case 1:
        mutate_put_varint(out, size + more);
        mutate_put(out, data + f->value, size);
        for (size_t i = 0; i < more; i++)
            mutate_put(out, size ? data + f->value + i % size : (const uint8_t *)"a", 1);
        break;
    default:
        mutate_put_varint(out, size);
        size_t at = out->size;
        mutate_put(out, data + f->value, size);
        if (size && at + cut < out->size) out->data[at + cut] = (uint8_t)mutate_random(state);
        break;
    }
}

/* Large fields (the graph, its nodes) more often than the small ones beside them. */
static inline size_t mutate_choose(const mutate_field *fields, size_t count, uint64_t *state)
{
    size_t total = 0, at = 0, i = 0;
    for (i = 0; i < count; i++)
        total += fields[i].wire == 2 && fields[i].end - fields[i].value > 8 ? 4 : 1;
    size_t pick = mutate_below(state, total);
    for (i = 0; i + 1 < count; i++) {
        at += fields[i].wire == 2 && fields[i].end - fields[i].value > 8 ? 4 : 1;
        if (at > pick) break;
    }
    return i;
}

/* Something in the place of a field: nothing, itself twice, a neighbour, or itself with other
 * content. `gift` is a field of the donor, or NULL. */
static inline void mutate_replace(mutate_bytes *out, const uint8_t *data, const mutate_field *f,
                                  const mutate_field *other, const uint8_t *donor,
                                  const mutate_field *gift, uint64_t *state)
{
    switch (mutate_below(state, 8)) {
    case 0:
        break;
    case 1: /* now and then many times */
        for (size_t n = mutate_below(state, 8) ? 2 : 2 + mutate_below(state, 300); n; n--)
            mutate_put(out, data + f->start, f->end - f->start);
        break;
    case 2:
        mutate_put(out, data + other->start, other->end - other->start);
        break;
    case 3:
        if (other->wire == f->wire)
            mutate_put_field(out, f, data + other->value, other->end - other->value);
        break;
    case 4:
    case 5:
        if (gift)
            mutate_put_field(out, f, donor + gift->value, gift->end - gift->value);
        else
            mutate_renumber(out, f, data, state);
        break;
    case 6:
        if (f->wire == 2)
            mutate_content(out, f, data, state);
        else
            mutate_renumber(out, f, data, state);
        break;
    default:
        mutate_renumber(out, f, data, state);
        break;
    }
}

static inline bool mutate_message(mutate_bytes *out, const uint8_t *data, size_t size,
                                  const uint8_t *donor, size_t donor_size, uint64_t *state,
                                  int depth);

/* A field whose content is a message, changed inside; false where it is none. */
static inline bool mutate_inside(mutate_bytes *out, const uint8_t *data, const mutate_field *f,
                                 const uint8_t *donor, const mutate_field *gift, uint64_t *state,
                                 int depth)
{
    size_t size = f->end - f->value, theirs = gift ? gift->end - gift->value : 0;
    if (f->wire != 2 || depth >= MUTATE_DEPTH || size < 2) return false;
    mutate_bytes body = {.room = 2 * size + theirs + 4096};
    body.data = malloc(body.room);
    bool done =
        body.data && mutate_message(&body, data + f->value, size, gift ? donor + gift->value : NULL,
                                    theirs, state, depth + 1);
    if (done) mutate_put_field(out, f, body.data, body.size);
    free(body.data);
    return done;
}

/* `data` as a message with one field changed, somewhere inside; false where it is no message.
 * `donor` is a message of the same kind, whose fields may be taken. */
static inline bool mutate_message(mutate_bytes *out, const uint8_t *data, size_t size,
                                  const uint8_t *donor, size_t donor_size, uint64_t *state,
                                  int depth)
{
    mutate_field *fields = malloc(2 * MUTATE_FIELDS * sizeof *fields), *theirs = NULL;
    size_t count = fields ? mutate_parse(data, size, fields) : 0, gifts = 0;
    if (count) {
        theirs = fields + MUTATE_FIELDS;
        const mutate_field *f = &fields[mutate_choose(fields, count, state)];
        const mutate_field *other = &fields[mutate_below(state, count)];
        size_t donors = donor ? mutate_parse(donor, donor_size, theirs) : 0;
        for (size_t i = 0; i < donors; i++)
            if (theirs[i].number == f->number && theirs[i].wire == f->wire)
                theirs[gifts++] = theirs[i];
        const mutate_field *gift = gifts ? &theirs[mutate_below(state, gifts)] : NULL;
        mutate_put(out, data, f->start);
        if (!mutate_below(state, 8) || !mutate_inside(out, data, f, donor, gift, state, depth))
            mutate_replace(out, data, f, other, donor, gift, state);
        mutate_put(out, data + f->end, size - f->end);
    }
    free(fields);
    return count > 0;
}

/* One blind change in place; most hit the beginning, where the structure is. */
static inline void mutate_blind(mutate_bytes *b, uint64_t *state)
{
    static const uint8_t bytes[] = {0, 1, 0x7f, 0x80, 0xff};
    static const size_t heads[] = {200, 2000, SIZE_MAX};
    if (!b->size) return;
    size_t head = heads[mutate_below(state, 3)];
    size_t at = mutate_below(state, head < b->size ? head : b->size);
    uint8_t piece[40];
    size_t n = 1 + mutate_below(state, sizeof piece), from = mutate_below(state, b->size);
    switch (mutate_below(state, 6)) {
    case 0:
        b->data[at] ^= (uint8_t)(1u << mutate_below(state, 8));
        break;
    case 1:
        b->data[at] = bytes[mutate_below(state, sizeof bytes)];
        break;
    case 2:
        if (n > b->size - at) n = b->size - at;
        memmove(b->data + at, b->data + at + n, b->size - at - n);
        b->size -= n;
        break;
    case 3:
        if (n > b->size - from) n = b->size - from;
        if (n > b->room - b->size) n = b->room - b->size;
        memcpy(piece, b->data + from, n);
        memmove(b->data + at + n, b->data + at, b->size - at);
        memcpy(b->data + at, piece, n);
        b->size += n;
        break;
    case 4:
        b->size = at ? at : 1;
        break;
    default:
        n = n % 9 + 1;
        if (n > b->size - at) n = b->size - at;
        memset(b->data + at, 0xff, n);
        break;
    }
}

/* A damaged copy of `data`, of at most size + donor_size + 65536 bytes: new, free() it. NULL where
 * memory is out. */
static inline uint8_t *mutate(const uint8_t *data, size_t size, const uint8_t *donor,
                              size_t donor_size, uint64_t seed, size_t *out_size)
{
    size_t room = size + donor_size + 65536;
    mutate_bytes now = {malloc(room), 0, room}, next = {malloc(room), 0, room};
    uint64_t state = seed;
    if (!now.data || !next.data) {
        free(now.data);
        free(next.data);
        return NULL;
    }
    mutate_put(&now, data, size);
    static const size_t counts[] = {1, 1, 1, 2, 3, 8};
    for (size_t n = counts[mutate_below(&state, 6)]; n; n--) {
        next.size = 0;
        if (mutate_below(&state, 4) &&
            mutate_message(&next, now.data, now.size, donor, donor_size, &state, 0)) {
            mutate_bytes t = now;
            now = next;
            next = t;
        } else {
            mutate_blind(&now, &state);
        }
    }
    free(next.data);
    *out_size = now.size;
    return now.data;
}

#endif
