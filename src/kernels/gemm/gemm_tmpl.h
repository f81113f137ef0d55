/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix product over vectors. Included once by each instruction set's file, after the vector
 * names (vec_*.h, epilogue_*.h) and
 *
 *   MR            most rows of a tile: MR * 2 sums, two vectors of B and one of A fit the registers
 *   TILE_ROWS(X)  X(1) X(2) ... X(MR)
 *   WIDE          panels that one row takes at a time where B lies in rows, so as to read long
 * runs, and, if WIDE_PACKED, where it is packed, to have enough chains of sums in flight vf_clip,
 * vf_activate, vf_transpose (a block of VF x VF floats), vf_widen (f16 to f32) ROW, NAME, NEEDS
 *
 * A tile is a few rows by a few vectors of C, held in registers while k runs. */
#include "kernels/gemm/gemm.h"
#include "kernels/unroll.h"
#include "tensor/convert.h"

#define NV        2
#define NR        (NV * VF)
#define WIDE_COLS (WIDE * NR)
/* k and rows of a block: its A and one panel's part of B stay in the second cache level. */
#define KC 1024
#define MC 48
/* Rows of the copied block of A are this far apart: no power of two, so that they lie in different
 * sets of the cache. */
#define COPY_ROW (KC + 16)
/* Tiles of few rows wait for B: it is asked for so many rows ahead. More would keep the hardware's
 * own prefetching from its best. */
#define AHEAD (512 / (NR * FLOAT))

#define SCRATCH_FLOATS (MC * COPY_ROW + KC * NR)
#define FLOAT          ((int64_t)sizeof(float))

static const float no_bias[WIDE_COLS];

/* What is done to the sums of a tile once k is through. */
typedef struct finish {
    const float *bias;     /* by column; never NULL */
    const float *bias_row; /* by row, or NULL */
    const float *residual; /* or NULL */
    int64_t residual_row;
    float scale, residual_scale, low, high;
} finish;

/* Steps of operands are in bytes. */
typedef struct tile {
    int64_t k;
    const float *a;
    int64_t a_row, a_col;
    const float *b;
    int64_t b_row, b_panel;
    float *c;
    int64_t c_row;
    bool first;      /* the chain begins with 0, not with C */
    const finish *f; /* NULL: more of k is to come */
} tile;

#define MAX_VECS (WIDE * NV)
#define EACH_SUM                                                                                   \
    TENON__UNROLL for (int i = 0; i < rows; i++) TENON__UNROLL for (int v = 0; v < vecs; v++)

/* `sum` is rows * vecs vectors; every caller's numbers are constant. */
TENON__INLINE void tile_finish(const tile *t, vf *sum, int rows, int vecs)
{
    const finish *f = t->f;
    const vf scale = vf_set1(f->scale), low = vf_set1(f->low), high = vf_set1(f->high);
    EACH_SUM sum[i * vecs + v] = vf_fma(sum[i * vecs + v], scale, vf_load(f->bias + v * VF));
    if (f->bias_row)
        EACH_SUM sum[i * vecs + v] = vf_add(sum[i * vecs + v], vf_set1(f->bias_row[i]));
    if (f->residual) {
        const vf weight = vf_set1(f->residual_scale);
        EACH_SUM sum[i * vecs + v] =
            vf_fma(vf_load(f->residual + i * f->residual_row + v * VF), weight, sum[i * vecs + v]);
    }
    EACH_SUM sum[i * vecs + v] = vf_clip(sum[i * vecs + v], low, high);
}

/* Rows of A go by threes from one address, so that few registers are needed for addresses. */
static inline const float *ahead(const float *p, int64_t step_bytes)
{
    return (const float *)(const void *)((const char *)p + step_bytes);
}

#define ROWS_AT 3

