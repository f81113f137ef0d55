/* SPDX-License-Identifier: Apache-2.0 */
/* Batched matrix products for operators: see matmul.h. */
#include "opkit/matmul.h"

#include <assert.h>

#include "tensor/convert.h"

/* Times on a present-day core, in nanoseconds; they only shape the tiles. */
#define TILE_NS      50e3
#define LONG_TILE_NS 200e3
#define MAC_NS       0.018
#define PLAIN_MAC_NS 0.15
#define READ_NS      0.15 /* a float from memory */
#define PACK_NS      0.25 /* a float */
/* Where blocks of A are copied first, a tile has so many panels to make that worth it. */
#define COPY_PANELS 8
#define PANELS      4
#define MAX_TILES   (1 << 24)

static int64_t parts(int64_t count, int64_t size)
{
    return count / size + (count % size != 0);
}

/* ---- shapes --------------------------------------------------------------------------------- */

/* Batch dims of both, right-aligned; matrices are counted in row-major order. */
static tenon_status batch_set(tenon__matmul *mm, const tenon__view *a, int a_batch,
                              const tenon__view *b, int b_batch, tenon_error *err)
{
    int64_t a_count = 1, b_count = 1, count = 1;
    mm->batch_rank = a_batch > b_batch ? a_batch : b_batch;
    for (int i = mm->batch_rank - 1; i >= 0; i--) {
        const int ia = i - (mm->batch_rank - a_batch), ib = i - (mm->batch_rank - b_batch);
        const int64_t da = ia < 0 ? 1 : a->dims[ia], db = ib < 0 ? 1 : b->dims[ib];
        if (da != db && da != 1 && db != 1)
            return tenon__fail(err, TENON_ESHAPE,
                               "batch dims %lld and %lld differ; they must be the same or 1",
                               (long long)da, (long long)db);
        mm->batch[i] = da == 1 ? db : da;
        mm->a_at[i] = da == 1 ? 0 : a_count;
        mm->b_at[i] = db == 1 ? 0 : b_count;
        if (!tenon__mul_i64(a_count, da, &a_count) || !tenon__mul_i64(b_count, db, &b_count) ||
            !tenon__mul_i64(count, mm->batch[i], &count))
            return tenon__fail(err, TENON_ELIMIT, "the batch is too large");
    }
    mm->b_count = b_count;
    mm->count = count;
    return TENON_OK;
}

tenon_status tenon__matmul_shape(tenon__matmul *mm, const tenon__view *a, const tenon__view *b,
                                 tenon_error *err)
{
    const bool row = a->rank == 1, column = b->rank == 1;
    const int ra = row ? 2 : a->rank, rb = column ? 2 : b->rank;
    mm->m = row ? 1 : a->dims[a->rank - 2];
    mm->k = a->dims[a->rank - 1];
    mm->n = column ? 1 : b->dims[b->rank - 1];
    const int64_t k = b->dims[column ? 0 : b->rank - 2];
    if (k != mm->k)
        return tenon__fail(err, TENON_ESHAPE,
                           "A has %lld columns and B %lld rows; they must be as many",
                           (long long)mm->k, (long long)k);
    mm->a_row = mm->k;
    mm->a_col = 1;
    mm->b_row = mm->n;
    mm->b_col = 1;
    if (!tenon__mul_i64(mm->m, mm->k, &mm->a_step) || !tenon__mul_i64(mm->k, mm->n, &mm->b_step))
        return tenon__fail(err, TENON_ELIMIT, "the matrices are too large");
    tenon_status st = batch_set(mm, a, ra - 2, b, rb - 2, err);
    if (st) return st;
    if (mm->b_count == 1 && mm->count != 1) {
        /* A is dense and B the same for all of it: one product of many rows. */
        if (!tenon__mul_i64(mm->m, mm->count, &mm->m))
            return tenon__fail(err, TENON_ELIMIT, "the batch is too large");
        mm->batch_rank = 0;
        mm->count = 1;
    }
    return TENON_OK;
}

