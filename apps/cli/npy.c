/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy's .npy, format 1.0 to 3.0: numpy/lib/format.py says what it holds. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "cli.h"

/* ---- dtypes ---- */

static const struct {
    const char *descr;
    tenon_dtype dtype;
} descrs[] = {
    {"<f4", TENON_F32}, {"<f8", TENON_F64},   {"<f2", TENON_F16}, {"|i1", TENON_I8},
    {"<i2", TENON_I16}, {"<i4", TENON_I32},   {"<i8", TENON_I64}, {"|u1", TENON_U8},
    {"<u2", TENON_U16}, {"<u4", TENON_U32},   {"<u8", TENON_U64}, {"|b1", TENON_BOOL},
    {"<c8", TENON_C64}, {"<c16", TENON_C128},
};
#define DESCR_COUNT (sizeof descrs / sizeof descrs[0])

bool npy_can_hold(tenon_dtype dtype)
{
    if (dtype == TENON_STRING) return true;
    for (size_t i = 0; i < DESCR_COUNT; i++)
        if (descrs[i].dtype == dtype) return true;
    return false;
}

/* ---- the header: a Python dict literal of three known keys ---- */

typedef struct header {
    char descr[24];
    bool fortran;
    int rank;
    int64_t dims[TENON_MAX_RANK];
    tenon_dtype dtype;
    size_t elem_bytes, width; /* width: code points of a string */
} header;

static const char *find_key(const char *text, const char *key)
{
    const char *p = strstr(text, key);
    if (!p) return NULL;
    p += strlen(key);
    while (*p == ' ' || *p == ':')
        p++;
    return p;
}

static bool parse_shape(const char *p, header *h)
{
    if (*p++ != '(') return false;
    h->rank = 0;
    while (*p != ')') {
        size_t n = strspn(p, "0123456789");
        if (!n || h->rank == TENON_MAX_RANK) return false;
        if (!tenon__parse_i64((tenon__str){p, n}, &h->dims[h->rank++])) return false;
        p += n;
        while (*p == ' ' || *p == ',' || *p == 'L')
            p++;
    }
    return true;
}

static bool parse_header(const char *text, header *h)
{
    const char *descr = find_key(text, "'descr'"), *order = find_key(text, "'fortran_order'");
    const char *shape = find_key(text, "'shape'");
    if (!descr || !order || !shape) return false;
    if (*descr == '\'') { /* else a list of fields: refused by name below */
        size_t n = strcspn(descr + 1, "'");
        if (n < 2 || n >= sizeof h->descr) return false;
        memcpy(h->descr, descr + 1, n);
    } else {
        strcpy(h->descr, "fields");
    }
    h->fortran = strncmp(order, "True", 4) == 0;
    return parse_shape(shape, h);
}

static void find_dtype(header *h)
{
    int64_t width = 0;
    h->dtype = TENON_NONE;
    if (h->descr[0] == '>') return;
    if (h->descr[1] == 'U') {
        if (!tenon__parse_i64(tenon__str_of(h->descr + 2), &width)) return;
        if (width < 1 || width > 1 << 24) return;
        h->dtype = TENON_STRING;
        h->width = (size_t)width;
        h->elem_bytes = h->width * 4;
        return;
    }
    for (size_t i = 0; i < DESCR_COUNT; i++)
        if (strcmp(h->descr + 1, descrs[i].descr + 1) == 0) h->dtype = descrs[i].dtype;
    h->elem_bytes = tenon_dtype_bits(h->dtype) / 8;
}

/* ---- strings: UCS-4, padded with zeros ---- */

static size_t put_utf8(uint32_t ch, char *out)
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, ch >>= 6)
        out[i] = (char)(0x80 | (ch & 63));
    out[0] = (char)(lead[n] | ch);
    return n;
}

/* One code point and the bytes it takes; a byte that begins none is U+FFFD. */
static size_t get_utf8(const unsigned char *s, size_t left, uint32_t *ch)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    *ch = 0xfffd;
    if (n == 0 || n > left || !tenon__utf8_valid((const char *)s, n)) return 1;
    *ch = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        *ch = *ch << 6 | (s[i] & 63);
    return n;
}

