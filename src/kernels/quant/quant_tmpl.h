/* SPDX-License-Identifier: Apache-2.0 */
/* Quantising over vectors of f32, for the files that include kernels/vec_*.h and define before this
 *
 *   load_u8(p), load_i8(p)      VF bytes as floats
 *   store_u8(p, v), store_i8    VF whole floats within the type as bytes
 *   vf_round(v)                 halves to even
 *   vf_above(v, limit)          the larger; limit where v is NaN
 *   vf_below(v, limit)          the smaller; limit where v is NaN
 *
 * and ROW_NAME, ROW_TEXT, ROW_NEEDS. Every operation is one that ref.c does, in the same order, so
 * that the bits agree. Tails go through zero-filled copies of VF elements. */
#include <string.h>

#include "kernels/quant/quant.h"
#include "kernels/unroll.h"

/* A quotient by the scale within [low, high], as whole floats with the zero added: all these are
 * exact. */
TENON__INLINE vf whole(vf v, vf zero, vf low, vf high)
{
    v = vf_below(vf_above(vf_round(v), vf_sub(low, zero)), vf_sub(high, zero));
    return vf_add(v, zero);
}

/* Up to VF zero points as floats. */
TENON__INLINE vf zeros_of(const int32_t *zero, int64_t n)
{
    float values[VF] = {0};
    for (int64_t i = 0; i < n; i++)
        values[i] = (float)zero[i];
    return vf_load(values);
}