tenon_status tenon__matmul_infer(tenon__infer *c, const tenon__view *a, const tenon__view *b,
                                 tenon_dtype dtype)
{
    c->out[0]->dtype = dtype;
    if (a->rank < 0 || b->rank < 0) return TENON_OK;
    if (a->rank == 0 || b->rank == 0)
        return tenon__fail(c->err, TENON_ESHAPE, "a factor is a scalar; it must be a matrix");
    const bool row = a->rank == 1, column = b->rank == 1;
    const int64_t ka = a->dims[a->rank - 1], kb = b->dims[column ? 0 : b->rank - 2];
    if (!tenon__dim_agrees(ka, kb))
        return tenon__fail(c->err, TENON_ESHAPE,
                           "A has %lld columns and B %lld rows; they must be as many",
                           (long long)ka, (long long)kb);
    /* The batch dims broadcast like anything. */
    tenon__view va = *a, vb = *b, out = {0};
    va.rank = row ? 0 : a->rank - 2;
    vb.rank = column ? 0 : b->rank - 2;
    const tenon__view *both[] = {&va, &vb};
    tenon_status st = tenon__infer_broadcast(c, both, 2, &out);
    if (st) return st;
    int64_t dims[TENON_MAX_RANK];
    int rank = out.rank;
    memcpy(dims, out.dims, sizeof dims);
    if (!row) dims[rank++] = a->dims[a->rank - 2];
    if (!column) dims[rank++] = b->dims[b->rank - 1];
    tenon__infer_set(c, 0, dtype, rank, dims);
    return TENON_OK;
}

void tenon__matmul_at(const tenon__matmul *mm, int64_t s, int64_t *a, int64_t *b)
{
    *a = *b = 0;
    for (int i = mm->batch_rank - 1; i >= 0; i--) {
        const int64_t at = s % mm->batch[i];
        s /= mm->batch[i];
        *a += at * mm->a_at[i];
        *b += at * mm->b_at[i];
    }
}

/* ---- the cut -------------------------------------------------------------------------------- */

bool tenon__matmul_few(int64_t n)
{
    return n <= TENON__GEMM_DOT_MAX;
}

static tenon__matmul_way choose_way(const tenon__matmul *mm)
{
    if (mm->b_packed) return mm->b_columns ? TENON__MATMUL_COLUMNS : TENON__MATMUL_PACKED;
    if (tenon__matmul_few(mm->n) && mm->a_col == 1 && (mm->b_row == 1 || mm->k <= 1))
        return TENON__MATMUL_COLUMNS;
    if (mm->b_col == 1 && mm->m <= 2 * mm->row->mr) return TENON__MATMUL_LIES;
    return TENON__MATMUL_PACKS;
}

static double mac_ns(const tenon__matmul *mm)
{
    return mm->row->needs ? MAC_NS : PLAIN_MAC_NS;
}

/* All rows by one panel of a product. */
static double panel_ns(const tenon__matmul *mm)
{
    const double cells = (double)mm->k * (mm->way == TENON__MATMUL_COLUMNS ? 1 : mm->row->nr) + 16;
    if (mm->way == TENON__MATMUL_COLUMNS) return cells * (double)mm->m * READ_NS;
    const double sums = cells * (double)mm->m * mac_ns(mm);
    return sums > cells * READ_NS ? sums : cells * READ_NS;
}

/* Rows and panels of a tile, for a product of which one panel's width is too long for a tile, or
 * whose blocks of A are copied. */
static void cut_rows(tenon__matmul *mm, int64_t panels, bool copies)
{
    const double column = ((double)mm->k * mm->row->nr + 16) * mac_ns(mm); /* a row by a panel */
    int64_t most = copies ? COPY_PANELS : PANELS;
    const double least = column * mm->row->mr; /* the lowest tile of one panel */
    if (least * (double)most > LONG_TILE_NS) most = (int64_t)(LONG_TILE_NS / least);
    if (most < 1) most = 1;
    if (most > panels) most = panels;
    mm->panel_tiles = parts(panels, most);
    mm->panels = parts(panels, mm->panel_tiles);
    int64_t rows = (int64_t)(TILE_NS / (column * (double)mm->panels)) / mm->row->mr * mm->row->mr;
    if (rows < mm->row->mr) rows = mm->row->mr;
    if (rows > mm->m) rows = mm->m;
    mm->row_tiles = parts(mm->m, rows);
    mm->rows = parts(mm->m, mm->row_tiles);
    mm->row_tiles = parts(mm->m, mm->rows);
}

static void cut_product(tenon__matmul *mm, bool copies)
{
    const bool columns = mm->way == TENON__MATMUL_COLUMNS;
    const int64_t panels = columns ? 1 : tenon__gemm_panels(mm->row, mm->n);
    const double ns = panel_ns(mm) * (columns ? (double)mm->n : 1);
    if (columns) {
        mm->panels = mm->panel_tiles = 1;
        mm->row_tiles = tenon__tiles(mm->m, ns / (double)mm->m, &mm->rows);
        return;
    }
    mm->panel_tiles = tenon__tiles(panels, ns, &mm->panels);
    mm->rows = mm->m;
    mm->row_tiles = 1;
    const bool narrow = copies && mm->panels < COPY_PANELS && mm->panels < panels;
    if (mm->m > mm->row->mr && (ns > TILE_NS || narrow)) cut_rows(mm, panels, copies);
}

