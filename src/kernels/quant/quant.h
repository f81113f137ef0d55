/* SPDX-License-Identifier: Apache-2.0 */
/* Quantised numbers: q stands for (q - zero) * scale. */
#ifndef TENON_KERNELS_QUANT_QUANT_H
#define TENON_KERNELS_QUANT_QUANT_H

#include <tenon/tensor.h>

#include "cpu/cpu.h"

/* Which integers a function is for: its place in the arrays of a row. */
typedef enum tenon__quant_type {
    TENON__QUANT_U8,
    TENON__QUANT_I8,
    TENON__QUANT_U16,
    TENON__QUANT_I16,
    TENON__QUANT_I32,
    TENON__QUANT_TYPES
} tenon__quant_type;

/* y[i] = saturate(round(x[i] / scale) + zero), halves to even; NaN gives the least value. `scale`
 * and `zero` hold n values where step is 1, one where it is 0. Zeros are within the type. */
typedef void (*tenon__quantize_fn)(const float *x, void *y, int64_t n, const float *scale,
                                   const int32_t *zero, int step);
/* y[i] = (x[i] - zero) * scale. */
typedef void (*tenon__dequantize_fn)(const void *x, float *y, int64_t n, const float *scale,
                                     const int32_t *zero, int step);

/* What two quantised operands and a result stand for. */
typedef struct tenon__quant_pair {
    float a_scale, b_scale, y_scale;
    int32_t a_zero, b_zero, y_zero;
} tenon__quant_pair;

/* y[i] = the sum, or product, of a[i * step[0]] and b[i * step[1]], quantised; steps are 0 or 1.
 * The sum is
 * ((a - a_zero) * a_scale + (b - b_zero) * b_scale) / y_scale, the product
 * (a - a_zero) * (b - b_zero) * (a_scale * b_scale / y_scale), each operation rounded by itself;
 * then as quantize. y may be a or b where its step is 1. */
typedef void (*tenon__quant_binary_fn)(void *y, const void *const *x, const int *step, int64_t n,
                                       const void *pair);

typedef struct tenon__quant_row {
    const char *name;
    tenon__cpu_bits needs;
    /* NULL: this row has none. */
    tenon__quantize_fn quantize[TENON__QUANT_TYPES];
    tenon__dequantize_fn dequantize[TENON__QUANT_TYPES];
    tenon__quant_binary_fn add[2], mul[2]; /* of u8 and i8 */
    /* The least and the largest of n > 0 numbers; NaNs are passed over. */
    void (*range)(const float *x, int64_t n, float *low, float *high);
    /* The largest, and the sum, of at[t][i] ^ flip over t in [0, taps), for each i in [0, n); the
     * largest is turned back, and 0 ^ flip where there are no taps. */
    void (*max_taps)(const uint8_t *const *at, int64_t taps, int64_t n, uint8_t flip, uint8_t *y);
    void (*sum_taps)(const uint8_t *const *at, int64_t taps, int64_t n, uint8_t flip, uint32_t *y);
    /* y[i] = table[x[i]], bytes. */
    void (*look_up)(const uint8_t *x, uint8_t *y, int64_t n, const uint8_t *table);
} tenon__quant_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`, which has everything.
 */
extern const tenon__quant_row *const tenon__quant_rows[];
/* For each function the best row that these bits allow; `name` is that of the row that quantises.
 */
void tenon__quant_find(tenon__cpu_bits cpu, tenon__quant_row *out);

#endif