/* Type T, its suffix, and its range. */
#define TYPE(T, suffix, least, most)                                                               \
    static void quantize_##suffix(const float *x, void *to, int64_t n, const float *scale,         \
                                  const int32_t *zero, int step)                                   \
    {                                                                                              \
        const vf low = vf_set1(least), high = vf_set1(most);                                       \
        vf s = vf_set1(*scale), z = vf_set1((float)*zero);                                         \
        T *y = to;                                                                                 \
        for (int64_t i = 0; i < n; i += VF) {                                                      \
            int64_t here = n - i < VF ? n - i : VF;                                                \
            if (step) {                                                                            \
                s = vf_load_n(scale + i, here, 1.0f);                                              \
                z = zeros_of(zero + i, here);                                                      \
            }                                                                                      \
            if (here == VF) {                                                                      \
                store_##suffix(y + i, whole(vf_div(vf_load(x + i), s), z, low, high));             \
            } else {                                                                               \
                T rest[VF];                                                                        \
                store_##suffix(rest,                                                               \
                               whole(vf_div(vf_load_n(x + i, here, 0.0f), s), z, low, high));      \
                memcpy(y + i, rest, (size_t)here);                                                 \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void dequantize_##suffix(const void *from, float *y, int64_t n, const float *scale,     \
                                    const int32_t *zero, int step)                                 \
    {                                                                                              \
        vf s = vf_set1(*scale), z = vf_set1((float)*zero);                                         \
        const T *x = from;                                                                         \
        for (int64_t i = 0; i < n; i += VF) {                                                      \
            int64_t here = n - i < VF ? n - i : VF;                                                \
            if (step) {                                                                            \
                s = vf_load_n(scale + i, here, 1.0f);                                              \
                z = zeros_of(zero + i, here);                                                      \
            }                                                                                      \
            if (here == VF) {                                                                      \
                vf_store(y + i, vf_mul(vf_sub(load_##suffix(x + i), z), s));                       \
            } else {                                                                               \
                T rest[VF] = {0};                                                                  \
                memcpy(rest, x + i, (size_t)here);                                                 \
                vf_store_n(y + i, vf_mul(vf_sub(load_##suffix(rest), z), s), here);                \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    /* What an operand with step 0 holds is spread once. */                                        \
    TENON__INLINE void binary_##suffix(T *y, const T *a, const T *b, const int *step, int64_t n,   \
                                       const tenon__quant_pair *p, int product)                    \
    {                                                                                              \
        const vf low = vf_set1(least), high = vf_set1(most), zero = vf_set1((float)p->y_zero);     \
        const vf a_zero = vf_set1((float)p->a_zero), b_zero = vf_set1((float)p->b_zero);           \
        const vf a_scale = vf_set1(p->a_scale), b_scale = vf_set1(p->b_scale),                     \
                 y_scale = vf_set1(p->y_scale);                                                    \
        const vf scale = vf_set1(p->a_scale * p->b_scale / p->y_scale);                            \
        const vf a_one = vf_sub(vf_set1((float)*a), a_zero),                                       \
                 b_one = vf_sub(vf_set1((float)*b), b_zero);                                       \
        for (int64_t i = 0; i < n; i += VF) {                                                      \
            T rest_a[VF] = {0}, rest_b[VF] = {0}, rest_y[VF];                                      \
            const T *at_a = a + i, *at_b = b + i;                                                  \
            int64_t here = n - i < VF ? n - i : VF;                                                \
            if (here < VF) {                                                                       \
                if (step[0]) memcpy(rest_a, at_a, (size_t)here);                                   \
                if (step[1]) memcpy(rest_b, at_b, (size_t)here);                                   \
                at_a = rest_a;                                                                     \
                at_b = rest_b;                                                                     \
            }                                                                                      \
            vf v = step[0] ? vf_sub(load_##suffix(at_a), a_zero) : a_one;                          \
            vf w = step[1] ? vf_sub(load_##suffix(at_b), b_zero) : b_one;                          \
            if (product)                                                                           \
                v = vf_mul(vf_mul(v, w), scale);                                                   \
            else                                                                                   \
                v = vf_div(vf_add(vf_mul(v, a_scale), vf_mul(w, b_scale)), y_scale);               \
            store_##suffix(here < VF ? rest_y : y + i, whole(v, zero, low, high));                 \
            if (here < VF) memcpy(y + i, rest_y, (size_t)here);                                    \
        }                                                                                          \
    }                                                                                              \
    static void add_##suffix(void *y, const void *const *x, const int *step, int64_t n,            \
                             const void *pair)                                                     \
    {                                                                                              \
        if (n > 0) binary_##suffix(y, x[0], x[1], step, n, pair, 0);                               \
    }                                                                                              \
    static void mul_##suffix(void *y, const void *const *x, const int *step, int64_t n,            \
                             const void *pair)                                                     \
    {                                                                                              \
        if (n > 0) binary_##suffix(y, x[0], x[1], step, n, pair, 1);                               \
    }

TYPE(uint8_t, u8, 0.0f, 255.0f)
TYPE(int8_t, i8, -128.0f, 127.0f)

static void range(const float *x, int64_t n, float *low, float *high)
{
    float lows[VF], highs[VF];
    vf least = vf_set1(__builtin_inff()), most = vf_set1(-__builtin_inff());
    for (int64_t i = 0; i < n; i += VF) {
        int64_t here = n - i < VF ? n - i : VF;
        vf v = here == VF ? vf_load(x + i) : vf_load_n(x + i, here, x[i]);
        least = vf_below(v, least); /* passes NaN over */
        most = vf_above(v, most);
    }
    vf_store(lows, least);
    vf_store(highs, most);
    *low = lows[0];
    *high = highs[0];
    for (int i = 1; i < VF; i++) {
        *low = lows[i] < *low ? lows[i] : *low;
        *high = highs[i] > *high ? highs[i] : *high;
    }
}

/* Of a constant length, the loops below become vectors. */
enum { STRETCH = 64 };

static void max_taps(const uint8_t *const *at, int64_t taps, int64_t n, uint8_t flip, uint8_t *y)
{
    for (int64_t i = 0; i < n; i += STRETCH) {
        const int64_t some = n - i < STRETCH ? n - i : STRETCH;
        uint8_t most[STRETCH] = {0};
        for (int64_t t = 0; t < taps; t++) {
            uint8_t part[STRETCH] = {0};
            const uint8_t *x = at[t] + i;
            if (some < STRETCH) x = memcpy(part, x, (size_t)some);
            for (int k = 0; k < STRETCH; k++) {
                const uint8_t v = x[k] ^ flip;
                most[k] = v > most[k] ? v : most[k];
            }
        }
        for (int k = 0; k < STRETCH; k++)
            most[k] ^= flip;
        memcpy(y + i, most, (size_t)some);
    }
}

static void sum_taps(const uint8_t *const *at, int64_t taps, int64_t n, uint8_t flip, uint32_t *y)
{
    for (int64_t i = 0; i < n; i += STRETCH) {
        const int64_t some = n - i < STRETCH ? n - i : STRETCH;
        uint32_t sum[STRETCH] = {0};
        for (int64_t t = 0; t < taps; t++) {
            uint8_t part[STRETCH] = {0};
            const uint8_t *x = at[t] + i;
            if (some < STRETCH) x = memcpy(part, x, (size_t)some);
            for (int k = 0; k < STRETCH; k++)
                sum[k] += (uint8_t)(x[k] ^ flip);
        }
        memcpy(y + i, sum, (size_t)some * sizeof *y);
    }
}

const tenon__quant_row ROW_NAME = {
    .name = ROW_TEXT,
    .needs = ROW_NEEDS,
    .quantize = {quantize_u8, quantize_i8},
    .dequantize = {dequantize_u8, dequantize_i8},
    .add = {add_u8, add_i8},
    .mul = {mul_u8, mul_i8},
    .range = range,
    .max_taps = max_taps,
    .sum_taps = sum_taps,
};