static tenon_status work_set(tenon__matmul *mm, tenon__bind *c)
{
    size_t bytes;
    if (!tenon__gemm_packed_bytes(mm->row, mm->k, mm->n, &bytes)) goto fail;
    mm->panel_floats = (size_t)mm->k * (size_t)mm->row->nr;
    mm->matrix_floats = bytes / sizeof(float);
    if (mm->way != TENON__MATMUL_PACKS) return TENON_OK;
    if (!tenon__mul(bytes, (size_t)mm->b_count, &bytes)) goto fail;
    c->work_bytes = bytes;
    return TENON_OK;
fail:
    return tenon__fail(c->err, TENON_ELIMIT, "B of %lld x %lld is too large", (long long)mm->k,
                       (long long)mm->n);
}

tenon_status tenon__matmul_bind(tenon__matmul *mm, tenon__bind *c)
{
    int64_t count = 1;
    for (int i = 0; i < mm->batch_rank; i++)
        count *= mm->batch[i];
    mm->count = count;
    mm->tiles = mm->pack_tiles = 0;
    mm->packs_first = false;
    c->tiles = 0;
    if (count == 0 || mm->m == 0 || mm->n == 0) return TENON_OK;
    mm->way = choose_way(mm);
    tenon_status st = work_set(mm, c);
    if (st) return st;

    c->scratch_bytes = mm->row->scratch_bytes;
    const tenon__gemm probe = {.m = mm->m, .a_row = mm->a_row, .a_col = mm->a_col, .scratch = c};
    cut_product(mm, tenon__gemm_copies(mm->row, &probe));
    const double macs = (double)mm->m * (double)mm->n * (double)mm->k;
    int64_t tiles = mm->row_tiles * mm->panel_tiles;
    mm->per_tile = 1;
    if (tiles == 1) {
        const double whole =
            panel_ns(mm) *
            (double)(mm->way == TENON__MATMUL_COLUMNS ? mm->n : tenon__gemm_panels(mm->row, mm->n));
        tiles = tenon__tiles(count, whole, &mm->per_tile);
    } else if (!tenon__mul_i64(tiles, count, &tiles)) {
        tiles = INT64_MAX;
    }
    if (tiles > MAX_TILES)
        return tenon__fail(c->err, TENON_ELIMIT,
                           "the product of %lld x %lld x %lld, %lld times, is too large",
                           (long long)mm->m, (long long)mm->k, (long long)mm->n, (long long)count);
    mm->tiles = (uint32_t)tiles;
    if (mm->way == TENON__MATMUL_PACKS) {
        const int64_t panels = mm->b_count * tenon__gemm_panels(mm->row, mm->n);
        mm->pack_tiles = tenon__tiles(panels, (double)mm->panel_floats * PACK_NS, &mm->pack_panels);
        mm->packs_first = mm->tiles == 1 && mm->pack_tiles == 1;
        if (mm->packs_first) mm->pack_tiles = 0;
    }
    c->phases = mm->pack_tiles ? 2 : 1;
    c->tiles = mm->pack_tiles ? mm->pack_tiles : mm->tiles;
    c->flops = 2 * macs * (double)count;
    return TENON_OK;
}

uint32_t tenon__matmul_tiles(const tenon__matmul *mm, uint32_t phase)
{
    return mm->pack_tiles && phase == 0 ? mm->pack_tiles : mm->tiles;
}

/* ---- running -------------------------------------------------------------------------------- */

/* Panels [from, to), counted over all matrices of B, into work. */
static void pack_panels(const tenon__matmul *mm, const float *b, float *work, int64_t from,
                        int64_t to)
{
    const int64_t panels = tenon__gemm_panels(mm->row, mm->n);
    while (from < to) {
        const int64_t matrix = from / panels, first = from % panels;
        const int64_t count = to - from < panels - first ? to - from : panels - first;
        const tenon__gemm_pack p = {.dtype = TENON_F32,
                                    .b = b + matrix * mm->b_step,
                                    .row = mm->b_row,
                                    .col = mm->b_col,
                                    .k = mm->k,
                                    .n = mm->n,
                                    .first = first,
                                    .count = count,
                                    .dst = work + (size_t)matrix * mm->matrix_floats};
        mm->row->pack(&p);
        from += count;
    }
}

