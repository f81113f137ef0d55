/* SPDX-License-Identifier: Apache-2.0 */
/* The products of a few rows of attention, and what happens to a row of scores between the products
 * and the softmax, f32. */
#ifndef TENON_KERNELS_ATTENTION_ATTENTION_H
#define TENON_KERNELS_ATTENTION_ATTENTION_H

#include <stdbool.h>

#include "cpu/cpu.h"

#define TENON__ATTENTION_FEW 4

typedef struct tenon__attention_row {
    const char *name;
    tenon__cpu_bits needs;
    /* scores[r][j] = scale * sum over p < size of q[r][p] * k[j][p], p ascending, for `rows` (at
     * most TENON__ATTENTION_FEW) queries and n keys: as a product with packed keys would, without
     * packing. Steps are from row to row. */
    void (*few)(const float *q, int64_t q_step, int64_t rows, const float *k, int64_t k_step,
                int64_t n, int64_t size, float scale, float *scores, int64_t score_step);
    /* y[r][e] = sum over j < n of p[r][j] * v[j][e], j ascending, for `rows` (at most
     * TENON__ATTENTION_FEW) rows of n weights and `size` columns: as a product would, for numbers
     * of columns that fill no whole panels. */
    void (*values)(const float *p, int64_t p_step, int64_t rows, const float *v, int64_t v_step,
                   int64_t n, int64_t size, float *y, int64_t y_step);
    /* x = cap * tanh(x / cap) */
    void (*softcap)(float *x, int64_t n, float cap);
    /* x += mask, but -inf wherever the mask is, whatever x. False where it is so everywhere. */
    bool (*mask_add)(float *x, const float *mask, int64_t n);
    /* x where the mask is not 0, else -inf. False where it is 0 everywhere. */
    bool (*mask_select)(float *x, const uint8_t *mask, int64_t n);
} tenon__attention_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__attention_row *const tenon__attention_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__attention_row *tenon__attention_find(tenon__cpu_bits cpu);

#endif
