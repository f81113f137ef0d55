/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 and letter case. */
#include "opkit/text.h"

uint32_t tenon__utf8_next(const char *data, size_t size, size_t *at)
{
    const uint8_t *p = (const uint8_t *)data + *at;
    size_t left = size - *at;
    uint32_t code = p[0];
    size_t more = code < 0x80                   ? 0
                  : code >= 0xF0 && code < 0xF5 ? 3
                  : code >= 0xE0 && code < 0xF0 ? 2
                                                : 1;
    (*at)++;
    if (more == 0) return code;
    if (code < 0xC2 || code >= 0xF5 || more >= left) return 0xFFFD;
    code &= 0x3Fu >> more;
    for (size_t k = 1; k <= more; k++) {
        if ((p[k] & 0xC0) != 0x80) return 0xFFFD;
        code = code << 6 | (p[k] & 0x3F);
    }
    const uint32_t least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return 0xFFFD;
    *at += more;
    return code;
}

size_t tenon__utf8_put(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xC0, 0xE0, 0xF0};
    for (size_t k = more; k > 0; k--) {
        out[k] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(lead[more] | code);
    return more + 1;
}

/* Capital letters [first, last] and, `distance` above them, the small ones; distance 1: the two
 * alternate, starting with a capital. */
static const struct {
    uint16_t first, last, distance;
} ranges[] = {
    {0x0041, 0x005A, 32}, {0x00C0, 0x00D6, 32}, {0x00D8, 0x00DE, 32}, {0x0100, 0x012F, 1},
    {0x0132, 0x0137, 1},  {0x0139, 0x0148, 1},  {0x014A, 0x0177, 1},  {0x0179, 0x017E, 1},
    {0x01CD, 0x01DC, 1},  {0x01DE, 0x01EF, 1},  {0x01F8, 0x021F, 1},  {0x0222, 0x0233, 1},
    {0x0388, 0x038A, 37}, {0x0391, 0x03A1, 32}, {0x03A3, 0x03AB, 32}, {0x03D8, 0x03EF, 1},
    {0x0400, 0x040F, 80}, {0x0410, 0x042F, 32}, {0x0460, 0x0481, 1},  {0x048A, 0x04BF, 1},
    {0x04C1, 0x04CE, 1},  {0x04D0, 0x052F, 1},  {0x0531, 0x0556, 48}, {0x1E00, 0x1E95, 1},
    {0x1EA0, 0x1EFF, 1},  {0xFF21, 0xFF3A, 32},
};

/* Letters of no range. */
static const struct {
    uint16_t upper, lower;
} pairs[] = {{0x0178, 0x00FF}, {0x0386, 0x03AC}, {0x038C, 0x03CC}, {0x038E, 0x03CD},
             {0x038F, 0x03CE}, {0x04C0, 0x04CF}, {0x0130, 0x0069}};

uint32_t tenon__lower(uint32_t code)
{
    if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
    for (size_t k = 0; k < sizeof ranges / sizeof *ranges; k++) {
        if (code < ranges[k].first || code > ranges[k].last) continue;
        if (ranges[k].distance == 1) return code + ((code - ranges[k].first) % 2 == 0 ? 1 : 0);
        return code + ranges[k].distance;
    }
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        if (code == pairs[k].upper) return pairs[k].lower;
    return code;
}

uint32_t tenon__upper(uint32_t code)
{
    if (code < 0x80) return code >= 'a' && code <= 'z' ? code - 32 : code;
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        if (code == pairs[k].lower) return pairs[k].upper;
    for (size_t k = 0; k < sizeof ranges / sizeof *ranges; k++) {
        const uint32_t far = ranges[k].distance;
        if (far == 1) {
            if (code >= ranges[k].first && code <= ranges[k].last)
                return code - ((code - ranges[k].first) % 2 == 1 ? 1 : 0);
        } else if (code >= ranges[k].first + far && code <= ranges[k].last + far) {
            return code - far;
        }
    }
    return code;
}

tenon_status tenon__check_strings(const tenon__infer *c, uint32_t i)
{
    tenon_dtype dtype = c->in[i]->dtype;
    if (dtype == TENON_STRING || dtype == TENON_NONE) return TENON_OK;
    return tenon__fail(c->err, TENON_ETYPE, "input %u is %s; it must be string", i,
                       tenon_dtype_text(dtype));
}

bool tenon__string_equal(tenon_string a, tenon_string b)
{
    return a.size_bytes == b.size_bytes &&
           (a.size_bytes == 0 || memcmp(a.data, b.data, a.size_bytes) == 0);
}

bool tenon__string_is(tenon_string a, tenon__str b)
{
    return a.size_bytes == b.size && (b.size == 0 || memcmp(a.data, b.data, b.size) == 0);
}

tenon_status tenon__string_alloc(const tenon__run *r, size_t size_bytes, char **out)
{
    *out = r->services->alloc(r->services->ctx, size_bytes ? size_bytes : 1);
    if (*out) return TENON_OK;
    return tenon__fail(r->err, TENON_ENOMEM, "no memory for strings of %zu bytes", size_bytes);
}
