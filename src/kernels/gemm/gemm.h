/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of f32: C[m, n] = A[m, k] x B[k, n], with an epilogue.
 *
 * B is read in panels of `nr` columns, packed beforehand ([n / nr][k][nr], the last panel padded
 * with zeros) or as it lies. Each element of C is one chain of multiply-adds over k in ascending
 * order, whatever the row's tile: its bits depend on the row, on k and on the operands, never on m,
 * n or the way the product is cut. So callers may cut along m and n as they like. */
#ifndef TENON_KERNELS_GEMM_H
#define TENON_KERNELS_GEMM_H

#include "cpu/cpu.h"
#include "kernels/epilogue.h"
#include "tensor/view.h"

/* A product, or a part of one. Element (i, p) of A lies at a[i * a_row + p * a_col]; one of the two
 * steps is 1. Pointers are aligned for float. C, bias and residual begin at the part's first row
 * and column, b at its first panel. C overlaps no operand. */
typedef struct tenon__gemm {
    int64_t m, n, k;
    const float *a;
    int64_t a_row, a_col;
    /* Column j, row p of B lies at b[(j / nr) * b_panel + p * b_row + j % nr]. Packed: b_row is nr,
     * b_panel nr * k, and the last panel is whole. As it lies: b_row is its leading dimension,
     * b_panel is nr, and nothing is read beyond column n; this needs scratch where n is no multiple
     * of nr, and where k is 1 a b_row other than nr. */
    const float *b;
    int64_t b_panel, b_row;
    float *c;
    int64_t c_row;
    bool accumulate;  /* the chain begins with what C holds, not with 0 */
    bool bias_by_row; /* epilogue.bias has m elements, not n */
    /* C = activation(scale * sum + bias + residual_scale * residual); the residual has C's steps.
     */
    float scale, residual_scale;
    tenon__epilogue epilogue;
    void *scratch; /* row->scratch_bytes, aligned to 64; NULL: slower where rows of A collide in the
                      cache */
} tenon__gemm;

/* Few columns: C[i, j] = sum over p of a[i * a_row + p] * b[j * b_col + p], the sum in lanes whose
 * split depends on k alone. Meant for n up to TENON__GEMM_DOT_MAX; the epilogue as above. */
#define TENON__GEMM_DOT_MAX 4

/* Panels [first, first + count) of B into dst + first * nr * k and on. Element (p, j) of B lies at
 * b + (p * row + j * col) elements of any alignment; one of the two steps is 1. dtype f32, f16 or
 * bf16. */
typedef struct tenon__gemm_pack {
    tenon_dtype dtype;
    const void *b;
    int64_t row, col, k, n;
    int64_t first, count;
    float *dst; /* aligned to 64 */
} tenon__gemm_pack;

typedef struct tenon__gemm_row {
    const char *name;
    tenon__cpu_bits needs;
    int mr, nr;           /* the tile kept in registers */
    size_t scratch_bytes; /* for run, of any size */
    void (*run)(const tenon__gemm *g);
    void (*dot)(const tenon__gemm *g, int64_t b_col); /* b_panel and b_row are not used */
    void (*pack)(const tenon__gemm_pack *p);
} tenon__gemm_row;

/* Rows in order of preference; NULL past the last. */
const tenon__gemm_row *tenon__gemm_row_at(size_t index);
/* The first row that `cpu` can run. There is always one. */
const tenon__gemm_row *tenon__gemm_choose(tenon__cpu_bits cpu);

/* Whether the rows of A are so far apart that a tile's fall into few sets of the first cache level,
 * or are columns that do: then `run` copies blocks of A into scratch, and cuts of many columns are
 * better than many rows. */
bool tenon__gemm_copies(const tenon__gemm_row *row, const tenon__gemm *g);

/* Bytes of packed B; false on overflow. */
bool tenon__gemm_packed_bytes(const tenon__gemm_row *row, int64_t k, int64_t n, size_t *out);
static inline int64_t tenon__gemm_panels(const tenon__gemm_row *row, int64_t n)
{
    return n / row->nr + (n % row->nr != 0);
}

#endif
