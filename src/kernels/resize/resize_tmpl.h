/* SPDX-License-Identifier: Apache-2.0 */
/* The loops that every instruction set compiles for itself. */
#ifndef TENON_KERNELS_RESIZE_TMPL_H
#define TENON_KERNELS_RESIZE_TMPL_H

#include <math.h>
#include <string.h>

#include "kernels/resize/resize.h"

#define TENON__RESIZE_ACROSS(name, type)                                                           \
    static inline void name##_taps(float *dst, const type *src, const int32_t *index,              \
                                   const float *weight, int taps, int64_t n)                       \
    {                                                                                              \
        for (int64_t x = 0; x < n; x++) {                                                          \
            float sum = weight[x * taps] * (float)src[index[x * taps]];                            \
            for (int k = 1; k < taps; k++)                                                         \
                sum += weight[x * taps + k] * (float)src[index[x * taps + k]];                     \
            dst[x] = sum;                                                                          \
        }                                                                                          \
    }                                                                                              \
    static inline void name(float *dst, const type *src, const int32_t *index,                     \
                            const float *weight, int taps, int64_t n)                              \
    {                                                                                              \
        if (taps == 2)                                                                             \
            name##_taps(dst, src, index, weight, 2, n);                                            \
        else if (taps == 4)                                                                        \
            name##_taps(dst, src, index, weight, 4, n);                                            \
        else                                                                                       \
            name##_taps(dst, src, index, weight, taps, n);                                         \
    }

TENON__RESIZE_ACROSS(plain_across, float)
TENON__RESIZE_ACROSS(plain_across_u8, uint8_t)

static inline void plain_mix(float *dst, const float *const *rows, const float *weight, int count,
                             bool add, int64_t n)
{
    const float *a = rows[0];
    const float wa = weight[0];
    const float *b = rows[count > 1 ? 1 : 0], *c = rows[count > 2 ? 2 : 0];
    const float *d = rows[count > 3 ? 3 : 0];
    const float wb = count > 1 ? weight[1] : 0, wc = count > 2 ? weight[2] : 0;
    const float wd = count > 3 ? weight[3] : 0;
    if (add) {
        for (int k = 0; k < count; k++)
            for (int64_t i = 0; i < n; i++)
                dst[i] += weight[k] * rows[k][i];
    } else if (count == 1) {
        for (int64_t i = 0; i < n; i++)
            dst[i] = wa * a[i];
    } else if (count == 2) {
        for (int64_t i = 0; i < n; i++)
            dst[i] = wa * a[i] + wb * b[i];
    } else if (count == 3) {
        for (int64_t i = 0; i < n; i++)
            dst[i] = wa * a[i] + wb * b[i] + wc * c[i];
    } else {
        for (int64_t i = 0; i < n; i++)
            dst[i] = wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];
    }
}

static inline void plain_across_wide(float *dst, int64_t dst_step, const float *src,
                                     int64_t src_step, const int32_t *index, const float *weight,
                                     int taps, int64_t n, int64_t inner)
{
    for (int64_t x = 0; x < n; x++) {
        for (int k = 0; k < taps; k += TENON__RESIZE_MIX) {
            const float *rows[TENON__RESIZE_MIX] = {src, src, src, src};
            const int count = taps - k < TENON__RESIZE_MIX ? taps - k : TENON__RESIZE_MIX;
            for (int j = 0; j < count; j++)
                rows[j] = src + index[x * taps + k + j] * src_step;
            plain_mix(dst + x * dst_step, rows, weight + x * taps + k, count, k > 0, inner);
        }
    }
}

/* Adding and taking off 1.5 * 2^23 rounds to nearest even. */
static inline void plain_store_u8(uint8_t *dst, const float *src, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        float v = src[i] > 0.0f ? src[i] : 0.0f;
        v = v < 255.0f ? v : 255.0f;
        dst[i] = (uint8_t)(int32_t)((v + 12582912.0f) - 12582912.0f);
    }
}

static inline void plain_pick4(void *dst, const void *src, const int32_t *index, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        memcpy((uint8_t *)dst + 4 * x, (const uint8_t *)src + 4 * (int64_t)index[x], 4);
}

#define TENON__RESIZE_WHOLE                                                                        \
    static void across_wide(float *dst, int64_t dst_step, const float *src, int64_t src_step,      \
                            const int32_t *index, const float *weight, int taps, int64_t n,        \
                            int64_t inner)                                                         \
    {                                                                                              \
        plain_across_wide(dst, dst_step, src, src_step, index, weight, taps, n, inner);            \
    }                                                                                              \
    static void across_u8(float *dst, const uint8_t *src, const int32_t *index,                    \
                          const float *weight, int taps, int64_t n)                                \
    {                                                                                              \
        plain_across_u8(dst, src, index, weight, taps, n);                                         \
    }                                                                                              \
    static void mix(float *dst, const float *const *rows, const float *weight, int count,          \
                    bool add, int64_t n)                                                           \
    {                                                                                              \
        plain_mix(dst, rows, weight, count, add, n);                                               \
    }                                                                                              \
    static void store_u8(uint8_t *dst, const float *src, int64_t n)                                \
    {                                                                                              \
        plain_store_u8(dst, src, n);                                                               \
    }

#endif
