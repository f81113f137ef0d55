/* SPDX-License-Identifier: Apache-2.0 */
/* Batched matrix products for operators: see matmul.h. */
#include "opkit/matmul.h"

#include <assert.h>

#include "tensor/convert.h"

/* Times on a present-day core, in nanoseconds; they only shape the tiles. */
#define TILE_NS      20e3
#define LONG_TILE_NS 80e3
#define MAC_NS       0.018
#define PLAIN_MAC_NS 0.15
#define READ_NS      0.15
#define PACK_NS      0.25
/* Panels of a tile that does not take all rows; where blocks of A are copied first; what a panel
 * costs however short k is, in elements. */
#define PANELS      4
#define COPY_PANELS 8
#define SHORT       16
/* B of so many elements is read as it lies. */
#define SMALL_FLOATS 65536
#define MAX_TILES    (1 << 24)

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
    /* Packing pays where the rows are many and B does not stay in the cache anyway. */
    const bool small = mm->k <= SMALL_FLOATS && mm->n <= SMALL_FLOATS / (mm->k ? mm->k : 1);
    if (mm->b_col == 1 && (small || mm->m <= 2 * mm->row->mr)) return TENON__MATMUL_LIES;
    return TENON__MATMUL_PACKS;
}

/* Products in the batch: as many as the output holds. */
static int64_t batch_count(const tenon__matmul *mm)
{
    int64_t count = 1;
    for (int i = 0; i < mm->batch_rank; i++)
        if (mm->batch[i] == 0) return 0;
    for (int i = 0; i < mm->batch_rank; i++)
        count *= mm->batch[i];
    return count;
}

/* All rows by one panel of a product. */
static double panel_ns(const tenon__matmul *mm, const tenon__matmul_cost *cost)
{
    const double cells = ((double)mm->k + SHORT) * cost->nr;
    const double sums = cells * (double)mm->m * cost->mac_ns, reads = cells * cost->read_ns;
    return sums > reads ? sums : reads;
}

/* A product of which one panel's width is too long for a tile, or whose blocks of A are copied. */
static void cut_rows(tenon__matmul *mm, const tenon__matmul_cost *cost, int64_t panels)
{
    const double row = ((double)mm->k + SHORT) * cost->nr * cost->mac_ns; /* by one panel */
    int64_t most = cost->copies ? COPY_PANELS : PANELS;
    if (row * cost->mr * (double)most > LONG_TILE_NS)
        most = (int64_t)(LONG_TILE_NS / (row * cost->mr));
    if (most < 1) most = 1;
    mm->panel_tiles = parts(panels, most < panels ? most : panels);
    mm->panels = parts(panels, mm->panel_tiles);
    int64_t rows = (int64_t)(TILE_NS / (row * (double)mm->panels)) / cost->mr * cost->mr;
    if (rows < cost->mr) rows = cost->mr;
    if (rows > mm->m) rows = mm->m;
    mm->rows = parts(mm->m, parts(mm->m, rows));
    mm->row_tiles = parts(mm->m, mm->rows);
}

tenon_status tenon__matmul_cut(tenon__matmul *mm, const tenon__matmul_cost *cost, tenon__bind *c)
{
    int64_t tiles = 1;
    mm->count = batch_count(mm);
    mm->nr = cost->nr;
    mm->tiles = mm->pack_tiles = 0;
    mm->packs_first = false;
    c->tiles = 0;
    if (mm->count == 0 || mm->m == 0 || mm->n == 0) return TENON_OK;

    const int64_t panels = parts(mm->n, cost->nr);
    const double ns = panel_ns(mm, cost);
    mm->rows = mm->m;
    mm->row_tiles = mm->panel_tiles = mm->per_tile = 1;
    mm->panels = panels;
    if (mm->way == TENON__MATMUL_COLUMNS) {
        mm->row_tiles = tenon__tiles(mm->m, ns * (double)panels / (double)mm->m, &mm->rows);
    } else {
        mm->panel_tiles = tenon__tiles(panels, ns, &mm->panels);
        const bool narrow = cost->copies && mm->panels < COPY_PANELS && mm->panels < panels;
        if (mm->m > cost->mr && (ns > TILE_NS || narrow)) cut_rows(mm, cost, panels);
    }
    bool fits = tenon__mul_i64(mm->row_tiles, mm->panel_tiles, &tiles);
    if (tiles == 1)
        tiles = tenon__tiles(mm->count, ns * (double)panels, &mm->per_tile);
    else
        fits = fits && tenon__mul_i64(tiles, mm->count, &tiles);
    if (!fits || tiles > MAX_TILES)
        return tenon__fail(
            c->err, TENON_ELIMIT, "the product of %lld x %lld x %lld, %lld times, is too large",
            (long long)mm->m, (long long)mm->k, (long long)mm->n, (long long)mm->count);
    mm->tiles = (uint32_t)tiles;
    if (mm->way == TENON__MATMUL_PACKS) {
        mm->pack_tiles =
            tenon__tiles(mm->b_count * panels, ((double)mm->k + SHORT) * cost->nr * cost->pack_ns,
                         &mm->pack_panels);
        mm->packs_first = mm->tiles == 1 && mm->pack_tiles == 1;
        if (mm->packs_first) mm->pack_tiles = 0;
    }
    c->phases = mm->pack_tiles ? 2 : 1;
    c->tiles = mm->pack_tiles ? mm->pack_tiles : mm->tiles;
    c->flops = 2 * (double)mm->m * (double)mm->n * (double)mm->k * (double)mm->count;
    return TENON_OK;
}

