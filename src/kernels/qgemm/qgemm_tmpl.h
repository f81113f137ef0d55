/* SPDX-License-Identifier: Apache-2.0 */
/* The byte matrix product over vectors. Included once by each instruction set's file, after vi_*.h
 * and
 *
 *   MR           most rows of a tile: MR * 2 sums, two vectors of B and one of A fit the registers
 *   TILE_ROWS(X) X(1) X(2) ... X(MR)
 *   WIDE         panels that one row takes at a time, to have enough chains of sums in flight
 *   ELEMENT      type of packed elements: 8 or 16 bits; K_UNIT of them, a group, meet in a lane
 *   A_SHIFT_U8, A_SHIFT_I8, B_SHIFT_U8
 *                added to a byte to make it an element: 0, or 128 of either sign
 *   vi_load_groups, vi_group
 *                VF groups; the group at an address, in every lane
 *   vi_dot       sums + products of groups of A and B
 *   ROW, NAME, NEEDS, MAC_NS
 *
 * With elements a' = a + s, b' = b + t: sum (a - za)(b - zb) = sum a'b' - (za + s) sum b' -
 * (zb + t) (sum a' - k (za + s)). Sums of b' lie behind each panel, those of a' are made where any
 * zb + t is not 0. */
#include "kernels/qgemm/qgemm.h"
#include "kernels/unroll.h"

#define NV        2
#define NR        (NV * VF)
#define WIDE_COLS (WIDE * NR)
/* How early B is asked for, in groups of all columns, where few rows wait for it. */
#define AHEAD       (512 / (NR * GROUP_BYTES))
#define MC          TENON__QGEMM_BLOCK
#define GROUP_BYTES ((int64_t)(K_UNIT * sizeof(ELEMENT)))
#define ROWS_AT     3

extern const tenon__qgemm_row ROW;

typedef struct tile {
    int64_t groups;
    const uint8_t *a;
    int64_t a_row; /* bytes */
    const uint8_t *b;
    int64_t b_panel; /* bytes */
    int32_t *sums;   /* rows of vecs * VF */
} tile;

#define EACH_SUM                                                                                   \
    TENON__UNROLL for (int i = 0; i < rows; i++) TENON__UNROLL for (int v = 0; v < vecs; v++)

TENON__INLINE void tile_run(const tile *t, int rows, int vecs)
{
    vi sum[MR * NV];
    const uint8_t *a[MR / ROWS_AT + 1], *b = t->b;
    const int64_t a_row = t->a_row, b_panel = t->b_panel;
    const bool waits = rows <= 4;
    TENON__UNROLL for (int i = 0; i < rows; i += ROWS_AT) a[i / ROWS_AT] = t->a + i * a_row;
    EACH_SUM sum[i * vecs + v] = vi_zero();
    for (int64_t p = t->groups; p > 0; p--) {
        vi bv[WIDE * NV];
        TENON__UNROLL for (int v = 0; v < vecs; v++)
        {
            const uint8_t *at = b + v / NV * b_panel + v % NV * VF * GROUP_BYTES;
            if (waits) __builtin_prefetch(at + AHEAD * NR * GROUP_BYTES);
            bv[v] = vi_load_groups(at);
        }
        TENON__UNROLL for (int i = 0; i < rows; i++)
        {
            const vi av = vi_group(a[i / ROWS_AT] + i % ROWS_AT * a_row);
            TENON__UNROLL for (int v = 0; v < vecs; v++)
            {
                sum[i * vecs + v] = vi_dot(sum[i * vecs + v], av, bv[v]);
            }
        }
        TENON__UNROLL for (int i = 0; i < rows; i += ROWS_AT)
        {
            a[i / ROWS_AT] += GROUP_BYTES;
        }
        b += NR * GROUP_BYTES;
    }
    EACH_SUM vi_store(t->sums + (i * vecs + v) * VF, sum[i * vecs + v]);
}

#define X(rows)                                                                                    \
    static void tile_##rows(const tile *t)                                                         \
    {                                                                                              \
        tile_run(t, rows, NV);                                                                     \
    }
TILE_ROWS(X)
#undef X

#define X(rows)                                                                                    \
    static void narrow_##rows(const tile *t)                                                       \
    {                                                                                              \
        tile_run(t, rows, 1);                                                                      \
    }
TILE_ROWS(X)
#undef X

static void wide_1(const tile *t)
{
    tile_run(t, 1, WIDE * NV);
}

