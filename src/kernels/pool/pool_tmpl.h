/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling over the vectors of vec_*.h. The including file defines ROW, NAME and NEEDS, and
 * vf_even(p): lanes p[0], p[2], ... of 2 * VF floats. */
#include <math.h>

#include "kernels/pool/pool.h"
#include "kernels/unroll.h"

#define BLOCK  16
#define BV     (BLOCK / VF) /* vectors of a block */
#define CHAINS 4

TENON__INLINE vf take_max(vf a, vf b)
{
    return vf_max_nan(a, b);
}

TENON__INLINE vf take_sum(vf a, vf b)
{
    return vf_add(a, b);
}

TENON__INLINE void line(float *y, const float *x, int64_t n, int64_t step, vf (*take)(vf, vf),
                        float (*one)(float, float))
{
    int64_t i = 0;
    if (step == 1)
        for (; i + VF <= n; i += VF)
            vf_store(y + i, take(vf_load(y + i), vf_load(x + i)));
    else if (step == 2)
        for (; i + VF < n; i += VF) /* reads one float past the last that counts, hence < */
            vf_store(y + i, take(vf_load(y + i), vf_even(x + 2 * i)));
    for (; i < n; i++)
        y[i] = one(y[i], x[i * step]);
}

static inline float one_max(float a, float b)
{
    return b > a || b != b ? b : a;
}

static inline float one_sum(float a, float b)
{
    return a + b;
}

static void line_max(float *y, const float *x, int64_t n, int64_t step)
{
    line(y, x, n, step, take_max, one_max);
}

static void line_add(float *y, const float *x, int64_t n, int64_t step)
{
    line(y, x, n, step, take_sum, one_sum);
}

/* The compiler makes vectors of the two loops. */
#define MAX_OF_BYTES(type)                                                                         \
    static void max_##type(type##_t *y, const type##_t *x, int64_t n, int64_t step)                \
    {                                                                                              \
        if (step == 1)                                                                             \
            for (int64_t i = 0; i < n; i++)                                                        \
                y[i] = x[i] > y[i] ? x[i] : y[i];                                                  \
        else if (step == 2)                                                                        \
            for (int64_t i = 0; i < n; i++)                                                        \
                y[i] = x[i * 2] > y[i] ? x[i * 2] : y[i];                                          \
        else                                                                                       \
            for (int64_t i = 0; i < n; i++)                                                        \
                y[i] = x[i * step] > y[i] ? x[i * step] : y[i];                                    \
    }
MAX_OF_BYTES(uint8)
MAX_OF_BYTES(int8)
#undef MAX_OF_BYTES

/* Several chains of vectors, joined pairwise at the end. */
TENON__INLINE vf all_of(const float *x, int64_t n, vf start, float fill, vf (*take)(vf, vf))
{
    vf acc[CHAINS];
    int64_t i = 0;
    TENON__UNROLL
    for (int c = 0; c < CHAINS; c++)
        acc[c] = start;
    for (; i + CHAINS * VF <= n; i += CHAINS * VF)
        TENON__UNROLL
    for (int c = 0; c < CHAINS; c++)
        acc[c] = take(acc[c], vf_load(x + i + c * VF));
    for (; i + VF <= n; i += VF)
        acc[0] = take(acc[0], vf_load(x + i));
    if (i < n) acc[1] = take(acc[1], vf_load_n(x + i, n - i, fill));
    return take(take(acc[0], acc[1]), take(acc[2], acc[3]));
}

static float sum_of(const float *x, int64_t n)
{
    return vf_sum(all_of(x, n, vf_set1(0), 0, take_sum));
}

static float max_of(const float *x, int64_t n)
{
    float lanes[VF];
    vf_store(lanes, all_of(x, n, vf_set1(-INFINITY), -INFINITY, take_max));
    for (int i = 1; i < VF; i++)
        lanes[0] = one_max(lanes[0], lanes[i]);
    return lanes[0];
}

