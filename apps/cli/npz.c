/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy's .npz: a zip archive of .npy files. Stored and deflated entries are read, stored ones
 * written. */
#define _GNU_SOURCE /* beyond C: POSIX calls */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { STORED = 0, DEFLATED = 8 };
enum { LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END = 0x06054b50 };
enum { END64 = 0x06064b50, LOCATOR64 = 0x07064b50 };
enum { LOCAL_BYTES = 30, CENTRAL_BYTES = 46, END_BYTES = 22, MAX_NAME = 1024 };

static unsigned le16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

static void crc32_make(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t x = i;
        for (int k = 0; k < 8; k++)
            x = x >> 1 ^ (0xedb88320u & (0u - (x & 1)));
        table[i] = x;
    }
}

static uint32_t crc32_of(const uint32_t table[256], const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++)
        crc = crc >> 8 ^ table[(crc ^ p[i]) & 0xff];
    return ~crc;
}

/* ---- reading ---- */

typedef struct archive {
    const char *what;
    const uint8_t *data;
    size_t size;
    uint64_t directory, count;
    uint32_t crc_table[256];
} archive;

typedef struct entry {
    uint64_t size, packed, offset;
    uint32_t crc;
    unsigned method, flags;
    char name[MAX_NAME];
} entry;

/* The fields that read 0xffffffff, in this order, in the extra field of kind 1. */
static void parse_extra64(const uint8_t *x, const uint8_t *end, entry *e)
{
    while (end - x >= 4) {
        const uint8_t *v = x + 4;
        size_t n = le16(x + 2);
        if (n > (size_t)(end - v)) return;
        if (le16(x) == 1) {
            uint64_t *fields[] = {&e->size, &e->packed, &e->offset};
            for (int i = 0; i < 3 && n >= 8; i++) {
                if (*fields[i] != 0xffffffff) continue;
                *fields[i] = cli_le64(v);
                v += 8;
                n -= 8;
            }
            return;
        }
        x = v + n;
    }
}

/* One record of the directory; its length, 0 where it is damaged. */
static size_t parse_entry(const uint8_t *p, size_t left, entry *e)
{
    if (left < CENTRAL_BYTES || cli_le32(p) != CENTRAL) return 0;
    size_t name = le16(p + 28), extra = le16(p + 30), comment = le16(p + 32);
    if (left < CENTRAL_BYTES + name + extra + comment || name >= sizeof e->name) return 0;
    e->flags = le16(p + 8);
    e->method = le16(p + 10);
    e->crc = cli_le32(p + 16);
    e->packed = cli_le32(p + 20);
    e->size = cli_le32(p + 24);
    e->offset = cli_le32(p + 42);
    memcpy(e->name, p + CENTRAL_BYTES, name);
    e->name[name] = 0;
    parse_extra64(p + CENTRAL_BYTES + name, p + CENTRAL_BYTES + name + extra, e);
    return CENTRAL_BYTES + name + extra + comment;
}

static int damaged(const archive *a, const entry *e, const char *why)
{
    return cli_fail(EXIT_REFUSED, "%s: '%s' %s", a->what, e->name, why);
}

/* Where the entry's bytes lie; NULL where they are not all there. */
static const uint8_t *find_bytes(const archive *a, const entry *e)
{
    if (e->offset > a->size || a->size - e->offset < LOCAL_BYTES) return NULL;
    const uint8_t *local = a->data + e->offset;
    if (cli_le32(local) != LOCAL) return NULL;
    size_t left = a->size - (size_t)e->offset, skip = LOCAL_BYTES + le16(local + 26);
    skip += le16(local + 28);
    return left < skip || left - skip < e->packed ? NULL : local + skip;
}

static int read_entry(const archive *a, entry *e, npz_fn each, void *ctx)
{
    const uint8_t *bytes = find_bytes(a, e);
    uint8_t *unpacked = NULL;
    size_t n = strlen(e->name);
    if (!bytes) return damaged(a, e, "is cut short");
    if ((e->method != STORED && e->method != DEFLATED) || (e->flags & 1))
        return damaged(a, e,
                       "is encrypted or compressed in a way that is not read; numpy.savez "
                       "and savez_compressed write what is");
    if (e->method == STORED && e->size != e->packed) return damaged(a, e, "has two sizes");
    if (e->method == DEFLATED) {
        if (e->size / 1032 > e->packed) /* no code is shorter than that */
            return damaged(a, e, "claims more than its data can hold");
        unpacked = malloc((size_t)e->size + 1);
        if (!unpacked) return cli_fail(EXIT_ENVIRONMENT, "%s: no memory for it", a->what);
        if (!cli_inflate(bytes, (size_t)e->packed, unpacked, (size_t)e->size)) {
            free(unpacked);
            return damaged(a, e, "does not decompress");
        }
        bytes = unpacked;
    }
    int rc = crc32_of(a->crc_table, bytes, (size_t)e->size) == e->crc
                 ? EXIT_DONE
                 : damaged(a, e, "does not match its checksum");
    if (n > 4 && strcmp(e->name + n - 4, ".npy") == 0) e->name[n - 4] = 0;
    if (rc == EXIT_DONE) rc = each(ctx, e->name, bytes, (size_t)e->size);
    free(unpacked);
    return rc;
}