static int parse_strings(const char *what, const header *h, const uint8_t *data, tenon_tensor *t)
{
    tenon_error err;
    tenon_status st = TENON_OK;
    char *text = malloc(h->width * 4);
    if (!text) return cli_fail(EXIT_ENVIRONMENT, "%s: no memory for its strings", what);
    for (int64_t i = 0; i < tenon_tensor_count(t) && st == TENON_OK; i++) {
        size_t n = 0, used = 0;
        for (size_t k = 0; k < h->width; k++, data += 4) {
            uint32_t ch = cli_le32(data);
            n += put_utf8(ch < 0x110000 ? ch : 0xfffd, text + n);
            if (ch) used = n; /* zeros at the end are padding, others are text */
        }
        st = tenon_tensor_set_string(t, i, text, used, &err);
    }
    free(text);
    return st ? cli_fail_data(what, st, &err) : EXIT_DONE;
}

/* ---- reading ---- */

/* Fortran order to row-major. */
static void copy_transposed(const header *h, const uint8_t *src, uint8_t *dst, int64_t count)
{
    int64_t at[TENON_MAX_RANK] = {0};
    for (int64_t i = 0; i < count; i++) {
        size_t from = 0, stride = 1;
        for (int d = 0; d < h->rank; d++) {
            from += (size_t)at[d] * stride;
            stride *= (size_t)h->dims[d];
        }
        memcpy(dst + (size_t)i * h->elem_bytes, src + from * h->elem_bytes, h->elem_bytes);
        for (int d = h->rank - 1; d >= 0 && ++at[d] == h->dims[d]; d--)
            at[d] = 0;
    }
}

static int fill_tensor(const char *what, const header *h, const uint8_t *data, size_t bytes,
                       tenon_tensor *t)
{
    int64_t count = tenon_tensor_count(t);
    if (h->fortran && h->rank > 1 && h->dtype == TENON_STRING)
        return cli_fail(EXIT_REFUSED, "%s: strings in Fortran order are not read", what);
    if (h->dtype == TENON_STRING) return parse_strings(what, h, data, t);
    uint8_t *dst = tenon_tensor_data(t);
    if (h->fortran && h->rank > 1)
        copy_transposed(h, data, dst, count);
    else if (bytes)
        memcpy(dst, data, bytes);
    for (int64_t i = 0; h->dtype == TENON_BOOL && i < count; i++)
        dst[i] = dst[i] != 0;
    return EXIT_DONE;
}

static int parse_body(cli_context *c, const char *what, header *h, const uint8_t *data, size_t size,
                      tenon_value **out)
{
    tenon_tensor *t = NULL;
    tenon_error err;
    find_dtype(h);
    if (h->dtype == TENON_NONE)
        return cli_fail(EXIT_REFUSED,
                        "%s: its dtype '%s' is not read; little-endian numbers, bool and <U are",
                        what, h->descr);
    size_t need = h->elem_bytes;
    for (int d = 0; d < h->rank; d++)
        if (!tenon__mul(need, (size_t)h->dims[d], &need))
            return cli_fail(EXIT_REFUSED, "%s: its shape overflows", what);
    if (need > size)
        return cli_fail(EXIT_REFUSED,
                        "%s: cut short: its shape needs %zu bytes of data, %zu are there", what,
                        need, size);
    tenon_status st = tenon_tensor_create(c->env, h->dtype, h->rank, h->dims, &t, &err);
    if (st) return cli_fail_data(what, st, &err);
    int rc = fill_tensor(what, h, data, need, t);
    if (rc == EXIT_DONE) {
        st = tenon_value_create_tensor(c->env, t, out, &err);
        if (st) rc = cli_fail_data(what, st, &err);
    }
    if (rc) tenon_tensor_destroy(t);
    return rc;
}

