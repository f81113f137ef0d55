/* SPDX-License-Identifier: Apache-2.0 */
/* Folding many numbers into one: along a contiguous row, or down the columns of a matrix. */
#ifndef TENON_KERNELS_REDUCE_REDUCE_H
#define TENON_KERNELS_REDUCE_REDUCE_H

#include "cpu/cpu.h"
#include <tenon/tensor.h>

typedef enum tenon__reduction {
    TENON__REDUCE_SUM,
    TENON__REDUCE_SUM_ABS,
    TENON__REDUCE_SUM_SQUARE,
    TENON__REDUCE_SUM_EXP, /* of x - shift; integers as doubles */
    TENON__REDUCE_PROD,
    TENON__REDUCE_MAX, /* NaN where any is NaN, as for min */
    TENON__REDUCE_MIN,
    TENON__REDUCTION_COUNT
} tenon__reduction;

/* *acc = *acc (op) x[0] (op) ... x[n - 1]. The order is a function of n alone. `shift` points to
 * one number, read by SUM_EXP only. */
typedef void (*tenon__reduce_row_fn)(const void *x, int64_t n, const void *shift, void *acc);
/* The same for each of n columns: acc[j] takes x[i * stride + j], i ascending below `rows`. The
 * order is a function of `rows` alone. shift has n numbers. */
typedef void (*tenon__reduce_cols_fn)(const void *x, int64_t rows, int64_t stride, int64_t n,
                                      const void *shift, void *acc);

typedef struct tenon__reduce_kernel {
    tenon__reduce_row_fn row;
    tenon__reduce_cols_fn cols;
} tenon__reduce_kernel;

typedef struct tenon__reduce_row {
    const char *name;
    tenon__cpu_bits needs;
    tenon__reduce_kernel f32[TENON__REDUCTION_COUNT];
} tenon__reduce_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__reduce_row *const tenon__reduce_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__reduce_row *tenon__reduce_find(tenon__cpu_bits cpu);

/* For the other dtypes, plain C: sums and products of f64, i32, i64, u32 and u64, max and min of
 * these, i8, u8 and bool. Sums of integers wrap. NULL for anything else. */
const tenon__reduce_kernel *tenon__reduce_plain(tenon_dtype dtype, tenon__reduction reduction);
/* What acc and shift hold: the dtype itself, but F64 for SUM_EXP of integers. */
tenon_dtype tenon__reduce_acc_dtype(tenon_dtype dtype, tenon__reduction reduction);
/* The value of an empty reduction into acc[0..n) of a dtype that acc may have. */
void tenon__reduce_start(tenon_dtype acc_dtype, tenon__reduction reduction, void *acc, int64_t n);

#endif