TENON__INLINE void tile_run(const tile *t, int rows, int vecs)
{
    vf sum[MR * NV];
    const int64_t a_row = t->a_row, a_col = t->a_col, b_row = t->b_row, b_panel = t->b_panel;
    const float *a[MR / ROWS_AT + 1], *b = t->b;
    const bool waits = rows <= 4;
    float *c = t->c;
    TENON__UNROLL for (int i = 0; i < rows; i += ROWS_AT) a[i / ROWS_AT] = ahead(t->a, i * a_row);
    if (t->first)
        EACH_SUM sum[i * vecs + v] = vf_set1(0.0f);
    else
        EACH_SUM sum[i * vecs + v] = vf_load(c + i * t->c_row + v * VF);
    for (int64_t p = t->k; p > 0; p--) {
        vf bv[MAX_VECS];
        TENON__UNROLL for (int v = 0; v < vecs; v++)
        {
            const float *at = ahead(b, v / NV * b_panel) + v % NV * VF;
            if (waits) __builtin_prefetch(ahead(at, AHEAD * b_row));
            bv[v] = vf_load(at);
        }
        TENON__UNROLL for (int i = 0; i < rows; i++)
        {
            const vf av = vf_set1(*ahead(a[i / ROWS_AT], i % ROWS_AT * a_row));
            TENON__UNROLL for (int v = 0; v < vecs; v++)
            {
                sum[i * vecs + v] = vf_fma(av, bv[v], sum[i * vecs + v]);
            }
        }
        TENON__UNROLL for (int i = 0; i < rows; i += ROWS_AT)
        {
            a[i / ROWS_AT] = ahead(a[i / ROWS_AT], a_col);
        }
        b = ahead(b, b_row);
    }
    if (t->f) tile_finish(t, sum, rows, vecs);
    EACH_SUM vf_store(c + i * t->c_row + v * VF, sum[i * vecs + v]);
}

#define X(rows)                                                                                    \
    static void tile_##rows(const tile *t)                                                         \
    {                                                                                              \
        tile_run(t, rows, NV);                                                                     \
    }                                                                                              \
    static void thin_##rows(const tile *t)                                                         \
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
/* By whether only the first vector of each row is wanted, and rows - 1. */
static const tile_fn tiles[2][MR] = {
#define X(rows) tile_##rows,
    {TILE_ROWS(X)},
#undef X
#define X(rows) thin_##rows,
    {TILE_ROWS(X)},
#undef X
};

/* The activations that are too long for a tile's end; C is still in the first cache level. */
static void activate(const tenon__epilogue *e, float *c, int64_t c_row, int rows, int cols)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j += VF)
            vf_store(c + i * c_row + j, vf_activate(e, vf_load(c + i * c_row + j)));
}

static bool activates_late(const tenon__epilogue *e)
{
    return e->kind != TENON__ACT_NONE && e->kind != TENON__ACT_CLIP;
}

/* For the tile at row i, column j. */
static finish finish_at(const tenon__gemm *g, int64_t i, int64_t j)
{
    const tenon__epilogue *e = &g->epilogue;
    const bool clip = e->kind == TENON__ACT_CLIP;
    return (finish){
        .bias = e->bias && !g->bias_by_row ? e->bias + j : no_bias,
        .bias_row = e->bias && g->bias_by_row ? e->bias + i : NULL,
        .residual = e->residual ? e->residual + i * g->c_row + j : NULL,
        .residual_row = g->c_row,
        .scale = g->scale,
        .residual_scale = g->residual_scale,
        .low = clip ? e->alpha : -INFINITY,
        .high = clip ? e->beta : INFINITY,
    };
}

/* A row of `cols` floats, at most NR of them, into whole vectors, and back. */
static inline void copy_in(const float *from, int cols, float *to)
{
    int v = 0;
    for (; v + VF <= cols; v += VF)
        vf_store(to + v, vf_load(from + v));
    if (v < cols) vf_store(to + v, vf_load_n(from + v, cols - v, 0.0f));
}

static inline void copy_out(const float *from, int cols, float *to)
{
    int v = 0;
    for (; v + VF <= cols; v += VF)
        vf_store(to + v, vf_load(from + v));
    if (v < cols) vf_store_n(to + v, vf_load(from + v), cols - v);
}

