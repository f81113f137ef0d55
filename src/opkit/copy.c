/* SPDX-License-Identifier: Apache-2.0 */
/* Moving elements between two strided places. */
#include "opkit/copy.h"

#include "tensor/convert.h"

/* What a line costs beside its bytes, and a byte or an element of it; measured, coarse. */
#define LINE_NS         4.0
#define BYTE_NS         0.06
#define STRIDED_ELEM_NS 0.6
#define LINE_MOST_NS    50000.0

void tenon__dense_strides(int rank, const int64_t *dims, int64_t *strides)
{
    int64_t n = 1;
    for (int d = rank - 1; d >= 0; d--) {
        strides[d] = n;
        n *= dims[d];
    }
}

tenon_status tenon__elem_bytes(tenon_dtype dtype, const char *what, size_t *out, tenon_error *err)
{
    unsigned bits = tenon_dtype_bits(dtype);
    *out = bits / 8;
    if (bits >= 8) return TENON_OK;
    return tenon__fail(err, TENON_EUNSUPPORTED,
                       "%s of %s is not supported; cast to a type of whole bytes first", what,
                       tenon_dtype_text(dtype));
}

uint32_t tenon__stretch_init(tenon__stretch *s, int64_t bytes, int64_t unit_bytes)
{
    int64_t units;
    s->bytes = bytes;
    s->per_tile = bytes;
    if (bytes <= 0) return 0;
    uint32_t tiles =
        tenon__tiles((bytes + unit_bytes - 1) / unit_bytes, (double)unit_bytes * BYTE_NS, &units);
    s->per_tile = units * unit_bytes;
    return tiles;
}

/* ---- innermost lines --------------------------------------------------------------------------
 */

typedef struct element16 {
    uint64_t half[2];
} element16;

#define LINES(type)                                                                                \
    static void fill_##type(uint8_t *d, const uint8_t *elem, int64_t n)                            \
    {                                                                                              \
        type v;                                                                                    \
        memcpy(&v, elem, sizeof v);                                                                \
        for (int64_t i = 0; i < n; i++)                                                            \
            memcpy(d + i * (int64_t)sizeof v, &v, sizeof v);                                       \
    }                                                                                              \
    static void strided_##type(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds, int64_t n)    \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            memcpy(d + i * ds, s + i * ss, sizeof(type));                                          \
    }
LINES(uint16_t)
LINES(uint32_t)
LINES(uint64_t)
LINES(element16)

static void strided_uint8_t(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        d[i * ds] = s[i * ss];
}

void tenon__fill(void *dst, const void *elem, size_t bytes, int64_t count)
{
    if (count <= 0) return;
    switch (bytes) {
    case 1:
        memset(dst, *(const uint8_t *)elem, (size_t)count);
        break;
    case 2:
        fill_uint16_t(dst, elem, count);
        break;
    case 4:
        fill_uint32_t(dst, elem, count);
        break;
    case 8:
        fill_uint64_t(dst, elem, count);
        break;
    default:
        fill_element16(dst, elem, count);
        break;
    }
}

static void strided(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds, int64_t n, int64_t bytes)
{
    switch (bytes) {
    case 1:
        strided_uint8_t(s, ss, d, ds, n);
        break;
    case 2:
        strided_uint16_t(s, ss, d, ds, n);
        break;
    case 4:
        strided_uint32_t(s, ss, d, ds, n);
        break;
    case 8:
        strided_uint64_t(s, ss, d, ds, n);
        break;
    default:
        strided_element16(s, ss, d, ds, n);
        break;
    }
}

void tenon__rows_copy(void *dst, int64_t dst_stride, const void *src, int64_t src_stride,
                      int64_t bytes, int64_t rows)
{
    uint8_t *d = dst;
    const uint8_t *s = src;
    switch (bytes) {
    case 0:
        break;
    case 1:
    case 2:
    case 4:
    case 8:
    case 16:
        strided(s, src_stride, d, dst_stride, rows, bytes);
        break;
    default:
        for (int64_t r = 0; r < rows; r++)
            memcpy(d + r * dst_stride, s + r * src_stride, (size_t)bytes);
        break;
    }
}

/* ---- init -------------------------------------------------------------------------------------
 */

static void drop_dim(tenon__copy *c, int at)
{
    c->rank--;
    for (int d = at; d < c->rank; d++) {
        c->dims[d] = c->dims[d + 1];
        c->src[d] = c->src[d + 1];
        c->dst[d] = c->dst[d + 1];
    }
}

