/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes: sums over k of (A - a_zero) * (B - b_zero) in 32-bit integers, exact
 * modulo 2^32 (nothing saturates on the way), then stored, requantised or made f32. All rows give
 * the same bits, but for activations of f32.
 *
 * B is packed in panels of `nr` columns, each followed by its column sums. */
#ifndef TENON_KERNELS_QGEMM_H
#define TENON_KERNELS_QGEMM_H

#include "cpu/cpu.h"
#include "kernels/epilogue.h"
#include "tensor/view.h"

typedef enum tenon__qgemm_out {
    TENON__QGEMM_I32, /* sum + bias */
    TENON__QGEMM_U8,  /* clamp(round half even((sum + bias) * scale) + y_zero) */
    TENON__QGEMM_I8,
    TENON__QGEMM_F32, /* activation((sum + bias) * scale + tail.bias + tail.residual) */
} tenon__qgemm_out;

/* A product, or a part of one. Element (i, p) of A is the byte at a + i * a_row + p * a_col. Arrays
 * by column begin at the part's first column, b at its first panel, c at its first element. */
typedef struct tenon__qgemm {
    int64_t m, n, k;
    const void *a;
    int64_t a_row, a_col;
    bool a_signed, b_signed;
    int32_t a_zero;
    const void *b;
    const int32_t *b_zero; /* by column; NULL: all 0 */
    const int32_t *bias;   /* by column, or NULL */
    tenon__qgemm_out out;
    void *c;
    int64_t c_row;      /* in elements */
    const float *scale; /* by column; not for I32 */
    int32_t y_zero;
    tenon__epilogue tail; /* F32 only; the residual is addressed like c */
    void *scratch;        /* tenon__qgemm_scratch_bytes, aligned to 64 */
} tenon__qgemm;

/* Panels [first, first + count) of B, element (p, j) the byte at b + p * row + j * col; where
 * `split` is not 0, at b + p % split * row + p / split * split_row + j * col. */
typedef struct tenon__qgemm_pack {
    const void *b;
    bool is_signed;
    int64_t row, col, k, n;
    int64_t split, split_row;
    int64_t first, count;
    void *dst; /* of all panels; aligned to 64 */
} tenon__qgemm_pack;
static inline const uint8_t *tenon__qgemm_pack_row(const tenon__qgemm_pack *p, int64_t k)
{
    const uint8_t *b = p->b;
    return p->split ? b + k % p->split * p->row + k / p->split * p->split_row : b + k * p->row;
}

typedef struct tenon__qgemm_row {
    const char *name;
    tenon__cpu_bits needs;
    int mr, nr;
    int k_unit, element_bytes; /* of packed operands */
    double mac_ns;             /* roughly, for cutting tiles */
    void (*run)(const tenon__qgemm *g);
    void (*pack)(const tenon__qgemm_pack *p);
} tenon__qgemm_row;

/* Rows in order of preference; NULL past the last. */
const tenon__qgemm_row *tenon__qgemm_row_at(size_t index);
const tenon__qgemm_row *tenon__qgemm_choose(tenon__cpu_bits cpu);

/* Bytes of one packed panel; false on overflow. The panels of a matrix follow each other. */
bool tenon__qgemm_panel_bytes(const tenon__qgemm_row *row, int64_t k, size_t *out);
/* What `run` needs for any m; false on overflow. */
bool tenon__qgemm_scratch_bytes(const tenon__qgemm_row *row, int64_t k, size_t *out);
static inline int64_t tenon__qgemm_panels(const tenon__qgemm_row *row, int64_t n)
{
    return n / row->nr + (n % row->nr != 0);
}

/* Rows of A that `run` copies at a time; a multiple of every row's mr. */
#define TENON__QGEMM_BLOCK 48

#endif