/* A tile whose columns end within a panel works on copies of whole vectors. */
static void tile_partial(const tile *t, const tenon__epilogue *e, int rows, int cols)
{
    float c[MR * NR], bias[NR], residual[MR * NR];
    tile u = *t;
    finish f;
    for (int i = 0; !t->first && i < rows; i++)
        copy_in(t->c + i * t->c_row, cols, c + i * NR);
    if (t->f) {
        f = *t->f;
        copy_in(f.bias, cols, bias);
        f.bias = bias;
        for (int i = 0; f.residual && i < rows; i++)
            copy_in(f.residual + i * f.residual_row, cols, residual + i * NR);
        f.residual = f.residual ? residual : NULL;
        f.residual_row = NR;
        u.f = &f;
    }
    u.c = c;
    u.c_row = NR;
    tiles[cols <= VF][rows - 1](&u);
    if (u.f && activates_late(e)) activate(e, c, NR, rows, (cols + VF - 1) / VF * VF);
    for (int i = 0; i < rows; i++)
        copy_out(c + i * NR, cols, t->c + i * t->c_row);
}

/* A block of A into rows COPY_ROW apart. */
static void copy_block(const float *a, int64_t a_row, int64_t a_col, int64_t rows, int64_t k,
                       float *dst)
{
    if (a_col == 1) {
        for (int64_t i = 0; i < rows; i++)
            memcpy(dst + i * COPY_ROW, a + i * a_row, (size_t)k * sizeof(float));
        return;
    }
    for (int64_t p = 0; p < k; p += VF) {
        for (int64_t i = 0; i < rows; i += VF) {
            const float *from = a + i * a_row + p * a_col;
            float *to = dst + i * COPY_ROW + p;
            if (a_row == 1 && i + VF <= rows && p + VF <= k) {
                vf_transpose(from, a_col, to, COPY_ROW);
                continue;
            }
            for (int64_t r = 0; r < VF && i + r < rows; r++)
                for (int64_t q = 0; q < VF && p + q < k; q++)
                    to[r * COPY_ROW + q] = from[r * a_row + q * a_col];
        }
    }
}

/* Columns [0, cols) of k rows of B as it lies, made a whole panel. */
static void copy_panel(const float *b, int64_t b_row, int cols, int64_t k, float *dst)
{
    for (int64_t p = 0; p < k; p++) {
        memcpy(dst + p * NR, b + p * b_row, (size_t)cols * sizeof(float));
        memset(dst + p * NR + cols, 0, (size_t)(NR - cols) * sizeof(float));
    }
}

/* Part of a product: rows [i, i + rows), k in [from, from + k), all columns. */
typedef struct block {
    int64_t i, rows, from, k;
    const float *a; /* of the block: where it lies, or its copy */
    int64_t a_row, a_col;
} block;

/* Whether B's last panel may end with column n. One row of NR numbers is taken for packed. */
static inline bool as_it_lies(const tenon__gemm *g)
{
    return g->b_panel == NR && (g->b_row != NR || g->k > 1);
}

/* A block by the `cols` columns from j: a panel, or WIDE of them for one row. */
static void strip_run(const tenon__gemm *g, const block *s, int64_t j, int cols)
{
    const bool last = s->from + s->k == g->k;
    tile t = {
        .k = s->k,
        .a_col = s->a_col * FLOAT,
        .a_row = s->a_row * FLOAT,
        .b = g->b + j / NR * g->b_panel + s->from * g->b_row,
        .b_row = g->b_row * FLOAT,
        .b_panel = g->b_panel * FLOAT,
        .c_row = g->c_row,
        .first = s->from == 0 && !g->accumulate,
    };
    if (cols < NR && as_it_lies(g)) {
        float *panel = (float *)g->scratch + MC * COPY_ROW;
        copy_panel(t.b, g->b_row, cols, s->k, panel);
        t.b = panel;
        t.b_row = NR * FLOAT;
    }
    /* Tiles of even height: 49 rows are five of about 10, not four of 12 and one of 1. */
    int64_t at = 0;
    for (int64_t left = (s->rows + MR - 1) / MR; left > 0; left--) {
        const int rows = (int)((s->rows - at) / left);
        const finish f = finish_at(g, s->i + at, j);
        t.a = s->a + at * s->a_row;
        t.c = g->c + (s->i + at) * g->c_row + j;
        t.f = last ? &f : NULL;
        at += rows;
        if (cols < NR) {
            tile_partial(&t, &g->epilogue, rows, cols);
            continue;
        }
        (cols == NR ? tiles[0][rows - 1] : wide_1)(&t);
        if (last && activates_late(&g->epilogue)) activate(&g->epilogue, t.c, t.c_row, rows, cols);
    }
}