/* Rows [i, i + rows) by columns [j, j + cols) of product s. */
static void part_run(const tenon__matmul *mm, const tenon__matmul_call *call, const tenon__run *r,
                     int64_t s, int64_t i, int64_t rows, int64_t j, int64_t cols)
{
    int64_t a, b;
    tenon__matmul_at(mm, s, &a, &b);
    const int64_t at = (s * mm->m + i) * mm->n + j;
    const float *packed = mm->way == TENON__MATMUL_PACKS ? r->work : call->b;
    tenon__gemm g = {
        .m = rows,
        .n = cols,
        .k = mm->k,
        .a = call->a + a * mm->a_step + i * mm->a_row,
        .a_row = mm->a_row,
        .a_col = mm->a_col,
        .c = call->c + at,
        .c_row = mm->n,
        .bias_by_row = call->bias_by_row,
        .scale = call->scale,
        .residual_scale = call->residual_scale,
        .epilogue = call->epilogue,
        .scratch = r->scratch,
    };
    if (g.epilogue.bias) g.epilogue.bias += call->bias_by_row ? i : j;
    if (g.epilogue.residual) g.epilogue.residual += at;
    switch (mm->way) {
    case TENON__MATMUL_COLUMNS:
        g.b = (const float *)call->b + b * (mm->b_packed ? mm->k * mm->n : mm->b_step);
        mm->row->dot(&g, mm->b_packed ? mm->k : mm->b_col);
        return;
    case TENON__MATMUL_LIES:
        g.b = (const float *)call->b + b * mm->b_step + j;
        g.b_row = mm->b_row;
        g.b_panel = mm->row->nr;
        break;
    case TENON__MATMUL_PACKED:
    case TENON__MATMUL_PACKS:
        g.b = packed + (size_t)b * mm->matrix_floats + (size_t)(j / mm->row->nr) * mm->panel_floats;
        g.b_row = mm->row->nr;
        g.b_panel = (int64_t)mm->panel_floats;
        break;
    }
    mm->row->run(&g);
}

void tenon__matmul_run(const tenon__matmul *mm, const tenon__matmul_call *call, const tenon__run *r)
{
    if (mm->pack_tiles && r->phase == 0) {
        const int64_t total = mm->b_count * tenon__gemm_panels(mm->row, mm->n);
        const int64_t from = (int64_t)r->tile * mm->pack_panels;
        const int64_t to = total - from < mm->pack_panels ? total : from + mm->pack_panels;
        pack_panels(mm, call->b, r->work, from, to);
        return;
    }
    if (mm->packs_first)
        pack_panels(mm, call->b, r->work, 0, mm->b_count * tenon__gemm_panels(mm->row, mm->n));
    if (mm->row_tiles * mm->panel_tiles == 1) {
        int64_t s = (int64_t)r->tile * mm->per_tile;
        const int64_t end = mm->count - s < mm->per_tile ? mm->count : s + mm->per_tile;
        for (; s < end; s++)
            part_run(mm, call, r, s, 0, mm->m, 0, mm->n);
        return;
    }
    /* Row tiles turn fastest: neighbours share their part of B. */
    const int64_t rows_at = r->tile % mm->row_tiles, rest = r->tile / mm->row_tiles;
    const int64_t i = rows_at * mm->rows;
    const int64_t width = mm->panels * mm->row->nr, j = rest % mm->panel_tiles * width;
    part_run(mm, call, r, rest / mm->panel_tiles, i, mm->m - i < mm->rows ? mm->m - i : mm->rows, j,
             mm->way == TENON__MATMUL_COLUMNS || mm->n - j < width ? mm->n - j : width);
}

/* ---- packing constants ---------------------------------------------------------------------- */

tenon_status tenon__matmul_pack_set(tenon__matmul_pack *p, tenon__prepare *c, uint32_t slot,
                                    uint32_t input, tenon__pack_fn pack)
{
    size_t bytes;
    int64_t units;
    bool ok;
    if (p->columns) {
        int64_t floats;
        units = p->n;
        ok = tenon__mul_i64(p->k, p->n, &floats) &&
             tenon__mul((size_t)floats, sizeof(float), &bytes);
    } else {
        units = tenon__gemm_panels(p->row, p->n);
        ok = tenon__gemm_packed_bytes(p->row, p->k, p->n, &bytes);
    }
    if (!ok || !tenon__mul(bytes, (size_t)p->count, &bytes) ||
        !tenon__mul_i64(units, p->count, &units))
        return tenon__fail(c->err, TENON_ELIMIT, "B of %lld x %lld is too large", (long long)p->k,
                           (long long)p->n);
    const double width = p->columns ? 1 : p->row->nr;
    c->packed[slot].size_bytes = bytes;
    c->packed[slot].tiles = tenon__tiles(units, width * (double)p->k * PACK_NS, &p->per_tile);
    c->packed[slot].pack = pack;
    c->packed[slot].input = input;
    /* Everything that the bytes depend on beside the input's. */
    c->packed[slot].variant =
        (uint64_t)p->row->nr << 2 | (uint64_t)(p->b_row == 1) << 1 | p->columns;
    return TENON_OK;
}

