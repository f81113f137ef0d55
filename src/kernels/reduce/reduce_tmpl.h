/* SPDX-License-Identifier: Apache-2.0 */
/* The f32 rows over any vec_*.h: included by avx512.c, avx2.c and neon.c, each of which includes
 * its vectors first. */
#include "kernels/reduce/reduce.h"

#include <math.h>

/* A row is dealt to 4 accumulators of VF lanes; a column keeps one. Every so many rows of a column
 * the sum so far is set aside, so that long ones lose no digits. */
enum { COLUMN_BLOCK = 256 };

static inline vf step_sum(vf acc, vf x, vf shift)
{
    (void)shift;
    return vf_add(acc, x);
}

static inline vf step_sum_abs(vf acc, vf x, vf shift)
{
    (void)shift;
    return vf_add(acc, vf_abs(x));
}

static inline vf step_sum_square(vf acc, vf x, vf shift)
{
    (void)shift;
    return vf_fma(x, x, acc);
}

static inline vf step_sum_exp(vf acc, vf x, vf shift)
{
    return vf_add(acc, vf_exp(vf_sub(x, shift)));
}

static inline vf step_prod(vf acc, vf x, vf shift)
{
    (void)shift;
    return vf_mul(acc, x);
}

static inline vf step_max(vf acc, vf x, vf shift)
{
    (void)shift;
    return vf_max_nan(acc, x);
}

static inline vf step_min(vf acc, vf x, vf shift)
{
    (void)shift;
    return vf_min_nan(acc, x);
}

static inline float scalar_add(float a, float b)
{
    return a + b;
}

static inline float scalar_mul(float a, float b)
{
    return a * b;
}

static inline float scalar_max(float a, float b)
{
    return a != a || a > b ? a : b;
}

static inline float scalar_min(float a, float b)
{
    return a != a || a < b ? a : b;
}

/* Across the lanes, by halves. */
#define ACROSS(name)                                                                               \
    static inline float across_##name(vf v)                                                        \
    {                                                                                              \
        float lanes[VF];                                                                           \
        vf_store(lanes, v);                                                                        \
        for (int w = VF / 2; w; w /= 2)                                                            \
            for (int k = 0; k < w; k++)                                                            \
                lanes[k] = scalar_##name(lanes[k], lanes[k + w]);                                  \
        return lanes[0];                                                                           \
    }

ACROSS(mul)
ACROSS(max)
ACROSS(min)
#define across_add vf_sum

/* `fill` is what an absent element holds: one that the step does not see. */
#define REDUCE_F32(name, join, scalar, start, fill)                                                \
    static void row_##name(const void *xv, int64_t n, const void *shiftv, void *accv)              \
    {                                                                                              \
        const float *x = xv;                                                                       \
        float *acc = accv;                                                                         \
        const vf shift = vf_set1(shiftv ? *(const float *)shiftv : 0.0f);                          \
        vf a0 = vf_set1(start), a1 = a0, a2 = a0, a3 = a0;                                         \
        int64_t i = 0;                                                                             \
        for (; i + 4 * VF <= n; i += 4 * VF) {                                                     \
            a0 = step_##name(a0, vf_load(x + i), shift);                                           \
            a1 = step_##name(a1, vf_load(x + i + VF), shift);                                      \
            a2 = step_##name(a2, vf_load(x + i + 2 * VF), shift);                                  \
            a3 = step_##name(a3, vf_load(x + i + 3 * VF), shift);                                  \
        }                                                                                          \
        for (; i + VF <= n; i += VF)                                                               \
            a0 = step_##name(a0, vf_load(x + i), shift);                                           \
        if (i < n) a1 = step_##name(a1, vf_load_n(x + i, n - i, fill), shift);                     \
        const float all = across_##scalar(join(join(a0, a1), join(a2, a3)));                       \
        *acc = scalar_##scalar(*acc, all);                                                         \
    }                                                                                              \
                                                                                                   \
    static void cols_##name(const void *xv, int64_t rows, int64_t stride, int64_t n,               \
                            const void *shiftv, void *accv)                                        \
    {                                                                                              \
        const float *x = xv, *s = shiftv;                                                          \
        float *acc = accv;                                                                         \
        int64_t j = 0;                                                                             \
        for (; j + 4 * VF <= n; j += 4 * VF)                                                       \
            for (int64_t from = 0; from < rows; from += COLUMN_BLOCK) {                            \
                int64_t to = rows - from > COLUMN_BLOCK ? from + COLUMN_BLOCK : rows;              \
                vf a[4], shift[4];                                                                 \
                for (int k = 0; k < 4; k++) {                                                      \
                    a[k] = vf_set1(start);                                                         \
                    shift[k] = s ? vf_load(s + j + k * VF) : vf_set1(0.0f);                        \
                }                                                                                  \
                for (int64_t i = from; i < to; i++)                                                \
                    for (int k = 0; k < 4; k++)                                                    \
                        a[k] = step_##name(a[k], vf_load(x + i * stride + j + k * VF), shift[k]);  \
                for (int k = 0; k < 4; k++)                                                        \
                    vf_store(acc + j + k * VF, join(vf_load(acc + j + k * VF), a[k]));             \
            }                                                                                      \
        for (; j < n; j += VF) {                                                                   \
            int64_t w = n - j < VF ? n - j : VF;                                                   \
            vf shift = s ? vf_load_n(s + j, w, 0.0f) : vf_set1(0.0f);                              \
            vf sum = vf_load_n(acc + j, w, start);                                                 \
            for (int64_t from = 0; from < rows; from += COLUMN_BLOCK) {                            \
                int64_t to = rows - from > COLUMN_BLOCK ? from + COLUMN_BLOCK : rows;              \
                vf a = vf_set1(start);                                                             \
                for (int64_t i = from; i < to; i++)                                                \
                    a = step_##name(a, vf_load_n(x + i * stride + j, w, 0.0f), shift);             \
                sum = join(sum, a);                                                                \
            }                                                                                      \
            vf_store_n(acc + j, sum, w);                                                           \
        }                                                                                          \
    }

REDUCE_F32(sum, vf_add, add, 0.0f, 0.0f)
REDUCE_F32(sum_abs, vf_add, add, 0.0f, 0.0f)
REDUCE_F32(sum_square, vf_add, add, 0.0f, 0.0f)
REDUCE_F32(sum_exp, vf_add, add, 0.0f, -INFINITY)
REDUCE_F32(prod, vf_mul, mul, 1.0f, 1.0f)
REDUCE_F32(max, vf_max_nan, max, -INFINITY, -INFINITY)
REDUCE_F32(min, vf_min_nan, min, INFINITY, INFINITY)

#define REDUCE_F32_ROWS                                                                            \
    {                                                                                              \
        [TENON__REDUCE_SUM] = {row_sum, cols_sum},                                                 \
        [TENON__REDUCE_SUM_ABS] = {row_sum_abs, cols_sum_abs},                                     \
        [TENON__REDUCE_SUM_SQUARE] = {row_sum_square, cols_sum_square},                            \
        [TENON__REDUCE_SUM_EXP] = {row_sum_exp, cols_sum_exp},                                     \
        [TENON__REDUCE_PROD] = {row_prod, cols_prod}, [TENON__REDUCE_MAX] = {row_max, cols_max},   \
        [TENON__REDUCE_MIN] = {row_min, cols_min},                                                 \
    }
