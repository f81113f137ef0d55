/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling in f32: the inner loops over plain lines, and whole output lines of channels in blocks of
 * 16. */
#ifndef TENON_KERNELS_POOL_POOL_H
#define TENON_KERNELS_POOL_POOL_H

#include <stdbool.h>

#include "cpu/cpu.h"

typedef enum tenon__pool_kind {
    TENON__POOL_MAX,     /* NaN where the window holds one; -inf where it holds nothing */
    TENON__POOL_AVERAGE, /* times `scale` */
    TENON__POOL_LP1,     /* sum of magnitudes */
    TENON__POOL_LP2,     /* root of the sum of squares */
} tenon__pool_kind;

/* One output line of one block of channels: y[o] from the windows over x [height][width][16]. A
 * window at o covers rows [row_from, row_to) step row_step, and the columns of its taps that lie
 * inside. */
typedef struct tenon__pool_strip {
    tenon__pool_kind kind;
    const float *x;
    float *y; /* `count` positions of 16 floats */
    int64_t width, count;
    int64_t row_from, row_to, row_step;
    int64_t taps, step, first,
        delta;          /* columns: position o under tap t reads first + o * step + t * delta */
    const float *scale; /* of each o; NULL: none */
} tenon__pool_strip;

typedef struct tenon__pool_row {
    const char *name;
    tenon__cpu_bits needs;
    /* y[i] = max(y[i], x[i * step]), NaN winning; y[i] += x[i * step]. */
    void (*max)(float *y, const float *x, int64_t n, int64_t step);
    void (*add)(float *y, const float *x, int64_t n, int64_t step);
    void (*max_u8)(uint8_t *y, const uint8_t *x, int64_t n, int64_t step);
    void (*max_i8)(int8_t *y, const int8_t *x, int64_t n, int64_t step);
    /* The whole of x; n > 0. The order of the sum depends on n alone. */
    float (*sum_of)(const float *x, int64_t n);
    float (*max_of)(const float *x, int64_t n);
    /* The same for each of 16 channels: n positions of 16 floats. */
    void (*sum_of_block)(const float *x, int64_t n, float *y);
    void (*max_of_block)(const float *x, int64_t n, float *y);
    void (*strip)(const tenon__pool_strip *s);
} tenon__pool_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__pool_row *const tenon__pool_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__pool_row *tenon__pool_find(tenon__cpu_bits cpu);

#endif
