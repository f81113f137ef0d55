/* SPDX-License-Identifier: Apache-2.0 */
/* Quantising, plain: the specification of the vector rows, whose results are the same bits. */
#include <math.h>

#include "kernels/quant/quant.h"

/* v, a quotient by the scale, as an integer in [low, high]; NaN gives low. */
static inline int32_t to_integer(float v, int32_t zero, int32_t low, int32_t high)
{
    float least = (float)(low - zero), most = (float)(high - zero);
    v = rintf(v);
    v = v > least ? v : least;
    v = v < most ? v : most;
    return (int32_t)v + zero;
}

#define QUANTIZE(T, suffix, low, high)                                                             \
    static void quantize_##suffix(const float *x, void *to, int64_t n, const float *scale,         \
                                  const int32_t *zero, int step)                                   \
    {                                                                                              \
        T *y = to;                                                                                 \
        for (int64_t i = 0; i < n; i++)                                                            \
            y[i] = (T)to_integer(x[i] / scale[i * step], zero[i * step], low, high);               \
    }
QUANTIZE(uint8_t, u8, 0, 255)
QUANTIZE(int8_t, i8, -128, 127)
QUANTIZE(uint16_t, u16, 0, 65535)
QUANTIZE(int16_t, i16, -32768, 32767)

/* 2^31 - 1 is no float, and zero may be far out: by way of double. */
static void quantize_i32(const float *x, void *to, int64_t n, const float *scale,
                         const int32_t *zero, int step)
{
    int32_t *y = to;
    for (int64_t i = 0; i < n; i++) {
        double v = (double)rintf(x[i] / scale[i * step]) + (double)zero[i * step];
        v = v > -0x1p31 ? v : -0x1p31;
        y[i] = (int32_t)(v < 0x1p31 - 1 ? v : 0x1p31 - 1);
    }
}

#define DEQUANTIZE(T, suffix)                                                                      \
    static void dequantize_##suffix(const void *from, float *y, int64_t n, const float *scale,     \
                                    const int32_t *zero, int step)                                 \
    {                                                                                              \
        const T *x = from;                                                                         \
        for (int64_t i = 0; i < n; i++)                                                            \
            y[i] = (float)((int64_t)x[i] - zero[i * step]) * scale[i * step];                      \
    }
DEQUANTIZE(uint8_t, u8)
DEQUANTIZE(int8_t, i8)
DEQUANTIZE(uint16_t, u16)
DEQUANTIZE(int16_t, i16)
DEQUANTIZE(int32_t, i32)

#define BINARY(T, suffix, low, high)                                                               \
    static void add_##suffix(void *to, const void *const *x, const int *step, int64_t n,           \
                             const void *pair)                                                     \
    {                                                                                              \
        const tenon__quant_pair *p = pair;                                                         \
        const T *a = x[0], *b = x[1];                                                              \
        T *y = to;                                                                                 \
        for (int64_t i = 0; i < n; i++) {                                                          \
            float v = (float)(a[i * step[0]] - p->a_zero) * p->a_scale;                            \
            float w = (float)(b[i * step[1]] - p->b_zero) * p->b_scale;                            \
            y[i] = (T)to_integer((v + w) / p->y_scale, p->y_zero, low, high);                      \
        }                                                                                          \
    }                                                                                              \
    static void mul_##suffix(void *to, const void *const *x, const int *step, int64_t n,           \
                             const void *pair)                                                     \
    {                                                                                              \
        const tenon__quant_pair *p = pair;                                                         \
        const T *a = x[0], *b = x[1];                                                              \
        T *y = to;                                                                                 \
        const float scale = p->a_scale * p->b_scale / p->y_scale;                                  \
        for (int64_t i = 0; i < n; i++) {                                                          \
            int32_t v = (a[i * step[0]] - p->a_zero) * (b[i * step[1]] - p->b_zero);               \
            y[i] = (T)to_integer((float)v * scale, p->y_zero, low, high);                          \
        }                                                                                          \
    }
BINARY(uint8_t, u8, 0, 255)
BINARY(int8_t, i8, -128, 127)

static void range(const float *x, int64_t n, float *low, float *high)
{
    float least = INFINITY, most = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    *low = least;
    *high = most;
}

static void look_up(const uint8_t *x, uint8_t *y, int64_t n, const uint8_t *table)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = table[x[i]];
}

static void max_taps(const uint8_t *const *at, int64_t taps, int64_t n, uint8_t flip, uint8_t *y)
{
    for (int64_t i = 0; i < n; i++) {
        uint8_t most = 0;
        for (int64_t t = 0; t < taps; t++)
            most = (at[t][i] ^ flip) > most ? at[t][i] ^ flip : most;
        y[i] = most ^ flip;
    }
}

static void sum_taps(const uint8_t *const *at, int64_t taps, int64_t n, uint8_t flip, uint32_t *y)
{
    for (int64_t i = 0; i < n; i++) {
        y[i] = 0;
        for (int64_t t = 0; t < taps; t++)
            y[i] += (uint8_t)(at[t][i] ^ flip);
    }
}

const tenon__quant_row tenon__quant_ref = {
    .name = "ref",
    .quantize = {quantize_u8, quantize_i8, quantize_u16, quantize_i16, quantize_i32},
    .dequantize = {dequantize_u8, dequantize_i8, dequantize_u16, dequantize_i16, dequantize_i32},
    .add = {add_u8, add_i8},
    .mul = {mul_u8, mul_i8},
    .range = range,
    .look_up = look_up,
    .max_taps = max_taps,
    .sum_taps = sum_taps,
};