extern const tenon__gemm_row ROW;

static void run(const tenon__gemm *g)
{
    const bool copy = tenon__gemm_copies(&ROW, g);
    const bool panel_copy = as_it_lies(g) && g->n % NR != 0;
    /* One tile's height of rows uses B once: no block of it need stay in the cache. */
    const int64_t k_step = g->m > MR || copy || panel_copy ? KC : g->k > 0 ? g->k : 1;
    const int wide = g->m == 1 && (WIDE_PACKED || g->b_row != NR) ? WIDE_COLS : NR;
    for (int64_t i = 0; i < g->m; i += MC) {
        block s = {.i = i, .rows = g->m - i < MC ? g->m - i : MC};
        s.a_row = g->a_row;
        s.a_col = g->a_col;
        do {
            s.k = g->k - s.from < k_step ? g->k - s.from : k_step;
            s.a = g->a + i * g->a_row + s.from * g->a_col;
            if (copy) {
                copy_block(s.a, g->a_row, g->a_col, s.rows, s.k, g->scratch);
                s.a = g->scratch;
                s.a_row = COPY_ROW;
                s.a_col = 1;
            }
            for (int64_t j = 0; j < g->n;) {
                const int64_t left = g->n - j;
                const int cols = left >= wide ? wide : left >= NR ? NR : (int)left;
                strip_run(g, &s, j, cols);
                j += cols;
            }
            s.from += s.k;
        } while (s.from < g->k);
    }
}

/* ---- few columns ---------------------------------------------------------------------------- */

#define DOT_ROWS   4
#define DOT_CHAINS 2 /* of vectors, for each element */

/* `rows` rows of A by one column of B. The split of k: DOT_CHAINS vectors in turn, then their sum,
 * then across the lanes, then what is left one by one. */
TENON__INLINE void dot_rows(const tenon__gemm *g, const float *a, const float *b, float *out,
                            int rows)
{
    vf sum[DOT_ROWS][DOT_CHAINS];
    const int64_t step = DOT_CHAINS * VF, whole = g->k / step * step;
    TENON__UNROLL for (int i = 0; i < rows; i++) TENON__UNROLL for (int q = 0; q < DOT_CHAINS; q++)
        sum[i][q] = vf_set1(0.0f);
    for (int64_t p = 0; p < whole; p += step)
        TENON__UNROLL for (int q = 0; q < DOT_CHAINS; q++)
        {
            const vf bv = vf_load(b + p + q * VF);
            TENON__UNROLL for (int i = 0; i < rows; i++) sum[i][q] =
                vf_fma(vf_load(a + i * g->a_row + p + q * VF), bv, sum[i][q]);
        }
    TENON__UNROLL for (int i = 0; i < rows; i++) out[i] = vf_sum(vf_add(sum[i][0], sum[i][1]));
    for (int64_t p = whole; p < g->k; p++)
        for (int i = 0; i < rows; i++)
            out[i] += a[i * g->a_row + p] * b[p];
}