/* Neighbours that are stepped through as one become one. */
static void merge_dims(tenon__copy *c)
{
    for (int d = c->rank - 1; d >= 0; d--)
        if (c->dims[d] == 1) drop_dim(c, d);
    for (int d = c->rank - 2; d >= 0; d--) {
        if (c->src[d] != c->src[d + 1] * c->dims[d + 1]) continue;
        if (c->dst[d] != c->dst[d + 1] * c->dims[d + 1]) continue;
        c->dims[d + 1] *= c->dims[d];
        drop_dim(c, d);
    }
}

/* A short contiguous run is one larger element. */
static void widen_elements(tenon__copy *c)
{
    int last = c->rank - 1;
    if (last < 1 || c->src[last] != c->elem_bytes || c->dst[last] != c->elem_bytes) return;
    if (c->dims[last] > 16 / c->elem_bytes) return;
    int64_t bytes = c->dims[last] * c->elem_bytes;
    if (bytes & (bytes - 1)) return;
    c->elem_bytes = bytes;
    c->rank--;
}

/* The dim along which src is contiguous, other than the last; -1 where there is none. */
static int source_dim(const tenon__copy *c)
{
    for (int d = c->rank - 2; d >= 0; d--)
        if (c->src[d] == c->elem_bytes) return d;
    return -1;
}

static void move_dim_to(tenon__copy *c, int from, int to)
{
    int64_t dim = c->dims[from], src = c->src[from], dst = c->dst[from];
    for (int d = from; d < to; d++) {
        c->dims[d] = c->dims[d + 1];
        c->src[d] = c->src[d + 1];
        c->dst[d] = c->dst[d + 1];
    }
    c->dims[to] = dim;
    c->src[to] = src;
    c->dst[to] = dst;
}

static void choose_kind(tenon__copy *c, tenon__cpu_bits cpu)
{
    int last = c->rank - 1, other;
    if (c->dst[last] == c->elem_bytes && c->src[last] == c->elem_bytes) {
        c->kind = TENON__COPY_RUN;
    } else if (c->dst[last] == c->elem_bytes && c->src[last] == 0) {
        c->kind = TENON__COPY_FILL;
    } else if (c->dst[last] == c->elem_bytes && (other = source_dim(c)) >= 0) {
        int size = 0;
        while ((1 << size) < c->elem_bytes)
            size++;
        c->kind = TENON__COPY_BLOCK;
        c->transpose = tenon__transpose_find(cpu)->fn[size];
        move_dim_to(c, other, last - 1);
    } else {
        c->kind = TENON__COPY_STRIDED;
    }
}

/* Lines are what the outer dims step through; a long one is cut along `cut` steps of its first dim.
 */
static void choose_tiles(tenon__copy *c)
{
    int inner = c->kind == TENON__COPY_BLOCK ? 2 : 1;
    int64_t steps = c->dims[c->rank - inner];
    double step_ns =
        c->kind == TENON__COPY_STRIDED ? STRIDED_ELEM_NS : (double)c->elem_bytes * BYTE_NS;
    if (c->kind == TENON__COPY_BLOCK) step_ns *= 2 * (double)c->dims[c->rank - 1];
    double line_ns = LINE_NS * inner + step_ns * (double)steps;
    c->lines = 1;
    for (int d = 0; d < c->rank - inner; d++)
        c->lines *= c->dims[d];
    c->chunks = 1;
    c->chunk = steps;
    if (line_ns > LINE_MOST_NS) {
        int64_t chunk = (int64_t)(LINE_MOST_NS / step_ns);
        chunk = chunk < 64 ? 64 : chunk & ~(int64_t)63;
        c->chunk = chunk < steps ? chunk : steps;
        c->chunks = (steps + c->chunk - 1) / c->chunk;
        line_ns /= (double)c->chunks;
    }
    c->tiles = tenon__tiles(c->lines * c->chunks, line_ns, &c->pieces_per_tile);
}

static bool is_empty(const tenon__copy *c)
{
    for (int d = 0; d < c->rank; d++)
        if (c->dims[d] == 0) return true;
    return false;
}

