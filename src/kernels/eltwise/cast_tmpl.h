/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions of vectors, for the files that include kernels/vec_*.h and define before this, over
 * VF elements:
 *
 *   half_load(p), half_store(p, v)      float16
 *   brain_load(p), brain_store(p, v)    bfloat16; rounds to nearest even, NaN stays one
 *   byte_load(p), signed_load(p)        uint8, int8
 *   whole_load(p)                       int32
 *   whole_store(p, v)                   towards zero; false where one does not fit (nothing is
 * written then)
 *
 * and ROWS_NAME, ROWS_TEXT, ROWS_NEEDS. Tails go through zero-filled copies of VF elements. */
#include <string.h>

#include "kernels/eltwise/eltwise.h"
#include "tensor/convert.h"

/* From elements of type T to floats, by `load`. */
#define WIDEN(name, T, load)                                                                       \
    static void name(void *to, const void *const *from, const int *step, int64_t n, const void *p) \
    {                                                                                              \
        const T *x = from[0];                                                                      \
        float *y = to;                                                                             \
        int64_t i = 0;                                                                             \
        (void)step;                                                                                \
        (void)p;                                                                                   \
        for (; i + VF <= n; i += VF)                                                               \
            vf_store(y + i, load(x + i));                                                          \
        if (i < n) {                                                                               \
            T rest[VF] = {0};                                                                      \
            memcpy(rest, x + i, (size_t)(n - i) * sizeof(T));                                      \
            vf_store_n(y + i, load(rest), n - i);                                                  \
        }                                                                                          \
    }

/* From floats to elements of type T, by `store`. */
#define NARROW(name, T, store)                                                                     \
    static void name(void *to, const void *const *from, const int *step, int64_t n, const void *p) \
    {                                                                                              \
        const float *x = from[0];                                                                  \
        T *y = to;                                                                                 \
        int64_t i = 0;                                                                             \
        (void)step;                                                                                \
        (void)p;                                                                                   \
        for (; i + VF <= n; i += VF)                                                               \
            store(y + i, vf_load(x + i));                                                          \
        if (i < n) {                                                                               \
            T rest[VF];                                                                            \
            store(rest, vf_load_n(x + i, n - i, 0.0f));                                            \
            memcpy(y + i, rest, (size_t)(n - i) * sizeof(T));                                      \
        }                                                                                          \
    }

/* Numbers beyond int32 are rare, and converted as tenon__convert does it. */
static inline void whole_store_any(int32_t *y, vf v)
{
    if (whole_store(y, v)) return;
    float x[VF];
    vf_store(x, v);
    (void)tenon__convert(TENON_F32, x, TENON_I32, y, 0, VF, true, NULL);
}

WIDEN(f16_to_f32, uint16_t, half_load)
WIDEN(bf16_to_f32, uint16_t, brain_load)
WIDEN(u8_to_f32, uint8_t, byte_load)
WIDEN(i8_to_f32, int8_t, signed_load)
WIDEN(i32_to_f32, int32_t, whole_load)
NARROW(f32_to_f16, uint16_t, half_store)
NARROW(f32_to_bf16, uint16_t, brain_store)
NARROW(f32_to_i32, int32_t, whole_store_any)

static const tenon__eltwise_row rows[] = {
    {TENON__F_TO_F32, TENON_F16, 0.2f, f16_to_f32},
    {TENON__F_TO_F32, TENON_BF16, 0.2f, bf16_to_f32},
    {TENON__F_TO_F32, TENON_U8, 0.2f, u8_to_f32},
    {TENON__F_TO_F32, TENON_I8, 0.2f, i8_to_f32},
    {TENON__F_TO_F32, TENON_I32, 0.2f, i32_to_f32},
    {TENON__F_TO_F16, TENON_F32, 0.2f, f32_to_f16},
    {TENON__F_TO_BF16, TENON_F32, 0.2f, f32_to_bf16},
    {TENON__F_TO_I32, TENON_F32, 0.2f, f32_to_i32},
};

const tenon__eltwise_rows ROWS_NAME = {
    .name = ROWS_TEXT, .needs = ROWS_NEEDS, .rows = rows, .count = sizeof rows / sizeof *rows};
