/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy's .npy (format 1.0 to 3.0) and .npz (a zip of stored .npy): numpy/lib/format.py says what they hold. */
#define _GNU_SOURCE /* beyond C: POSIX calls */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli.h"

/* ---- dtypes ----------------------------------------------------------------------------------------------------- */

static const struct {
    const char *descr;
    tenon_dtype dtype;
} descrs[] = {
    {"<f4", TENON_F32}, {"<f8", TENON_F64},  {"<f2", TENON_F16}, {"|i1", TENON_I8},  {"<i2", TENON_I16},
    {"<i4", TENON_I32}, {"<i8", TENON_I64},  {"|u1", TENON_U8},  {"<u2", TENON_U16}, {"<u4", TENON_U32},
    {"<u8", TENON_U64}, {"|b1", TENON_BOOL}, {"<c8", TENON_C64}, {"<c16", TENON_C128},
};

bool npy_can_hold(tenon_dtype dtype)
{
    if (dtype == TENON_STRING) return true;
    for (size_t i = 0; i < sizeof descrs / sizeof descrs[0]; i++)
        if (descrs[i].dtype == dtype) return true;
    return false;
}

/* ---- the header: a Python dict literal of three known keys ------------------------------------------------------ */

typedef struct header {
    char descr[16];
    bool fortran;
    int rank;
    int64_t dims[TENON_MAX_RANK];
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
        if (!n || h->rank == TENON_MAX_RANK || !tenon__parse_i64((tenon__str){p, n}, &h->dims[h->rank])) return false;
        h->rank++;
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
    if (!descr || !order || !shape || *descr != '\'') return false;
    size_t n = strcspn(descr + 1, "'");
    if (n >= sizeof h->descr) return false;
    memcpy(h->descr, descr + 1, n);
    h->descr[n] = 0;
    h->fortran = strncmp(order, "True", 4) == 0;
    return parse_shape(shape, h);
}

/* ---- strings: UCS-4, padded with zeros -------------------------------------------------------------------------- */

static size_t put_utf8(uint32_t ch, char *out)
{
    if (ch < 0x80) return out[0] = (char)ch, 1;
    if (ch < 0x800) return out[0] = (char)(0xc0 | ch >> 6), out[1] = (char)(0x80 | (ch & 63)), 2;
    if (ch < 0x10000)
        return out[0] = (char)(0xe0 | ch >> 12), out[1] = (char)(0x80 | (ch >> 6 & 63)), out[2] = (char)(0x80 | (ch & 63)), 3;
    return out[0] = (char)(0xf0 | ch >> 18), out[1] = (char)(0x80 | (ch >> 12 & 63)), out[2] = (char)(0x80 | (ch >> 6 & 63)),
           out[3] = (char)(0x80 | (ch & 63)), 4;
}

static size_t get_utf8(const unsigned char *s, size_t left, uint32_t *ch)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (n > left || (n > 1 && s[0] < 0xc0)) n = 1;
    *ch = n == 1 ? s[0] : s[0] & (0xff >> (n + 1));
    for (size_t i = 1; i < n; i++)
        *ch = *ch << 6 | (s[i] & 63);
    return n;
}