void tenon__copy_init(tenon__copy *c, tenon__cpu_bits cpu, tenon_dtype dtype, int rank,
                      const int64_t *dims, int64_t src_at, const int64_t *src, int64_t dst_at,
                      const int64_t *dst)
{
    unsigned bits = tenon_dtype_bits(dtype);
    int64_t unit = bits < 8 ? 1 : (int64_t)(bits / 8);
    c->dtype = dtype;
    c->rank = rank;
    c->elem_bytes = unit;
    c->src_at = src_at * unit;
    c->dst_at = dst_at * unit;
    c->transpose = NULL;
    for (int d = 0; d < rank; d++) {
        c->dims[d] = dims[d];
        c->src[d] = src[d] * unit;
        c->dst[d] = dst[d] * unit;
    }
    c->tiles = 0;
    if (is_empty(c)) return;
    merge_dims(c);
    if (bits >= 8) widen_elements(c);
    if (c->rank == 0) {
        c->rank = 1;
        c->dims[0] = 1;
        c->src[0] = c->dst[0] = c->elem_bytes;
    }
    if (bits < 8) { /* bytes are shared between elements: one tile */
        c->kind = TENON__COPY_PACKED;
        c->lines = 1;
        for (int d = 0; d < c->rank - 1; d++)
            c->lines *= c->dims[d];
        c->chunks = c->tiles = 1;
        c->chunk = c->dims[c->rank - 1];
        c->pieces_per_tile = c->lines;
        return;
    }
    choose_kind(c, cpu);
    choose_tiles(c);
}

void tenon__copy_init_dense(tenon__copy *c, tenon__cpu_bits cpu, tenon_dtype dtype, int rank,
                            const int64_t *dims, int64_t src_at, const int64_t *src)
{
    int64_t dst[TENON__COPY_RANK];
    tenon__dense_strides(rank, dims, dst);
    tenon__copy_init(c, cpu, dtype, rank, dims, src_at, src, 0, dst);
}

/* ---- run --------------------------------------------------------------------------------------
 */

static void packed_line(const tenon__copy *c, const uint8_t *src, int64_t s, uint8_t *dst,
                        int64_t d)
{
    int last = c->rank - 1;
    for (int64_t i = 0; i < c->dims[last]; i++)
        tenon__packed_set(c->dtype, dst, (size_t)(d + i * c->dst[last]),
                          tenon__packed_get(c->dtype, src, (size_t)(s + i * c->src[last])));
}

/* One chunk of the line at byte offsets s and d. */
static void line(const tenon__copy *c, const uint8_t *src, int64_t s, uint8_t *dst, int64_t d,
                 int64_t chunk)
{
    int last = c->rank - 1, first = c->kind == TENON__COPY_BLOCK ? last - 1 : last;
    int64_t from = chunk * c->chunk;
    int64_t n = c->dims[first] - from < c->chunk ? c->dims[first] - from : c->chunk;
    if (c->kind == TENON__COPY_PACKED) {
        packed_line(c, src, s, dst, d);
        return;
    }
    const uint8_t *sp = src + (s + from * c->src[first]);
    uint8_t *dp = dst + (d + from * c->dst[first]);
    switch (c->kind) {
    case TENON__COPY_RUN:
        memcpy(dp, sp, (size_t)(n * c->elem_bytes));
        break;
    case TENON__COPY_FILL:
        tenon__fill(dp, sp, (size_t)c->elem_bytes, n);
        break;
    case TENON__COPY_BLOCK:
        c->transpose(sp, c->src[last], dp, c->dst[first], c->dims[last], n);
        break;
    default:
        strided(sp, c->src[last], dp, c->dst[last], n, c->elem_bytes);
        break;
    }
}

void tenon__copy_run(const tenon__copy *c, const void *src, void *dst, uint32_t tile)
{
    int outer = c->rank - (c->kind == TENON__COPY_BLOCK ? 2 : 1);
    int64_t piece = (int64_t)tile * c->pieces_per_tile;
    int64_t left = c->lines * c->chunks - piece;
    int64_t chunk = piece % c->chunks, index = piece / c->chunks;
    int64_t at[TENON__COPY_RANK], s = c->src_at, d = c->dst_at;
    if (left > c->pieces_per_tile) left = c->pieces_per_tile;
    for (int k = outer - 1; k >= 0; k--) {
        at[k] = index % c->dims[k];
        index /= c->dims[k];
        s += at[k] * c->src[k];
        d += at[k] * c->dst[k];
    }
    for (; left > 0; left--) {
        line(c, src, s, dst, d, chunk);
        if (++chunk < c->chunks) continue;
        chunk = 0;
        for (int k = outer - 1; k >= 0; k--) {
            s += c->src[k];
            d += c->dst[k];
            if (++at[k] < c->dims[k]) break;
            s -= c->dims[k] * c->src[k];
            d -= c->dims[k] * c->dst[k];
            at[k] = 0;
        }
    }
}

void tenon__copy_all(const tenon__copy *c, const void *src, void *dst)
{
    for (uint32_t tile = 0; tile < c->tiles; tile++)
        tenon__copy_run(c, src, dst, tile);
}