uint32_t tenon__matmul_tiles(const tenon__matmul *mm, uint32_t phase)
{
    return mm->pack_tiles && phase == 0 ? mm->pack_tiles : mm->tiles;
}

void tenon__matmul_walk(const tenon__matmul *mm, uint32_t tile,
                        void (*part)(void *ctx, const tenon__matmul_part *part), void *ctx)
{
    tenon__matmul_part p = {.rows = mm->m, .cols = mm->n};
    if (mm->row_tiles * mm->panel_tiles == 1) {
        p.s = (int64_t)tile * mm->per_tile;
        const int64_t end = mm->count - p.s < mm->per_tile ? mm->count : p.s + mm->per_tile;
        for (; p.s < end; p.s++) {
            tenon__matmul_at(mm, p.s, &p.a, &p.b);
            part(ctx, &p);
        }
        return;
    }
    /* Row tiles turn fastest: neighbours share their part of B. */
    const int64_t rest = tile / mm->row_tiles, width = mm->panels * mm->nr;
    p.i = tile % mm->row_tiles * mm->rows;
    p.j = rest % mm->panel_tiles * width;
    p.s = rest / mm->panel_tiles;
    p.rows = mm->m - p.i > mm->rows ? mm->rows : mm->m - p.i;
    p.cols = mm->n - p.j > width ? width : mm->n - p.j;
    tenon__matmul_at(mm, p.s, &p.a, &p.b);
    part(ctx, &p);
}

void tenon__matmul_walk_panels(int64_t total, int64_t panels, int64_t per_tile, uint32_t tile,
                               tenon__matmul_panels_fn pack, void *ctx)
{
    int64_t from = (int64_t)tile * per_tile;
    const int64_t to = total - from < per_tile ? total : from + per_tile;
    while (from < to) {
        const int64_t first = from % panels;
        const int64_t count = to - from < panels - first ? to - from : panels - first;
        pack(ctx, from / panels, first, count);
        from += count;
    }
}

/* ---- f32 ------------------------------------------------------------------------------------ */

static tenon_status work_set(tenon__matmul *mm, tenon__bind *c)
{
    size_t bytes;
    if (batch_count(mm) == 0 || mm->m == 0 || mm->n == 0) return TENON_OK;
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
    mm->way = choose_way(mm);
    tenon_status st = work_set(mm, c);
    if (st) return st;
    c->scratch_bytes = mm->row->scratch_bytes;
    const tenon__gemm probe = {.m = mm->m, .a_row = mm->a_row, .a_col = mm->a_col, .scratch = c};
    tenon__matmul_cost cost = {.mr = mm->row->mr,
                               .nr = mm->row->nr,
                               .mac_ns = mm->row->needs ? MAC_NS : PLAIN_MAC_NS,
                               .pack_ns = PACK_NS,
                               .read_ns = READ_NS,
                               .copies = tenon__gemm_copies(mm->row, &probe)};
    if (mm->way == TENON__MATMUL_COLUMNS) {
        cost.nr = 1;
        cost.mac_ns = READ_NS;
    }
    return tenon__matmul_cut(mm, &cost, c);
}

/* What the parts of a tile need. */
typedef struct context {
    const tenon__matmul *mm;
    const tenon__matmul_call *call;
    const tenon__run *r;
} context;