static int parse_strings(const char *what, const uint8_t *data, size_t width, tenon_tensor *t)
{
    tenon_error err;
    char *text = malloc(width * 4 + 1);
    if (!text) return cli_fail(EXIT_ENVIRONMENT, "%s: no memory for its strings", what);
    for (int64_t i = 0; i < tenon_tensor_count(t); i++) {
        size_t n = 0;
        for (size_t k = 0; k < width; k++, data += 4) {
            uint32_t ch;
            memcpy(&ch, data, 4);
            if (ch && ch < 0x110000) n += put_utf8(ch, text + n);
        }
        tenon_status st = tenon_tensor_set_string(t, i, text, n, &err);
        if (st) {
            free(text);
            return cli_fail(EXIT_ENVIRONMENT, "%s: %s", what, err.message);
        }
    }
    free(text);
    return EXIT_DONE;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* Fortran order to row-major. */
static void copy_transposed(const header *h, size_t elem, const uint8_t *src, uint8_t *dst, int64_t count)
{
    int64_t at[TENON_MAX_RANK] = {0};
    for (int64_t i = 0; i < count; i++) {
        size_t from = 0, stride = 1;
        for (int d = 0; d < h->rank; d++) {
            from += (size_t)at[d] * stride;
            stride *= (size_t)h->dims[d];
        }
        memcpy(dst + (size_t)i * elem, src + from * elem, elem);
        for (int d = h->rank - 1; d >= 0 && ++at[d] == h->dims[d]; d--)
            at[d] = 0;
    }
}

static int parse_body(cli_context *c, const char *what, const header *h, const uint8_t *data, size_t size, tenon_value **out)
{
    tenon_dtype dtype = TENON_NONE;
    tenon_tensor *t = NULL;
    tenon_error err;
    size_t elem = 0, width = 0;
    for (size_t i = 0; i < sizeof descrs / sizeof descrs[0]; i++)
        if (strcmp(h->descr + 1, descrs[i].descr + 1) == 0 && h->descr[0] != '>') dtype = descrs[i].dtype;
    if (h->descr[0] != '>' && h->descr[1] == 'U') {
        int64_t x = 0;
        if (!tenon__parse_i64(tenon__str_of(h->descr + 2), &x) || x < 0 || x > 1 << 24) dtype = TENON_NONE;
        else dtype = TENON_STRING, width = (size_t)x;
    }
    if (dtype == TENON_NONE)
        return cli_fail(EXIT_REFUSED, "%s: its dtype '%s' is not read; little-endian numbers, bool and <U are", what, h->descr);
    elem = dtype == TENON_STRING ? width * 4 : tenon_dtype_bits(dtype) / 8;
    size_t need = elem;
    for (int d = 0; d < h->rank; d++)
        if (h->dims[d] < 0 || __builtin_mul_overflow(need, (size_t)h->dims[d], &need))
            return cli_fail(EXIT_REFUSED, "%s: its shape overflows", what);
    if (need > size) return cli_fail(EXIT_REFUSED, "%s: cut short: its shape needs %zu bytes of data, %zu are there", what, need, size);
    tenon_status st = tenon_tensor_create(c->env, dtype, h->rank, h->dims, &t, &err);
    if (st) return cli_fail(st == TENON_ENOMEM ? EXIT_ENVIRONMENT : EXIT_REFUSED, "%s: %s", what, err.message);
    int rc = EXIT_DONE;
    if (dtype == TENON_STRING) rc = parse_strings(what, data, width, t);
    else if (h->fortran && h->rank > 1) copy_transposed(h, elem, data, tenon_tensor_data(t), tenon_tensor_count(t));
    else if (need) memcpy(tenon_tensor_data(t), data, need);
    if (rc == EXIT_DONE && (st = tenon_value_create_tensor(c->env, t, out, &err)) != TENON_OK)
        rc = cli_fail(EXIT_ENVIRONMENT, "%s: %s", what, err.message);
    if (rc) tenon_tensor_destroy(t);
    return rc;
}

int npy_parse(cli_context *c, const char *what, const uint8_t *data, size_t size, tenon_value **out)
{
    char text[4096];
    header h;
    *out = NULL;
    if (size < 10 || memcmp(data, "\x93NUMPY", 6) != 0)
        return cli_fail(EXIT_REFUSED, "%s: this is no .npy file", what);
    size_t at = data[6] >= 2 ? 12 : 10;
    if (size < at) return cli_fail(EXIT_REFUSED, "%s: cut short in its header", what);
    size_t length = data[6] >= 2 ? data[8] | (size_t)data[9] << 8 | (size_t)data[10] << 16 | (size_t)data[11] << 24
                                 : data[8] | (size_t)data[9] << 8;
    if (length > size - at || length >= sizeof text)
        return cli_fail(EXIT_REFUSED, "%s: its header is %zu bytes long; the file has %zu", what, length, size);
    memcpy(text, data + at, length);
    text[length] = 0;
    if (!parse_header(text, &h)) return cli_fail(EXIT_REFUSED, "%s: its header is damaged", what);
    return parse_body(c, what, &h, data + at + length, size - at - length, out);
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static size_t string_width(const tenon_tensor *t)
{
    const tenon_string *s = tenon_tensor_data_const(t);
    size_t most = 1;
    for (int64_t i = 0; i < tenon_tensor_count(t); i++) {
        size_t n = 0;
        uint32_t ch;
        for (size_t k = 0; k < s[i].size_bytes; n++)
            k += get_utf8((const unsigned char *)s[i].data + k, s[i].size_bytes - k, &ch);
        if (n > most) most = n;
    }
    return most;
}

static void write_strings(FILE *f, const tenon_tensor *t, size_t width)
{
    const tenon_string *s = tenon_tensor_data_const(t);
    for (int64_t i = 0; i < tenon_tensor_count(t); i++) {
        size_t k = 0;
        for (size_t n = 0; n < width; n++) {
            uint32_t ch = 0;
            if (k < s[i].size_bytes) k += get_utf8((const unsigned char *)s[i].data + k, s[i].size_bytes - k, &ch);
            fwrite(&ch, 4, 1, f);
        }
    }
}

/* The header alone, padded so that the data starts at a multiple of 64. */
static size_t format_header(const tenon_tensor *t, size_t width, uint8_t out[1024])
{
    char text[900], descr[24] = "";
    size_t n = 0;
    for (size_t i = 0; i < sizeof descrs / sizeof descrs[0]; i++)
        if (descrs[i].dtype == tenon_tensor_dtype(t)) snprintf(descr, sizeof descr, "%s", descrs[i].descr);
    if (tenon_tensor_dtype(t) == TENON_STRING) snprintf(descr, sizeof descr, "<U%zu", width);
    n += (size_t)snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int d = 0; d < tenon_tensor_rank(t); d++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%" PRId64 "%s", tenon_tensor_dims(t)[d],
                              tenon_tensor_rank(t) == 1 ? "," : d + 1 < tenon_tensor_rank(t) ? ", " : "");
    n += (size_t)snprintf(text + n, sizeof text - n, "), }");
    size_t total = (10 + n + 1 + 63) / 64 * 64, length = total - 10;
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
    fwrite(head, 1, format_header(t, width, head), f);
    if (tenon_tensor_dtype(t) == TENON_STRING) write_strings(f, t, width);
    else if (tenon_tensor_size_bytes(t)) fwrite(tenon_tensor_data_const(t), 1, tenon_tensor_size_bytes(t), f);
    return ferror(f);
}

/* ---- archives --------------------------------------------------------------------------------------------------- */

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t le64(const uint8_t *p)
{
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

typedef struct zip_entry {
    uint64_t size, packed, offset;
    unsigned method;
    char name[512];
} zip_entry;

/* One record of the central directory; returns its length, 0 where damaged. */
static size_t parse_entry(const uint8_t *p, size_t left, zip_entry *e)
{
    if (left < 46 || le32(p) != 0x02014b50) return 0;
    size_t name = p[28] | (size_t)p[29] << 8, extra = p[30] | (size_t)p[31] << 8, comment = p[32] | (size_t)p[33] << 8;
    if (left < 46 + name + extra + comment || name >= sizeof e->name) return 0;
    e->method = p[10] | (unsigned)p[11] << 8;
    e->packed = le32(p + 20);
    e->size = le32(p + 24);
    e->offset = le32(p + 42);
    memcpy(e->name, p + 46, name);
    e->name[name] = 0;
    const uint8_t *x = p + 46 + name, *end = x + extra;
    while (x + 4 <= end) { /* zip64: the fields that read 0xffffffff, in this order */
        size_t n = x[2] | (size_t)x[3] << 8;
        const uint8_t *v = x + 4, *stop = v + n;
        if (stop > end) return 0;
        if (x[0] == 1 && x[1] == 0) {
            if (e->size == 0xffffffff && v + 8 <= stop) e->size = le64(v), v += 8;
            if (e->packed == 0xffffffff && v + 8 <= stop) e->packed = le64(v), v += 8;
            if (e->offset == 0xffffffff && v + 8 <= stop) e->offset = le64(v);
        }
        x = stop;
    }
    return 46 + name + extra + comment;
}

static int each_entry(const char *what, const uint8_t *data, size_t size, zip_entry *e, npz_fn each, void *ctx)
{
    if (e->method != 0)
        return cli_fail(EXIT_REFUSED, "%s: '%s' is compressed; numpy.savez (not savez_compressed) writes what is read", what, e->name);
    if (e->offset > size || size - e->offset < 30 || le32(data + e->offset) != 0x04034b50)
        return cli_fail(EXIT_REFUSED, "%s: '%s' has no local header", what, e->name);
    const uint8_t *local = data + e->offset;
    size_t skip = 30 + (local[26] | (size_t)local[27] << 8) + (local[28] | (size_t)local[29] << 8);
    if (size - e->offset < skip || size - e->offset - skip < e->size)
        return cli_fail(EXIT_REFUSED, "%s: '%s' is cut short", what, e->name);
    size_t n = strlen(e->name);
    if (n > 4 && strcmp(e->name + n - 4, ".npy") == 0) e->name[n - 4] = 0;
    return each(ctx, e->name, local + skip, (size_t)e->size);
}

int npz_parse(cli_context *c, const char *what, const uint8_t *data, size_t size, npz_fn each, void *ctx)
{
    zip_entry e;
    (void)c;
    size_t end = size < 22 ? 0 : size - 22;
    while (end && size - end < 66000 && le32(data + end) != 0x06054b50)
        end--;
    if (size < 22 || le32(data + end) != 0x06054b50) return cli_fail(EXIT_REFUSED, "%s: this is no .npz archive", what);
    size_t at = le32(data + end + 16), count = data[end + 10] | (size_t)data[end + 11] << 8;
    if (at > end) return cli_fail(EXIT_REFUSED, "%s: its directory lies outside the file", what);
    for (size_t i = 0; i < count; i++) {
        size_t n = parse_entry(data + at, end - at, &e);
        if (!n) return cli_fail(EXIT_REFUSED, "%s: entry %zu of its directory is damaged", what, i);
        int rc = each_entry(what, data, size, &e, each, ctx);
        if (rc) return rc;
        at += n;
    }
    return EXIT_DONE;
}

typedef struct npz_item {
    char name[512];
    uint32_t crc;
    uint64_t size, offset;
} npz_item;

struct npz_writer {
    FILE *f;
    npz_item *items;
    size_t count, room;
    uint64_t offset;
};

static uint32_t crc32_update(uint32_t crc, const uint8_t *p, size_t n)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

static void put16(FILE *f, unsigned x)
{
    uint8_t b[2] = {(uint8_t)x, (uint8_t)(x >> 8)};
    fwrite(b, 1, 2, f);
}

static void put32(FILE *f, uint64_t x)
{
    put16(f, (unsigned)(x & 0xffff));
    put16(f, (unsigned)(x >> 16 & 0xffff));
}

npz_writer *npz_create(FILE *f)
{
    npz_writer *w = calloc(1, sizeof *w);
    if (w) w->f = f;
    return w;
}

static void put_fields(npz_writer *w, const npz_item *it)
{
    put16(w->f, 20);
    put16(w->f, 0x800); /* names are UTF-8 */
    put16(w->f, 0);     /* stored */
    put32(w->f, 0x00210000);
    put32(w->f, it->crc);
    put32(w->f, it->size);
    put32(w->f, it->size);
    put16(w->f, (unsigned)strlen(it->name));
    put16(w->f, 0);
}

int npz_add(npz_writer *w, const char *name, const tenon_tensor *t)
{
    uint8_t *bytes = NULL;
    size_t length = 0;
    FILE *m = open_memstream((char **)&bytes, &length);
    if (!m) return -1;
    int failed = npy_write(m, t);
    if (fclose(m) || failed || length > 0xfffffffe || w->offset > 0xfffffff0) {
        free(bytes);
        return -1;
    }
    if (w->count == w->room) {
        npz_item *more = realloc(w->items, (w->room * 2 + 16) * sizeof *more);
        if (!more) {
            free(bytes);
            return -1;
        }
        w->items = more;
        w->room = w->room * 2 + 16;
    }
    npz_item *it = &w->items[w->count++];
    snprintf(it->name, sizeof it->name, "%.500s.npy", name);
    it->crc = crc32_update(0, bytes, length);
    it->size = length;
    it->offset = w->offset;
    put32(w->f, 0x04034b50);
    put_fields(w, it);
    fwrite(it->name, 1, strlen(it->name), w->f);
    fwrite(bytes, 1, length, w->f);
    w->offset += 30 + strlen(it->name) + length;
    free(bytes);
    return ferror(w->f);
}

int npz_close(npz_writer *w)
{
    uint64_t start = w->offset, size = 0;
    for (size_t i = 0; i < w->count; i++) {
        const npz_item *it = &w->items[i];
        put32(w->f, 0x02014b50);
        put16(w->f, 20);
        put_fields(w, it);
        put16(w->f, 0);
        put16(w->f, 0);
        put16(w->f, 0);
        put32(w->f, 0);
        put32(w->f, it->offset);
        fwrite(it->name, 1, strlen(it->name), w->f);
        size += 46 + strlen(it->name);
    }
    put32(w->f, 0x06054b50);
    put32(w->f, 0);
    put16(w->f, (unsigned)w->count);
    put16(w->f, (unsigned)w->count);
    put32(w->f, size);
    put32(w->f, start);
    put16(w->f, 0);
    int failed = ferror(w->f);
    free(w->items);
    free(w);
    return failed;
}
