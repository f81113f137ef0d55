/* SPDX-License-Identifier: Apache-2.0 */
/* The plain loops, which also finish the edges of the vector kernels. Static inline, so that each
 * instruction set compiles its own. */
#ifndef TENON_KERNELS_TRANSPOSE_TMPL_H
#define TENON_KERNELS_TRANSPOSE_TMPL_H

#include <string.h>

#include "kernels/transpose/transpose.h"

typedef struct element16 {
    uint64_t half[2];
} element16;

/* Narrow matrices (an image's channels, pairs) have a constant number of columns or rows, which
 * lets the compiler shuffle whole vectors. */
#define TENON__TRANSPOSE_PLAIN(name, type)                                                         \
    static inline void name##_narrow(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds,         \
                                     int64_t rows, int64_t cols)                                   \
    {                                                                                              \
        const int64_t e = (int64_t)sizeof(type);                                                   \
        for (int64_t c = 0; c < cols; c++)                                                         \
            for (int64_t r = 0; r < rows; r++)                                                     \
                memcpy(d + c * ds + r * e, s + r * ss + c * e, sizeof(type));                      \
    }                                                                                              \
    static inline void name(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds, int64_t rows,    \
                            int64_t cols)                                                          \
    {                                                                                              \
        const int64_t e = (int64_t)sizeof(type);                                                   \
        if (cols == 2 && ss == 2 * e) {                                                            \
            name##_narrow(s, 2 * e, d, ds, rows, 2);                                               \
        } else if (cols == 3 && ss == 3 * e) {                                                     \
            name##_narrow(s, 3 * e, d, ds, rows, 3);                                               \
        } else if (cols == 4 && ss == 4 * e) {                                                     \
            name##_narrow(s, 4 * e, d, ds, rows, 4);                                               \
        } else if (rows == 2 && ds == 2 * e) {                                                     \
            for (int64_t c = 0; c < cols; c++)                                                     \
                name##_narrow(s + c * e, ss, d + c * 2 * e, 2 * e, 2, 1);                          \
        } else if (rows == 3 && ds == 3 * e) {                                                     \
            for (int64_t c = 0; c < cols; c++)                                                     \
                name##_narrow(s + c * e, ss, d + c * 3 * e, 3 * e, 3, 1);                          \
        } else if (rows == 4 && ds == 4 * e) {                                                     \
            for (int64_t c = 0; c < cols; c++)                                                     \
                name##_narrow(s + c * e, ss, d + c * 4 * e, 4 * e, 4, 1);                          \
        } else {                                                                                   \
            name##_narrow(s, ss, d, ds, rows, cols);                                               \
        }                                                                                          \
    }

TENON__TRANSPOSE_PLAIN(plain1, uint8_t)
TENON__TRANSPOSE_PLAIN(plain2, uint16_t)
TENON__TRANSPOSE_PLAIN(plain4, uint32_t)
TENON__TRANSPOSE_PLAIN(plain8, uint64_t)
TENON__TRANSPOSE_PLAIN(plain16, element16)

/* Squares of `side` elements by `square`, in strips of columns that fill whole cache lines of the
 * source; the rest by `plain`. */
#define TENON__TRANSPOSE_BLOCKED(name, square, side, plain, bytes)                                 \
    static void name(const void *src, int64_t ss, void *dst, int64_t ds, int64_t rows,             \
                     int64_t cols)                                                                 \
    {                                                                                              \
        const uint8_t *s = src;                                                                    \
        uint8_t *d = dst;                                                                          \
        const int64_t strip = 64 / (bytes) > (side) ? 64 / (bytes) : (side);                       \
        const int64_t rows_in = rows - rows % (side), cols_in = cols - cols % (side);              \
        if (rows < (side) || cols < (side)) {                                                      \
            plain(s, ss, d, ds, rows, cols);                                                       \
            return;                                                                                \
        }                                                                                          \
        for (int64_t c0 = 0; c0 < cols_in; c0 += strip) {                                          \
            const int64_t c1 = c0 + strip < cols_in ? c0 + strip : cols_in;                        \
            for (int64_t r = 0; r < rows_in; r += (side))                                          \
                for (int64_t c = c0; c < c1; c += (side))                                          \
                    square(s + r * ss + c * (bytes), ss, d + c * ds + r * (bytes), ds);            \
        }                                                                                          \
        if (cols_in < cols)                                                                        \
            plain##_narrow(s + cols_in * (bytes), ss, d + cols_in * ds, ds, rows, cols - cols_in); \
        if (rows_in < rows)                                                                        \
            plain##_narrow(s + rows_in * ss, ss, d + rows_in * (bytes), ds, rows - rows_in,        \
                           cols_in);                                                               \
    }

#define TENON__TRANSPOSE_WHOLE(name, plain)                                                        \
    static void name(const void *src, int64_t ss, void *dst, int64_t ds, int64_t rows,             \
                     int64_t cols)                                                                 \
    {                                                                                              \
        plain(src, ss, dst, ds, rows, cols);                                                       \
    }

#endif