static void pack_some(void *ctx, int64_t matrix, int64_t first, int64_t count)
{
    const context *x = ctx;
    const tenon__matmul *mm = x->mm;
    const tenon__gemm_pack p = {.dtype = TENON_F32,
                                .b = (const float *)x->call->b + matrix * mm->b_step,
                                .row = mm->b_row,
                                .col = mm->b_col,
                                .k = mm->k,
                                .n = mm->n,
                                .first = first,
                                .count = count,
                                .dst = (float *)x->r->work + (size_t)matrix * mm->matrix_floats};
    mm->row->pack(&p);
}

static void part_run(void *ctx, const tenon__matmul_part *p)
{
    const context *x = ctx;
    const tenon__matmul *mm = x->mm;
    const tenon__matmul_call *call = x->call;
    const int64_t at = (p->s * mm->m + p->i) * mm->n + p->j;
    const float *packed = mm->way == TENON__MATMUL_PACKS ? x->r->work : call->b;
    tenon__gemm g = {
        .m = p->rows,
        .n = p->cols,
        .k = mm->k,
        .a = call->a + p->a * mm->a_step + p->i * mm->a_row,
        .a_row = mm->a_row,
        .a_col = mm->a_col,
        .c = call->c + at,
        .c_row = mm->n,
        .bias_by_row = call->bias_by_row,
        .scale = call->scale,
        .residual_scale = call->residual_scale,
        .epilogue = call->epilogue,
        .scratch = x->r->scratch,
    };
    if (g.epilogue.bias) g.epilogue.bias += call->bias_by_row ? p->i : p->j;
    if (g.epilogue.residual) g.epilogue.residual += at;
    switch (mm->way) {
    case TENON__MATMUL_COLUMNS:
        g.b = (const float *)call->b + p->b * (mm->b_packed ? mm->k * mm->n : mm->b_step);
        mm->row->dot(&g, mm->b_packed ? mm->k : mm->b_col);
        return;
    case TENON__MATMUL_LIES:
        g.b = (const float *)call->b + p->b * mm->b_step + p->j;
        g.b_row = mm->b_row;
        g.b_panel = mm->row->nr;
        break;
    case TENON__MATMUL_PACKED:
    case TENON__MATMUL_PACKS:
        g.b = packed + (size_t)p->b * mm->matrix_floats +
              (size_t)(p->j / mm->row->nr) * mm->panel_floats;
        g.b_row = mm->row->nr;
        g.b_panel = (int64_t)mm->panel_floats;
        break;
    }
    mm->row->run(&g);
}

void tenon__matmul_run(const tenon__matmul *mm, const tenon__matmul_call *call, const tenon__run *r)
{
    context x = {mm, call, r};
    const int64_t panels = tenon__gemm_panels(mm->row, mm->n), total = mm->b_count * panels;
    if (mm->pack_tiles && r->phase == 0) {
        tenon__matmul_walk_panels(total, panels, mm->pack_panels, r->tile, pack_some, &x);
        return;
    }
    if (mm->packs_first) tenon__matmul_walk_panels(total, panels, total, 0, pack_some, &x);
    tenon__matmul_walk(mm, r->tile, part_run, &x);
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

typedef struct packing {
    const tenon__matmul_pack *p;
    tenon_dtype dtype;
    const uint8_t *b;
    float *dst;
} packing;

static void pack_constant(void *ctx, int64_t matrix, int64_t first, int64_t count)
{
    const packing *x = ctx;
    const tenon__matmul_pack *p = x->p;
    const int64_t panels = tenon__gemm_panels(p->row, p->n);
    const tenon__gemm_pack g = {.dtype = x->dtype,
                                .b = x->b + matrix * p->b_step * (tenon_dtype_bits(x->dtype) / 8),
                                .row = p->b_row,
                                .col = p->b_col,
                                .k = p->k,
                                .n = p->n,
                                .first = first,
                                .count = count,
                                .dst = x->dst + matrix * panels * p->row->nr * p->k};
    p->row->pack(&g);
}

void tenon__matmul_pack_run(const tenon__matmul_pack *p, tenon_dtype dtype, const void *b,
                            void *dst, uint32_t tile)
{
    if (!p->columns) {
        packing x = {p, dtype, b, dst};
        const int64_t panels = tenon__gemm_panels(p->row, p->n);
        tenon__matmul_walk_panels(panels * p->count, panels, p->per_tile, tile, pack_constant, &x);
        return;
    }
    const int64_t total = p->n * p->count, from = (int64_t)tile * p->per_tile;
    for (int64_t at = from; at < total && at < from + p->per_tile; at++)
        pack_column(p, dtype, b, dst, at);
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