typedef void (*tile_fn)(const tile *);
static const tile_fn tiles[MR] = {
#define X(rows) tile_##rows,
    TILE_ROWS(X)
#undef X
};
/* Of the first vector of a panel only. */
static const tile_fn narrow_tiles[MR] = {
#define X(rows) narrow_##rows,
    TILE_ROWS(X)
#undef X
};

/* ---- what becomes of the sums --------------------------------------------------------------- */

/* Arrays by column for whole vectors: the caller's, or copies where the columns end in mid-vector.
 */
typedef struct columns {
    const int32_t *b_zero;
    const float *scale, *bias;
    int32_t base[WIDE_COLS]; /* bias - (za + s) * sum of b' */
    int32_t b_zeros[WIDE_COLS];
    float scales[WIDE_COLS], biases[WIDE_COLS];
} columns;

static const int32_t no_zero[WIDE_COLS];

static int32_t b_shift(const tenon__qgemm *g)
{
    return g->b_signed ? 0 : B_SHIFT_U8;
}

static int32_t a_shift(const tenon__qgemm *g)
{
    return g->a_signed ? A_SHIFT_I8 : A_SHIFT_U8;
}

static bool any_b_zero(const tenon__qgemm *g)
{
    const int32_t shift = b_shift(g);
    if (!g->b_zero) return shift != 0;
    for (int64_t j = 0; j < g->n; j++)
        if (g->b_zero[j] + shift != 0) return true;
    return false;
}

/* A list's part for `cols` columns, as whole vectors. NULL stays. */
static const void *part(const void *list, int64_t j, int cols, void *copy)
{
    const uint8_t *from = (const uint8_t *)list + j * 4;
    if (!list || cols % VF == 0) return list ? from : NULL;
    memset(copy, 0, WIDE_COLS * 4);
    memcpy(copy, from, (size_t)cols * 4);
    return copy;
}

/* For the columns [j, j + cols), whose panels begin at b. */
static void columns_set(const tenon__qgemm *g, columns *c, const uint8_t *b, int64_t b_panel,
                        int64_t j, int cols)
{
    const vi a_zero = vi_set1(g->a_zero + a_shift(g));
    const int32_t *bias = part(g->bias, j, cols, c->b_zeros); /* not yet in use */
    for (int v = 0; v < cols; v += VF) {
        const int32_t *sums =
            (const int32_t *)(const void *)(b + (v / NR + 1) * b_panel) - NR + v % NR;
        const vi base = bias ? vi_load(bias + v) : vi_zero();
        vi_store(c->base + v, vi_sub(base, vi_mul(a_zero, vi_load(sums))));
    }
    c->b_zero = g->b_zero ? part(g->b_zero, j, cols, c->b_zeros) : no_zero;
    c->scale = part(g->scale, j, cols, c->scales);
    c->bias = part(g->tail.bias, j, cols, c->biases);
}

/* A tile of sums and where it goes. */
typedef struct finish {
    const tenon__qgemm *g;
    const columns *c;
    const int32_t *sums; /* rows `width` apart */
    int width;
    int64_t at; /* of the first element, in C and the residual */
    int rows, cols;
    const int32_t *row_sums; /* sum a' - k (za + s); NULL where not needed */
} finish;

TENON__INLINE void finish_vector(const finish *f, tenon__qgemm_out out, vi sum, int v, int64_t at,
                                 int cols, uint8_t *to)
{
    const tenon__qgemm *g = f->g;
    if (out == TENON__QGEMM_I32) {
        vi_store((int32_t *)(void *)to, sum);
        return;
    }
    vf value = vf_mul(vi_to_vf(sum), vf_load(f->c->scale + v));
    const float *residual = g->tail.residual ? g->tail.residual + at : NULL;
    if (f->c->bias) value = vf_add(value, vf_load(f->c->bias + v));
    if (residual)
        value = vf_add(value, cols >= VF ? vf_load(residual) : vf_load_n(residual, cols, 0.0f));
    vf_store((float *)(void *)to, vf_activate(&g->tail, value));
}

TENON__INLINE void finish_as(const finish *f, tenon__qgemm_out out, bool sums)
{
    for (int v = 0; v < f->cols; v += VF) {
        const vi base = vi_load(f->c->base + v);
        const vi b_zero = vi_add(vi_load(f->c->b_zero + v), vi_set1(b_shift(f->g)));
        const int left = f->cols - v;
        for (int r = 0; r < f->rows; r++) {
            const int64_t at = f->at + r * f->g->c_row + v;
            uint8_t *to = (uint8_t *)f->g->c + at * 4, edge[VF * 4];
            vi sum = vi_add(vi_load(f->sums + r * f->width + v), base);
            if (sums) sum = vi_sub(sum, vi_mul(vi_set1(f->row_sums[r]), b_zero));
            finish_vector(f, out, sum, v, at, left, left < VF ? edge : to);
            if (left < VF) memcpy(to, edge, (size_t)(left * 4));
        }
    }
}