TENON__INLINE void block_of(const float *x, int64_t n, float *y, float start, vf (*take)(vf, vf))
{
    vf acc[2][BV];
    int64_t i = 0;
    TENON__UNROLL
    for (int v = 0; v < BV; v++)
        acc[0][v] = acc[1][v] = vf_set1(start);
    for (; i + 2 <= n; i += 2, x += 2 * BLOCK)
        TENON__UNROLL
    for (int v = 0; v < BV; v++) {
        acc[0][v] = take(acc[0][v], vf_load(x + v * VF));
        acc[1][v] = take(acc[1][v], vf_load(x + BLOCK + v * VF));
    }
    TENON__UNROLL
    for (int v = 0; v < BV; v++) {
        if (i < n) acc[0][v] = take(acc[0][v], vf_load(x + v * VF));
        vf_store(y + v * VF, take(acc[0][v], acc[1][v]));
    }
}

static void sum_of_block(const float *x, int64_t n, float *y)
{
    block_of(x, n, y, 0, take_sum);
}

static void max_of_block(const float *x, int64_t n, float *y)
{
    block_of(x, n, y, -INFINITY, take_max);
}

TENON__INLINE vf take_of(tenon__pool_kind kind, vf acc, vf v)
{
    switch (kind) {
    case TENON__POOL_MAX:
        return vf_max_nan(acc, v);
    case TENON__POOL_AVERAGE:
        return vf_add(acc, v);
    case TENON__POOL_LP1:
        return vf_add(acc, vf_abs(v));
    case TENON__POOL_LP2:
        return vf_fma(v, v, acc);
    }
    return acc;
}

TENON__INLINE void strip_of(const tenon__pool_strip *s, tenon__pool_kind kind)
{
    for (int64_t o = 0; o < s->count; o++) {
        const int64_t at = s->first + o * s->step;
        int64_t low = 0, high = s->taps;
        if (at < 0) low = (-at + s->delta - 1) / s->delta;
        if (at + (high - 1) * s->delta >= s->width)
            high = at >= s->width ? 0 : (s->width - 1 - at) / s->delta + 1;
        vf acc[BV];
        TENON__UNROLL
        for (int v = 0; v < BV; v++)
            acc[v] = vf_set1(kind == TENON__POOL_MAX ? -INFINITY : 0.0f);
        for (int64_t row = s->row_from; row < s->row_to; row += s->row_step) {
            const float *x = s->x + (row * s->width + at + low * s->delta) * BLOCK;
            for (int64_t t = low; t < high; t++, x += s->delta * BLOCK)
                TENON__UNROLL
            for (int v = 0; v < BV; v++)
                acc[v] = take_of(kind, acc[v], vf_load(x + v * VF));
        }
        TENON__UNROLL
        for (int v = 0; v < BV; v++) {
            if (kind == TENON__POOL_LP2) acc[v] = vf_sqrt(acc[v]);
            if (kind == TENON__POOL_AVERAGE && s->scale)
                acc[v] = vf_mul(acc[v], vf_set1(s->scale[o]));
            vf_store(s->y + o * BLOCK + v * VF, acc[v]);
        }
    }
}

static void strip(const tenon__pool_strip *s)
{
    switch (s->kind) {
    case TENON__POOL_MAX:
        strip_of(s, TENON__POOL_MAX);
        return;
    case TENON__POOL_AVERAGE:
        strip_of(s, TENON__POOL_AVERAGE);
        return;
    case TENON__POOL_LP1:
        strip_of(s, TENON__POOL_LP1);
        return;
    case TENON__POOL_LP2:
        strip_of(s, TENON__POOL_LP2);
        return;
    }
}

const tenon__pool_row ROW = {
    .name = NAME,
    .needs = NEEDS,
    .max = line_max,
    .add = line_add,
    .max_u8 = max_uint8,
    .max_i8 = max_int8,
    .sum_of = sum_of,
    .max_of = max_of,
    .sum_of_block = sum_of_block,
    .max_of_block = max_of_block,
    .strip = strip,
};
