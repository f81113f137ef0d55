/* SPDX-License-Identifier: Apache-2.0 */
/* DEFLATE (RFC 1951), for what numpy.savez_compressed writes. Codes are canonical: a code of n bits
 * is found by counting how many codes are shorter, so that the tables are two short arrays. */
#include <string.h>

#include "cli.h"

enum { MAX_BITS = 15, LITERALS = 288, DISTANCES = 30, END_OF_BLOCK = 256 };

typedef struct bits {
    const uint8_t *src;
    size_t size, at;
    uint32_t held; /* `count` bits not yet used, the next one lowest */
    unsigned count;
    bool failed; /* read past the end */
} bits;

typedef struct window {
    uint8_t *dst;
    size_t size, at;
} window;

typedef struct code {
    uint16_t counts[MAX_BITS + 1]; /* how many symbols have a code of so many bits */
    uint16_t symbols[LITERALS];    /* ordered by code */
} code;

static unsigned take(bits *b, unsigned n)
{
    while (b->count < n) {
        if (b->at == b->size) {
            b->failed = true;
            return 0;
        }
        b->held |= (uint32_t)b->src[b->at++] << b->count;
        b->count += 8;
    }
    unsigned value = b->held & ((1u << n) - 1);
    b->held >>= n;
    b->count -= n;
    return value;
}

/* From the length of each symbol's code; false where there are more codes than fit. An incomplete
 * set is legal (a single distance code): what it leaves out is refused when it is met. */
static bool make_code(code *c, const uint8_t *lengths, unsigned n)
{
    uint16_t offsets[MAX_BITS + 1];
    int left = 1;
    memset(c->counts, 0, sizeof c->counts);
    for (unsigned i = 0; i < n; i++)
        c->counts[lengths[i]]++;
    c->counts[0] = 0;
    for (int k = 1; k <= MAX_BITS; k++) {
        left = left * 2 - c->counts[k];
        if (left < 0) return false;
    }
    offsets[1] = 0;
    for (int k = 1; k < MAX_BITS; k++)
        offsets[k + 1] = (uint16_t)(offsets[k] + c->counts[k]);
    for (unsigned i = 0; i < n; i++)
        if (lengths[i]) c->symbols[offsets[lengths[i]]++] = (uint16_t)i;
    return true;
}

/* The next symbol, -1 where there is none. */
static int take_symbol(bits *b, const code *c)
{
    int value = 0, first = 0, index = 0;
    for (int k = 1; k <= MAX_BITS; k++) {
        value |= (int)take(b, 1);
        if (b->failed) return -1;
        int count = c->counts[k];
        if (value - first < count) return c->symbols[index + value - first];
        index += count;
        first = (first + count) << 1;
        value <<= 1;
    }
    return -1;
}

static bool copy_stored(bits *b, window *w)
{
    b->held = 0; /* the rest of the byte is padding */
    b->count = 0;
    if (b->size - b->at < 4) return false;
    size_t n = b->src[b->at] | (size_t)b->src[b->at + 1] << 8;
    size_t check = b->src[b->at + 2] | (size_t)b->src[b->at + 3] << 8;
    b->at += 4;
    if ((n ^ check) != 0xffff || n > b->size - b->at || n > w->size - w->at) return false;
    if (n) memcpy(w->dst + w->at, b->src + b->at, n);
    b->at += n;
    w->at += n;
    return true;
}

/* A match: `symbol` says how long, the next code how far back. */
static bool copy_match(bits *b, window *w, int symbol, const code *distances)
{
    static const uint16_t length_base[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                           15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                           67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_bits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t far_base[] = {
        1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
        193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    symbol -= END_OF_BLOCK + 1;
    if (symbol >= (int)(sizeof length_base / sizeof length_base[0])) return false;
    size_t n = length_base[symbol] + take(b, length_bits[symbol]);
    int far = take_symbol(b, distances);
    if (far < 0 || far >= DISTANCES) return false;
    size_t back = far_base[far] + take(b, far < 2 ? 0 : (unsigned)far / 2 - 1);
    if (b->failed || back > w->at || n > w->size - w->at) return false;
    for (size_t i = 0; i < n; i++, w->at++) /* it may overlap what it writes */
        w->dst[w->at] = w->dst[w->at - back];
    return true;
}

static bool copy_block(bits *b, window *w, const code *literals, const code *distances)
{
    for (;;) {
        int symbol = take_symbol(b, literals);
        if (symbol < 0) return false;
        if (symbol == END_OF_BLOCK) return true;
        if (symbol > END_OF_BLOCK) {
            if (!copy_match(b, w, symbol, distances)) return false;
        } else {
            if (w->at == w->size) return false;
            w->dst[w->at++] = (uint8_t)symbol;
        }
    }
}

static bool take_fixed_codes(code *literals, code *distances)
{
    uint8_t lengths[LITERALS];
    for (int i = 0; i < LITERALS; i++)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    if (!make_code(literals, lengths, LITERALS)) return false;
    memset(lengths, 5, DISTANCES);
    return make_code(distances, lengths, DISTANCES);
}

/* The lengths of both codes stand in the block, themselves coded. */
static bool take_codes(bits *b, code *literals, code *distances)
{
    static const uint8_t order[] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                    11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERALS + 32] = {0};
    unsigned literal_count = take(b, 5) + 257, distance_count = take(b, 5) + 1, n = take(b, 4) + 4;
    if (b->failed || literal_count > 286 || distance_count > DISTANCES) return false;
    for (unsigned i = 0; i < n; i++)
        lengths[order[i]] = (uint8_t)take(b, 3);
    if (b->failed || !make_code(literals, lengths, 19)) return false;
    memset(lengths, 0, sizeof lengths);
    for (unsigned i = 0; i < literal_count + distance_count;) {
        int symbol = take_symbol(b, literals);
        uint8_t repeated = 0;
        unsigned times = 1;
        if (symbol < 0 || (symbol == 16 && i == 0)) return false;
        if (symbol < 16)
            repeated = (uint8_t)symbol;
        else if (symbol == 16)
            repeated = lengths[i - 1], times = 3 + take(b, 2);
        else
            times = symbol == 17 ? 3 + take(b, 3) : 11 + take(b, 7);
        if (b->failed || times > literal_count + distance_count - i) return false;
        memset(lengths + i, repeated, times);
        i += times;
    }
    return make_code(literals, lengths, literal_count) &&
           make_code(distances, lengths + literal_count, distance_count);
}

bool cli_inflate(const uint8_t *src, size_t src_size, uint8_t *dst, size_t dst_size)
{
    bits b = {.src = src, .size = src_size};
    window w = {dst, dst_size, 0};
    code literals, distances;
    for (bool last = false; !last;) {
        last = take(&b, 1);
        unsigned kind = take(&b, 2);
        bool ok = !b.failed && kind != 3;
        if (ok && kind == 0)
            ok = copy_stored(&b, &w);
        else if (ok)
            ok = (kind == 1 ? take_fixed_codes(&literals, &distances)
                            : take_codes(&b, &literals, &distances)) &&
                 copy_block(&b, &w, &literals, &distances);
        if (!ok) return false;
    }
    return w.at == w.size;
}