/* Less than a panel of bytes: moves that may overlap. */
static inline void put_bytes(uint8_t *to, const uint8_t *from, int n)
{
    if (n >= 16) {
        memcpy(to, from, 16);
        memcpy(to + n - 16, from + n - 16, 16);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else {
        for (int i = 0; i < n; i++)
            to[i] = from[i];
    }
}

/* What a vector of columns has. */
typedef struct requantise {
    vi base, b_zero;
    vf scale, most;
} requantise;

static inline requantise requantise_of(const finish *f, int v)
{
    const tenon__qgemm *g = f->g;
    const int high = g->out == TENON__QGEMM_U8 ? 255 : 127;
    return (requantise){.base = vi_load(f->c->base + v),
                        .b_zero = vi_add(vi_load(f->c->b_zero + v), vi_set1(b_shift(g))),
                        .scale = vf_load(f->c->scale + v),
                        .most = vf_set1((float)(high - g->y_zero))};
}

TENON__INLINE vi requantised(const requantise *q, const int32_t *sums, int32_t row_sum, bool sub)
{
    vi sum = vi_add(vi_load(sums), q->base);
    if (sub) sum = vi_sub(sum, vi_mul(vi_set1(row_sum), q->b_zero));
    return vf_to_vi_below(vf_mul(vi_to_vf(sum), q->scale), q->most);
}

/* A panel's columns from v on, two rows at a time. Stores of bytes may change whatever is behind a
 * pointer: all that counts lies in variables. */
TENON__INLINE void finish_panel(const finish *f, int v, bool is_signed, bool sub)
{
    const int left = f->cols - v, rows = f->rows, width = f->width, other = left > VF ? VF : 0;
    const requantise q0 = requantise_of(f, v), q1 = requantise_of(f, v + other);
    const int32_t *from = f->sums + v, *row_sums = f->row_sums, zero = f->g->y_zero;
    const int64_t c_row = f->g->c_row;
    uint8_t *to = (uint8_t *)f->g->c + f->at + v;
    for (int r = 0; r < rows; r += 2, from += 2 * width, to += 2 * c_row) {
        const int more = r + 1 < rows; /* else the last row stands for both */
        const int32_t *next = from + more * width;
        const int32_t s0 = sub ? row_sums[r] : 0, s1 = sub ? row_sums[r + more] : 0;
        const vi a0 = requantised(&q0, from, s0, sub), a1 = requantised(&q1, from + other, s0, sub),
                 b0 = requantised(&q0, next, s1, sub), b1 = requantised(&q1, next + other, s1, sub);
        if (left >= NR) {
            vi_store_rows(to, to + more * c_row, a0, a1, b0, b1, zero, is_signed);
        } else {
            uint8_t a[NR], b[NR];
            vi_store_rows(a, b, a0, a1, b0, b1, zero, is_signed);
            put_bytes(to, a, left);
            put_bytes(to + more * c_row, b, left);
        }
    }
}

static void finish_bytes(const finish *f)
{
    const bool is_signed = f->g->out == TENON__QGEMM_I8;
    for (int v = 0; v < f->cols; v += NR) {
        if (f->row_sums)
            finish_panel(f, v, is_signed, true);
        else if (is_signed)
            finish_panel(f, v, true, false);
        else
            finish_panel(f, v, false, false);
    }
}

static void finish_tile(const finish *f)
{
    const bool sums = f->row_sums != NULL;
    switch (f->g->out) {
    case TENON__QGEMM_I32:
        finish_as(f, TENON__QGEMM_I32, sums);
        break;
    case TENON__QGEMM_U8:
    case TENON__QGEMM_I8:
        finish_bytes(f);
        break;
    case TENON__QGEMM_F32:
        finish_as(f, TENON__QGEMM_F32, sums);
        break;
    }
}

/* ---- A -------------------------------------------------------------------------------------- */

/* Whether the bytes of A are groups as they lie. */
static bool lies_ready(const tenon__qgemm *g, bool wants_sums)
{
    return sizeof(ELEMENT) == 1 && a_shift(g) == 0 && g->k % K_UNIT == 0 && g->a_col == 1 &&
           !wants_sums && (g->a_row % 1024 != 0 || g->m == 1);
}

/* Bytes of a copied row: whole lines; and between rows: an odd number of lines. */
static int64_t copy_bytes(const tenon__qgemm *g)
{
    const int64_t bytes = (g->k + K_UNIT - 1) / K_UNIT * GROUP_BYTES;
    return (bytes + 63) / 64 * 64;
}

static int64_t copy_step(const tenon__qgemm *g)
{
    return (copy_bytes(g) / 64 | 1) * 64;
}

/* Of elements in whole vectors. */
static int32_t sum_of(const ELEMENT *e, int64_t bytes)
{
    ELEMENT one[K_UNIT];
    int32_t lanes[VF];
    uint32_t total = 0;
    for (int i = 0; i < K_UNIT; i++)
        one[i] = 1;
    const vi ones = vi_group((const uint8_t *)one);
    vi sum = vi_zero();
    for (int64_t at = 0; at < bytes; at += VF * GROUP_BYTES)
        sum = vi_dot(sum, vi_load_groups((const uint8_t *)e + at), ones);
    vi_store(lanes, sum);
    for (int i = 0; i < VF; i++)
        total += (uint32_t)lanes[i];
    int32_t wrapped;
    memcpy(&wrapped, &total, sizeof wrapped);
    return wrapped;
}

/* count bytes made elements. */
static void elements(const uint8_t *from, int64_t count, bool is_signed, int32_t shift, ELEMENT *to)
{
    /* A shift of 128 either way turns the highest bit over. */
    const uint8_t flip = shift ? 0x80 : 0;
    if (sizeof(ELEMENT) == 1)
        for (int64_t p = 0; p < count; p++)
            to[p] = (ELEMENT)(from[p] ^ flip);
    else if (is_signed)
        for (int64_t p = 0; p < count; p++)
            to[p] = (int8_t)from[p];
    else
        for (int64_t p = 0; p < count; p++)
            to[p] = (ELEMENT)from[p];
}

/* k elements of a row, then zeros up to the end of a line. */
static void copy_row(const tenon__qgemm *g, const uint8_t *from, ELEMENT *to)
{
    const int64_t line = 64 / (int64_t)sizeof(ELEMENT), padded = (g->k + line - 1) / line * line;
    if (g->a_col == 1)
        elements(from, g->k, g->a_signed, a_shift(g), to);
    else
        for (int64_t p = 0; p < g->k; p++)
            elements(from + p * g->a_col, 1, g->a_signed, a_shift(g), to + p);
    for (int64_t p = g->k; p < padded; p++)
        to[p] = 0;
}

/* ---- the product ---------------------------------------------------------------------------- */

/* Rows [i, i + rows) of A, at `a`, by columns [j, j + cols). */
static void strip_run(const tenon__qgemm *g, int64_t i, int64_t rows, const uint8_t *a,
                      int64_t a_row, int64_t j, int cols, int64_t b_panel, const int32_t *row_sums)
{
    _Alignas(64) int32_t sums[MR * NR];
    _Static_assert(MR >= WIDE, "a wide row fits");
    columns c;
    tile t = {.groups = (g->k + K_UNIT - 1) / K_UNIT,
              .a_row = a_row,
              .b = (const uint8_t *)g->b + j / NR * b_panel,
              .b_panel = b_panel,
              .sums = sums};
    columns_set(g, &c, t.b, b_panel, j, cols);
    int64_t at = 0;
    for (int64_t left = (rows + MR - 1) / MR; left > 0; left--) {
        const int height = (int)((rows - at) / left);
        t.a = a + at * a_row;
        const bool narrow = cols <= VF;
        (cols > NR ? wide_1 : (narrow ? narrow_tiles : tiles)[height - 1])(&t);
        const finish f = {.g = g,
                          .c = &c,
                          .sums = sums,
                          .width = cols > NR ? WIDE_COLS
                                   : narrow  ? VF
                                             : NR,
                          .at = (i + at) * g->c_row + j,
                          .rows = height,
                          .cols = cols,
                          .row_sums = row_sums ? row_sums + at : NULL};
        finish_tile(&f);
        at += height;
    }
}

static void run(const tenon__qgemm *g)
{
    const bool wants_sums = any_b_zero(g), ready = lies_ready(g, wants_sums);
    const int64_t step = copy_step(g);
    int32_t *row_sums = (int32_t *)(void *)((uint8_t *)g->scratch + MC * step);
    const uint32_t offset = (uint32_t)g->k * (uint32_t)(g->a_zero + a_shift(g));
    size_t panel_bytes;
    if (!tenon__qgemm_panel_bytes(&ROW, g->k, &panel_bytes)) return; /* it was packed */
    for (int64_t i = 0; i < g->m; i += MC) {
        const int64_t rows = g->m - i < MC ? g->m - i : MC;
        const uint8_t *a = (const uint8_t *)g->a + i * g->a_row;
        for (int64_t r = 0; !ready && r < rows; r++) {
            ELEMENT *to = (ELEMENT *)(void *)((uint8_t *)g->scratch + r * step);
            copy_row(g, a + r * g->a_row, to);
            if (!wants_sums) continue;
            const uint32_t sum = (uint32_t)sum_of(to, copy_bytes(g)) - offset;
            memcpy(&row_sums[r], &sum, sizeof sum);
        }
        for (int64_t j = 0; j < g->n;) {
            const int64_t left = g->n - j;
            /* A wide row needs all its panels, the last of them perhaps in part. */
            const int most = g->m == 1 && left > WIDE_COLS - NR ? WIDE_COLS : NR;
            const int cols = left < most ? (int)left : most;
            strip_run(g, i, rows, ready ? a : g->scratch, ready ? g->a_row : step, j, cols,
                      (int64_t)panel_bytes, wants_sums ? row_sums : NULL);
            j += cols;
        }
    }
}

/* ---- packing -------------------------------------------------------------------------------- */

/* A group of rows by NR columns, as bytes. */
TENON__INLINE void gather(const uint8_t *from, int64_t row, int64_t col, int rows, int cols,
                          uint8_t *to)
{
    for (int j = 0; j < cols; j++)
        for (int p = 0; p < rows; p++)
            to[j * K_UNIT + p] = from[p * row + j * col];
}

static void pack_panel(const tenon__qgemm_pack *p, int64_t panel, uint8_t *dst)
{
    const int64_t j = panel * NR;
    const int cols = p->n - j < NR ? (int)(p->n - j) : NR;
    const int32_t shift = p->is_signed ? 0 : B_SHIFT_U8;
    ELEMENT one[K_UNIT];
    for (int i = 0; i < K_UNIT; i++)
        one[i] = 1;
    const vi ones = vi_group((const uint8_t *)one);
    vi sums[NV] = {vi_zero(), vi_zero()};
    for (int64_t q = 0; q < p->k; q += K_UNIT) {
        const uint8_t *from = tenon__qgemm_pack_row(p, q) + j * p->col;
        const int rows = p->k - q < K_UNIT ? (int)(p->k - q) : K_UNIT;
        const bool apart = p->split && q % p->split + rows > p->split;
        uint8_t bytes[NR * K_UNIT];
        if (rows == K_UNIT && cols == NR && p->col == 1 && !apart) {
            gather(from, p->row, 1, K_UNIT, NR, bytes);
        } else if (rows == K_UNIT && cols == NR && p->row == 1 && !apart) {
            for (int c = 0; c < NR; c++)
                memcpy(bytes + c * K_UNIT, from + c * p->col, K_UNIT);
        } else {
            /* What is not there becomes an element of 0. */
            memset(bytes, shift ? 0x80 : 0, sizeof bytes);
            for (int r = 0; r < rows; r += apart ? 1 : rows)
                gather(apart ? tenon__qgemm_pack_row(p, q + r) + j * p->col : from, p->row, p->col,
                       apart ? 1 : rows, cols, bytes + r);
        }
        ELEMENT group[NR * K_UNIT];
        elements(bytes, NR * K_UNIT, p->is_signed, shift, group);
        memcpy(dst, group, sizeof group);
        for (int v = 0; v < NV; v++)
            sums[v] = vi_dot(sums[v], ones, vi_load_groups(dst + v * VF * GROUP_BYTES));
        dst += sizeof group;
    }
    for (int v = 0; v < NV; v++)
        vi_store((int32_t *)(void *)dst + v * VF, sums[v]);
}

static void pack(const tenon__qgemm_pack *p)
{
    size_t panel_bytes;
    if (!tenon__qgemm_panel_bytes(&ROW, p->k, &panel_bytes)) return; /* dst could not be so large */
    for (int64_t panel = p->first; panel < p->first + p->count; panel++)
        pack_panel(p, panel, (uint8_t *)p->dst + (size_t)panel * panel_bytes);
}

const tenon__qgemm_row ROW = {
    .name = NAME,
    .needs = NEEDS,
    .mr = MR,
    .nr = NR,
    .k_unit = K_UNIT,
    .element_bytes = sizeof(ELEMENT),
    .mac_ns = MAC_NS,
    .run = run,
    .pack = pack,
};
