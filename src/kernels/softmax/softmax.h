/* SPDX-License-Identifier: Apache-2.0 */
/* exp(x - max) / sum, and its logarithm, along rows or down columns of f32. */
#ifndef TENON_KERNELS_SOFTMAX_SOFTMAX_H
#define TENON_KERNELS_SOFTMAX_SOFTMAX_H

#include "cpu/cpu.h"

/* One row of n > 0 numbers; y may be x. A row that holds NaN or inf, or only -inf, becomes NaN. The
 * order of the sum is a function of n alone. */
typedef void (*tenon__softmax_row_fn)(const float *x, float *y, int64_t n);
/* `lanes` neighbouring columns of n numbers each, `stride` apart; n > 0, y may be x. */
typedef void (*tenon__softmax_cols_fn)(const float *x, float *y, int64_t n, int64_t stride,
                                       int64_t lanes);

typedef struct tenon__softmax_row {
    const char *name;
    tenon__cpu_bits needs;
    tenon__softmax_row_fn row, log_row;
    tenon__softmax_cols_fn cols, log_cols;
} tenon__softmax_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__softmax_row *const tenon__softmax_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__softmax_row *tenon__softmax_find(tenon__cpu_bits cpu);

#endif
