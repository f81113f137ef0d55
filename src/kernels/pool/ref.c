/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling in plain C: what the other rows must agree with. */
#include <math.h>

#include "kernels/pool/pool.h"

static float larger(float a, float b)
{
    return b > a || b != b ? b : a;
}

static void max(float *y, const float *x, int64_t n, int64_t step)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = larger(y[i], x[i * step]);
}

static void add(float *y, const float *x, int64_t n, int64_t step)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += x[i * step];
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

static float sum_of(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i];
    return (float)sum;
}

static float max_of(const float *x, int64_t n)
{
    float best = x[0];
    for (int64_t i = 1; i < n; i++)
        best = larger(best, x[i]);
    return best;
}

static void sum_of_block(const float *x, int64_t n, float *y)
{
    for (int lane = 0; lane < 16; lane++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += x[i * 16 + lane];
        y[lane] = (float)sum;
    }
}

static void max_of_block(const float *x, int64_t n, float *y)
{
    for (int lane = 0; lane < 16; lane++) {
        y[lane] = x[lane];
        for (int64_t i = 1; i < n; i++)
            y[lane] = larger(y[lane], x[i * 16 + lane]);
    }
}

static float pool_one(const tenon__pool_strip *s, int64_t o, int lane)
{
    float best = -INFINITY, sum = 0;
    for (int64_t row = s->row_from; row < s->row_to; row += s->row_step)
        for (int64_t t = 0; t < s->taps; t++) {
            int64_t at = s->first + o * s->step + t * s->delta;
            if (at < 0 || at >= s->width) continue;
            float v = s->x[(row * s->width + at) * 16 + lane];
            best = larger(best, v);
            sum += s->kind == TENON__POOL_LP1 ? fabsf(v) : s->kind == TENON__POOL_LP2 ? v * v : v;
        }
    if (s->kind == TENON__POOL_MAX) return best;
    if (s->kind == TENON__POOL_LP2) return sqrtf(sum);
    return s->scale ? sum * s->scale[o] : sum;
}

static void strip(const tenon__pool_strip *s)
{
    for (int64_t o = 0; o < s->count; o++)
        for (int lane = 0; lane < 16; lane++)
            s->y[o * 16 + lane] = pool_one(s, o, lane);
}

const tenon__pool_row tenon__pool_ref = {
    .name = "ref",
    .needs = 0,
    .max = max,
    .add = add,
    .max_u8 = max_uint8,
    .max_i8 = max_int8,
    .sum_of = sum_of,
    .max_of = max_of,
    .sum_of_block = sum_of_block,
    .max_of_block = max_of_block,
    .strip = strip,
};