static void pack_column(const tenon__matmul_pack *p, tenon_dtype dtype, const void *b, float *dst,
                        int64_t at)
{
    const int64_t matrix = at / p->n, j = at % p->n;
    const size_t size = tenon_dtype_bits(dtype) / 8;
    const uint8_t *from = (const uint8_t *)b + (size_t)(matrix * p->b_step + j * p->b_col) * size;
    for (int64_t q = 0; q < p->k; q++) {
        const uint8_t *e = from + (size_t)(q * p->b_row) * size;
        float *to = &dst[at * p->k + q];
        uint16_t half;
        if (dtype == TENON_F32) {
            memcpy(to, e, sizeof *to);
            continue;
        }
        memcpy(&half, e, sizeof half);
        *to = dtype == TENON_F16 ? tenon__f16_to_f32(half) : tenon__bf16_to_f32(half);
    }
}

void tenon__matmul_pack_run(const tenon__matmul_pack *p, tenon_dtype dtype, const void *b,
                            void *dst, uint32_t tile)
{
    const int64_t units = p->columns ? p->n : tenon__gemm_panels(p->row, p->n);
    const int64_t total = units * p->count;
    int64_t from = (int64_t)tile * p->per_tile;
    const int64_t to = total - from < p->per_tile ? total : from + p->per_tile;
    if (p->columns) {
        for (; from < to; from++)
            pack_column(p, dtype, b, dst, from);
        return;
    }
    const int64_t size = tenon_dtype_bits(dtype) / 8;
    while (from < to) {
        const int64_t matrix = from / units, first = from % units;
        const int64_t count = to - from < units - first ? to - from : units - first;
        const tenon__gemm_pack g = {.dtype = dtype,
                                    .b = (const uint8_t *)b + matrix * p->b_step * size,
                                    .row = p->b_row,
                                    .col = p->b_col,
                                    .k = p->k,
                                    .n = p->n,
                                    .first = first,
                                    .count = count,
                                    .dst = (float *)dst + matrix * units * p->row->nr * p->k};
        p->row->pack(&g);
        from += count;
    }
}

/* ---- other dtypes --------------------------------------------------------------------------- */

/* Row times matrix, the terms of each sum in ascending order. Integers are summed unsigned, which
 * wraps as two's complement does. */
#define PLAIN(name, type)                                                                          \
    static void name(int64_t n, int64_t k, const type *a, int64_t a_col, const type *b,            \
                     int64_t b_row, int64_t b_col, type *dst)                                      \
    {                                                                                              \
        for (int64_t j = 0; j < n; j++)                                                            \
            dst[j] = 0;                                                                            \
        for (int64_t p = 0; p < k; p++)                                                            \
            for (int64_t j = 0; j < n; j++)                                                        \
                dst[j] += a[p * a_col] * b[p * b_row + j * b_col];                                 \
    }
PLAIN(row_f64, double)
PLAIN(row_u32, uint32_t)
PLAIN(row_u64, uint64_t)
#undef PLAIN

bool tenon__matmul_dtype(tenon_dtype dtype)
{
    return dtype == TENON_F32 || dtype == TENON_F64 || dtype == TENON_I32 || dtype == TENON_I64 ||
           dtype == TENON_U32 || dtype == TENON_U64;
}

void tenon__matmul_plain_row(tenon_dtype dtype, int64_t n, int64_t k, const void *a, int64_t a_col,
                             const void *b, int64_t b_row, int64_t b_col, void *dst)
{
    switch (dtype) {
    case TENON_F64:
        row_f64(n, k, a, a_col, b, b_row, b_col, dst);
        return;
    case TENON_I32:
    case TENON_U32:
        row_u32(n, k, a, a_col, b, b_row, b_col, dst);
        return;
    case TENON_I64:
    case TENON_U64:
        row_u64(n, k, a, a_col, b, b_row, b_col, dst);
        return;
    default:
        assert(!"a dtype that infer let through");
    }
}