/* Finds the directory from the end of the file, with zip64's record where the plain one is full. */
static bool find_directory(archive *a)
{
    if (a->size < END_BYTES) return false;
    size_t end = a->size - END_BYTES;
    while (end && a->size - end < END_BYTES + 0xffff && cli_le32(a->data + end) != END)
        end--;
    const uint8_t *p = a->data + end;
    if (cli_le32(p) != END) return false;
    a->count = le16(p + 10);
    a->directory = cli_le32(p + 16);
    if (end >= 20 && cli_le32(p - 20) == LOCATOR64) {
        uint64_t at = cli_le64(p - 12);
        if (at > end || end - at < 56 || cli_le32(a->data + at) != END64) return false;
        a->count = cli_le64(a->data + at + 32);
        a->directory = cli_le64(a->data + at + 48);
    }
    return a->directory <= end;
}

int npz_parse(const char *what, const uint8_t *data, size_t size, npz_fn each, void *ctx)
{
    archive a = {.what = what, .data = data, .size = size};
    entry e;
    if (!find_directory(&a)) return cli_fail(EXIT_REFUSED, "%s: this is no .npz archive", what);
    crc32_make(a.crc_table);
    size_t at = (size_t)a.directory;
    for (uint64_t i = 0; i < a.count; i++) {
        size_t n = parse_entry(data + at, size - at, &e);
        if (!n)
            return cli_fail(EXIT_REFUSED, "%s: entry %llu of its directory is damaged", what,
                            (unsigned long long)i);
        int rc = read_entry(&a, &e, each, ctx);
        if (rc) return rc;
        at += n;
    }
    return EXIT_DONE;
}

/* ---- writing ---- */

typedef struct item {
    char *name;
    uint32_t crc;
    uint64_t size, offset;
} item;

struct npz_writer {
    FILE *f;
    item *items;
    size_t count, room;
    uint64_t offset;
    uint32_t crc_table[256];
};

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
    if (!w) return NULL;
    w->f = f;
    crc32_make(w->crc_table);
    return w;
}

/* What the local and the central record have in common. */
static void put_fields(const npz_writer *w, const item *it)
{
    put16(w->f, 20);    /* version 2.0 reads it */
    put16(w->f, 0x800); /* names are UTF-8 */
    put16(w->f, STORED);
    put32(w->f, 0x00210000); /* 1 January 1980, so that equal arrays make equal files */
    put32(w->f, it->crc);
    put32(w->f, it->size);
    put32(w->f, it->size);
    put16(w->f, (unsigned)strlen(it->name));
    put16(w->f, 0);
}

static item *new_item(npz_writer *w, const char *name)
{
    if (w->count == w->room) {
        item *more = realloc(w->items, (w->room * 2 + 16) * sizeof *more);
        if (!more) return NULL;
        w->items = more;
        w->room = w->room * 2 + 16;
    }
    item *it = &w->items[w->count];
    size_t n = strlen(name) + sizeof ".npy";
    it->name = malloc(n);
    if (!it->name) return NULL;
    snprintf(it->name, n, "%s.npy", name);
    w->count++;
    return it;
}

int npz_add(npz_writer *w, const char *name, const tenon_tensor *t)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&bytes, &length);
    if (!memory) return -1;
    int failed = npy_write(memory, t);
    failed |= fclose(memory);
    /* Without zip64 sizes and offsets have 32 bits, counts and names 16. */
    if (!failed &&
        (length >= 0xffffffff - w->offset || w->count >= 0xfffe || strlen(name) > 0xfff0)) {
        errno = EFBIG;
        failed = -1;
    }
    item *it = failed ? NULL : new_item(w, name);
    if (it) {
        it->crc = crc32_of(w->crc_table, (const uint8_t *)bytes, length);
        it->size = length;
        it->offset = w->offset;
        put32(w->f, LOCAL);
        put_fields(w, it);
        fwrite(it->name, 1, strlen(it->name), w->f);
        fwrite(bytes, 1, length, w->f);
        w->offset += LOCAL_BYTES + strlen(it->name) + length;
    }
    free(bytes);
    return !it || ferror(w->f);
}

int npz_close(npz_writer *w)
{
    uint64_t size = 0;
    for (size_t i = 0; i < w->count; i++) {
        const item *it = &w->items[i];
        put32(w->f, CENTRAL);
        put16(w->f, 20);
        put_fields(w, it);
        put16(w->f, 0); /* no comment */
        put16(w->f, 0); /* disk 0 */
        put16(w->f, 0); /* attributes, inside and outside */
        put32(w->f, 0);
        put32(w->f, it->offset);
        fwrite(it->name, 1, strlen(it->name), w->f);
        size += CENTRAL_BYTES + strlen(it->name);
        free(it->name);
    }
    put32(w->f, END);
    put32(w->f, 0);
    put16(w->f, (unsigned)w->count);
    put16(w->f, (unsigned)w->count);
    put32(w->f, size);
    put32(w->f, w->offset);
    put16(w->f, 0);
    int failed = ferror(w->f);
    free(w->items);
    free(w);
    return failed;
}