static void dot(const tenon__gemm *g, int64_t b_col)
{
    const tenon__epilogue *e = &g->epilogue;
    for (int64_t i = 0, rows; i < g->m; i += rows) {
        rows = g->m - i >= DOT_ROWS ? DOT_ROWS : 1;
        for (int64_t j = 0; j < g->n; j++) {
            float sum[DOT_ROWS];
            if (rows == 1)
                dot_rows(g, g->a + i * g->a_row, g->b + j * b_col, sum, 1);
            else
                dot_rows(g, g->a + i * g->a_row, g->b + j * b_col, sum, DOT_ROWS);
            for (int64_t r = 0; r < rows; r++) {
                const int64_t at = (i + r) * g->c_row + j;
                float v = g->scale * (sum[r] + (g->accumulate ? g->c[at] : 0.0f));
                if (e->bias) v += e->bias[g->bias_by_row ? i + r : j];
                if (e->residual) v += g->residual_scale * e->residual[at];
                g->c[at] = tenon__activate(e, v);
            }
        }
    }
}

/* ---- packing -------------------------------------------------------------------------------- */

/* So many elements of a row are widened at once before they are laid out. */
#define PIECE 64

/* count floats, at most PIECE, from element `at`. */
static void piece(const tenon__gemm_pack *p, int64_t at, int64_t count, float *out)
{
    const size_t size = p->dtype == TENON_F32 ? sizeof(float) : sizeof(uint16_t);
    const uint8_t *from = (const uint8_t *)p->b + at * (int64_t)size;
    if (p->dtype == TENON_F32) {
        memcpy(out, from, (size_t)count * size);
        return;
    }
    uint16_t half[PIECE];
    float wide[PIECE];
    memcpy(half, from, (size_t)count * size);
    memset(half + count, 0, (size_t)(PIECE - count) * size);
    for (int i = 0; i < PIECE && p->dtype == TENON_F16; i += VF)
        vf_store(wide + i, vf_widen(half + i));
    for (int i = 0; i < PIECE && p->dtype == TENON_BF16; i++)
        wide[i] = tenon__bf16_to_f32(half[i]);
    memcpy(out, wide, (size_t)count * sizeof(float));
}

/* Rows of B are contiguous: each gives NR columns. */
static void pack_rows(const tenon__gemm_pack *p, int64_t panel)
{
    const int64_t j = panel * NR;
    const int64_t cols = p->n - j < NR ? p->n - j : NR;
    for (int64_t q = 0; q < p->k; q++) {
        float *dst = p->dst + (panel * p->k + q) * NR;
        if (cols == NR && p->dtype == TENON_F32) {
            memcpy(dst, (const uint8_t *)p->b + (q * p->row + j) * FLOAT, NR * sizeof(float));
            continue;
        }
        piece(p, q * p->row + j, cols, dst);
        memset(dst + cols, 0, (size_t)(NR - cols) * sizeof(float));
    }
}

/* Columns of B are contiguous: VF of them at a time are turned round. */
static void pack_cols(const tenon__gemm_pack *p, int64_t panel)
{
    for (int64_t v = 0; v < NR; v += VF) {
        const int64_t j = panel * NR + v;
        const int64_t cols = p->n - j < 0 ? 0 : p->n - j < VF ? p->n - j : VF;
        float in[VF * PIECE], out[VF * VF];
        memset(in, 0, sizeof in);
        for (int64_t q = 0; q < p->k; q += PIECE) {
            const int64_t count = p->k - q < PIECE ? p->k - q : PIECE;
            for (int64_t i = 0; i < cols; i++)
                piece(p, q + (j + i) * p->col, count, in + i * PIECE);
            for (int64_t s = 0; s < count; s += VF) {
                vf_transpose(in + s, PIECE, out, VF);
                for (int64_t i = 0; i < VF && s + i < count; i++)
                    vf_store(p->dst + (panel * p->k + q + s + i) * NR + v, vf_load(out + i * VF));
            }
        }
    }
}

static void pack(const tenon__gemm_pack *p)
{
    for (int64_t panel = p->first; panel < p->first + p->count; panel++)
        (p->col == 1 ? pack_rows : pack_cols)(p, panel);
}

const tenon__gemm_row ROW = {
    .name = NAME,
    .needs = NEEDS,
    .mr = MR,
    .nr = NR,
    .scratch_bytes = SCRATCH_FLOATS * sizeof(float),
    .run = run,
    .dot = dot,
    .pack = pack,
};
