/* SPDX-License-Identifier: Apache-2.0 */
/* Batched f32 matrix products for operators: C[s] = A[a(s)] x B[b(s)] for each s of a batch, which
 * way B reaches the kernel, how the work is cut, and packing.
 *
 *   prepare: tenon__matmul_pack_set where B is constant
 *   bind:    fill in the first part of a tenon__matmul, then tenon__matmul_bind
 *   run:     tenon__matmul_run
 *
 * Cuts follow the shape; bits do not follow the cuts. */
#ifndef TENON_OPKIT_MATMUL_H
#define TENON_OPKIT_MATMUL_H

#include "graph/op.h"
#include "kernels/gemm/gemm.h"

typedef enum tenon__matmul_way {
    TENON__MATMUL_PACKED,  /* in panels, packed once */
    TENON__MATMUL_COLUMNS, /* few columns, each contiguous */
    TENON__MATMUL_LIES,    /* few rows of A: B as it lies */
    TENON__MATMUL_PACKS,   /* phase 0 packs B into `work` */
} tenon__matmul_way;

typedef struct tenon__matmul {
    /* The product, in elements. Element (i, p) of A's matrix x lies at x * a_step + i * a_row +
     * p * a_col; of B's, (p, j) at x * b_step + p * b_row + j * b_col, one of its steps being 1. C
     * is dense. */
    const tenon__gemm_row *row; /* NULL where another kernel runs it: then the cut alone is used */
    int64_t m, n, k;
    int64_t a_row, a_col, a_step;
    int64_t b_row, b_col, b_step, b_count; /* matrices in B */
    /* Position s of the batch, row-major over batch[], uses matrices sum of s_i * a_at[i], b_at[i].
     */
    int batch_rank;
    int64_t batch[TENON_MAX_RANK], a_at[TENON_MAX_RANK], b_at[TENON_MAX_RANK];
    /* By tenon__matmul_pack_set, and whether as columns; b_row, b_col, b_step are not used then. */
    bool b_packed, b_columns;

    /* The cut; set by tenon__matmul_cut. */
    tenon__matmul_way way;
    int nr;
    int64_t count;        /* products in the batch */
    int64_t rows, panels; /* of a tile */
    int64_t row_tiles, panel_tiles;
    int64_t per_tile;           /* products, where one product is one tile */
    int64_t pack_panels;        /* of a tile of phase 0 */
    uint32_t tiles, pack_tiles; /* pack_tiles 0: no phase 0, or the one tile packs first */
    bool packs_first;
    size_t panel_floats, matrix_floats; /* of packed B; set by tenon__matmul_bind */
} tenon__matmul;

/* Strides, sizes and batch of numpy's matmul of two shapes (rank >= 1, known): a vector becomes a
 * row or column. Where B is one matrix, the batch of A becomes rows. TENON_ESHAPE where k or the
 * batches do not agree, TENON_ELIMIT where the sizes overflow. */
tenon_status tenon__matmul_shape(tenon__matmul *mm, const tenon__view *a, const tenon__view *b,
                                 tenon_error *err);
/* The output's shape by the same rules, dims may be unknown: infer. */
tenon_status tenon__matmul_infer(tenon__infer *c, const tenon__view *a, const tenon__view *b,
                                 tenon_dtype dtype);

/* Chooses way and cut; sets tiles, phases, scratch, work and flops of `c`. */
tenon_status tenon__matmul_bind(tenon__matmul *mm, tenon__bind *c);
uint32_t tenon__matmul_tiles(const tenon__matmul *mm, uint32_t phase);

/* What the cut has to know of a kernel: its tile, its speed, and whether it copies blocks of A
 * first, which many columns a tile make worth it. */
typedef struct tenon__matmul_cost {
    int mr, nr;
    double mac_ns, pack_ns; /* of a multiply-add; of an element of B */
    double read_ns;         /* of an element of packed B from memory */
    bool copies;
} tenon__matmul_cost;
/* For the product, batch and way in `mm`; sets tiles, phases and flops of `c`. TENON_ELIMIT where
 * there would be too many tiles. */
tenon_status tenon__matmul_cut(tenon__matmul *mm, const tenon__matmul_cost *cost, tenon__bind *c);

/* Rows [i, i + rows) by columns [j, j + cols) of product s, which uses matrices a and b. */
typedef struct tenon__matmul_part {
    int64_t s, a, b, i, rows, j, cols;
} tenon__matmul_part;
/* The parts of a tile that computes, one after another. */
void tenon__matmul_walk(const tenon__matmul *mm, uint32_t tile,
                        void (*part)(void *ctx, const tenon__matmul_part *part), void *ctx);
/* Panels [first, first + count) of matrix `matrix` of B. */
typedef void (*tenon__matmul_panels_fn)(void *ctx, int64_t matrix, int64_t first, int64_t count);
/* Tile `tile` of `total` panels, of which each matrix has `panels`, `per_tile` a tile. */
void tenon__matmul_walk_panels(int64_t total, int64_t panels, int64_t per_tile, uint32_t tile,
                               tenon__matmul_panels_fn pack, void *ctx);

typedef struct tenon__matmul_call {
    const float *a;
    const void *b; /* packed, or f32 as it lies */
    float *c;
    tenon__epilogue epilogue; /* bias by column (or row) of one matrix; residual over all of C */
    bool bias_by_row;
    float scale, residual_scale;
} tenon__matmul_call;
void tenon__matmul_run(const tenon__matmul *mm, const tenon__matmul_call *call,
                       const tenon__run *r);

/* Whether n is so small that dot products are better, given that the rows of A are contiguous. */
bool tenon__matmul_few(int64_t n);

/* What B is packed from: `count` matrices of any supported float dtype. */
typedef struct tenon__matmul_pack {
    const tenon__gemm_row *row;
    int64_t k, n, count;
    int64_t b_row, b_col, b_step;
    bool columns;     /* made contiguous, for dot products; else panels */
    int64_t per_tile; /* columns or panels; set by tenon__matmul_pack_set */
} tenon__matmul_pack;

/* Fills in slot `slot` of c->packed for input `input`. `p` lies in c->prepared. TENON_ELIMIT where
 * it is too large. */
tenon_status tenon__matmul_pack_set(tenon__matmul_pack *p, tenon__prepare *c, uint32_t slot,
                                    uint32_t input, tenon__pack_fn pack);
/* Tile `tile` of it, from the data at `b`. */
void tenon__matmul_pack_run(const tenon__matmul_pack *p, tenon_dtype dtype, const void *b,
                            void *dst, uint32_t tile);

/* dst[0, n) = sum over p of a[p * a_col] * b[p * b_row + j * b_col]: one row of a product in
 * another dtype, f64, i32, i64, u32 or u64; integers wrap. */
void tenon__matmul_plain_row(tenon_dtype dtype, int64_t n, int64_t k, const void *a, int64_t a_col,
                             const void *b, int64_t b_row, int64_t b_col, void *dst);
/* Whether that, or f32. */
bool tenon__matmul_dtype(tenon_dtype dtype);
/* Matrices that position s of the batch uses. */
void tenon__matmul_at(const tenon__matmul *mm, int64_t s, int64_t *a, int64_t *b);

#endif
