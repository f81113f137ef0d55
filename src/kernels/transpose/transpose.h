/* SPDX-License-Identifier: Apache-2.0 */
/* Transposing one matrix of 1-, 2-, 4-, 8- or 16-byte elements. */
#ifndef TENON_KERNELS_TRANSPOSE_TRANSPOSE_H
#define TENON_KERNELS_TRANSPOSE_TRANSPOSE_H

#include "cpu/cpu.h"

/* dst[c][r] = src[r][c]. Strides between rows are in bytes and may be negative; addresses need no
 * alignment. src has `rows` rows of `cols` elements, dst `cols` rows of `rows`; they do not
 * overlap. */
typedef void (*tenon__transpose_fn)(const void *src, int64_t src_stride, void *dst,
                                    int64_t dst_stride, int64_t rows, int64_t cols);

#define TENON__TRANSPOSE_SIZES 5

typedef struct tenon__transpose_row {
    const char *name;
    tenon__cpu_bits needs;
    tenon__transpose_fn fn[TENON__TRANSPOSE_SIZES]; /* by log2 of the element's bytes */
} tenon__transpose_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__transpose_row *const tenon__transpose_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__transpose_row *tenon__transpose_find(tenon__cpu_bits cpu);

#endif