int npy_parse(cli_context *c, const char *what, const uint8_t *data, size_t size, tenon_value **out)
{
    char text[4096];
    header h = {.rank = 0};
    *out = NULL;
    if (size < 10 || memcmp(data, "\x93NUMPY", 6) != 0)
        return cli_fail(EXIT_REFUSED, "%s: this is no .npy file", what);
    size_t at = data[6] >= 2 ? 12 : 10;
    if (size < at) return cli_fail(EXIT_REFUSED, "%s: cut short in its header", what);
    size_t length = data[6] >= 2 ? cli_le32(data + 8) : data[8] | (size_t)data[9] << 8;
    if (length > size - at || length >= sizeof text)
        return cli_fail(EXIT_REFUSED, "%s: its header is %zu bytes long; the file has %zu", what,
                        length, size);
    memcpy(text, data + at, length);
    text[length] = 0;
    if (!parse_header(text, &h)) return cli_fail(EXIT_REFUSED, "%s: its header is damaged", what);
    return parse_body(c, what, &h, data + at + length, size - at - length, out);
}

/* ---- writing ---- */

static size_t string_width(const tenon_tensor *t)
{
    const tenon_string *s = tenon_tensor_data_const(t);
    size_t most = 1;
    for (int64_t i = 0; i < tenon_tensor_count(t); i++) {
        const unsigned char *text = (const unsigned char *)s[i].data;
        size_t n = 0;
        uint32_t ch;
        for (size_t k = 0; k < s[i].size_bytes; n++)
            k += get_utf8(text + k, s[i].size_bytes - k, &ch);
        if (n > most) most = n;
    }
    return most;
}

static void write_strings(FILE *f, const tenon_tensor *t, size_t width)
{
    const tenon_string *s = tenon_tensor_data_const(t);
    for (int64_t i = 0; i < tenon_tensor_count(t); i++) {
        const unsigned char *text = (const unsigned char *)s[i].data;
        size_t k = 0;
        for (size_t n = 0; n < width; n++) {
            uint32_t ch = 0;
            if (k < s[i].size_bytes) k += get_utf8(text + k, s[i].size_bytes - k, &ch);
            fwrite(&ch, 4, 1, f);
        }
    }
}

/* The header alone, padded so that the data starts at a multiple of 64; its length. */
static size_t print_header(const tenon_tensor *t, size_t width, uint8_t out[1024])
{
    char text[900], descr[24] = "";
    int rank = tenon_tensor_rank(t);
    const int64_t *dims = tenon_tensor_dims(t);
    size_t n = 0;
    for (size_t i = 0; i < DESCR_COUNT; i++)
        if (descrs[i].dtype == tenon_tensor_dtype(t)) strcpy(descr, descrs[i].descr);
    if (tenon_tensor_dtype(t) == TENON_STRING) snprintf(descr, sizeof descr, "<U%zu", width);
    n += (size_t)snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                          descr);
    for (int d = 0; d < rank; d++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%" PRId64 "%s", dims[d],
                              rank == 1      ? ","
                              : d + 1 < rank ? ", "
                                             : "");
    n += (size_t)snprintf(text + n, sizeof text - n, "), }");
    size_t total = tenon__align_up(10 + n + 1, 64), length = total - 10;
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (uint8_t)length;
    out[9] = (uint8_t)(length >> 8);
    memset(out + 10, ' ', length);
    memcpy(out + 10, text, n);
    out[total - 1] = '\n';
    return total;
}

int npy_write(FILE *f, const tenon_tensor *t)
{
    uint8_t head[1024];
    size_t width = tenon_tensor_dtype(t) == TENON_STRING ? string_width(t) : 0;
    size_t bytes = tenon_tensor_size_bytes(t);
    fwrite(head, 1, print_header(t, width, head), f);
    if (tenon_tensor_dtype(t) == TENON_STRING)
        write_strings(f, t, width);
    else if (bytes)
        fwrite(tenon_tensor_data_const(t), 1, bytes, f);
    return ferror(f);
}
