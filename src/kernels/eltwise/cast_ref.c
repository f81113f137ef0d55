/* SPDX-License-Identifier: Apache-2.0 */
/* The conversions that models do most, plain. What is missing here goes through tenon__convert, and
 * so do elements that C's conversions have no word for. */
#include "kernels/eltwise/eltwise.h"
#include "tensor/convert.h"

#define CAST(name, T, R, expr)                                                                     \
    static void name(void *to, const void *const *from, const int *step, int64_t n,                \
                     const void *params)                                                           \
    {                                                                                              \
        const T *source = from[0];                                                                 \
        R *y = to;                                                                                 \
        (void)step;                                                                                \
        (void)params;                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T x = source[i];                                                                 \
            y[i] = expr;                                                                           \
        }                                                                                          \
    }

/* Towards zero; what an int64 does not hold is converted as tenon__convert does it. */
static int64_t whole(double x)
{
    if (x >= -0x1p63 && x < 0x1p63) return (int64_t)x;
    int64_t y = 0;
    (void)tenon__convert(TENON_F64, &x, TENON_I64, &y, 0, 1, true, NULL);
    return y;
}

CAST(f16_to_f32, uint16_t, float, tenon__f16_to_f32(x))
CAST(bf16_to_f32, uint16_t, float, tenon__bf16_to_f32(x))
CAST(u8_to_f32, uint8_t, float, (float)x)
CAST(i8_to_f32, int8_t, float, (float)x)
CAST(i32_to_f32, int32_t, float, (float)x)
CAST(i64_to_f32, int64_t, float, (float)x)
CAST(f64_to_f32, double, float, (float)x)
CAST(bool_to_f32, uint8_t, float, x ? 1.0f : 0.0f)
CAST(f32_to_f16, float, uint16_t, tenon__f32_to_f16(x))
CAST(f32_to_bf16, float, uint16_t, tenon__f32_to_bf16(x))
CAST(f32_to_i32, float, int32_t,
     x >= -0x1p31f && x < 0x1p31f ? (int32_t)x : (int32_t)(uint32_t)whole((double)x))
CAST(i64_to_i32, int64_t, int32_t, (int32_t)(uint32_t)x)
CAST(bool_to_i32, uint8_t, int32_t, x != 0)
CAST(f32_to_i64, float, int64_t, whole((double)x))
CAST(i32_to_i64, int32_t, int64_t, x)
CAST(bool_to_i64, uint8_t, int64_t, x != 0)
CAST(f32_to_bool, float, uint8_t, x != 0)
CAST(i32_to_bool, int32_t, uint8_t, x != 0)
CAST(i64_to_bool, int64_t, uint8_t, x != 0)
CAST(u8_to_bool, uint8_t, uint8_t, x != 0)

static const tenon__eltwise_row rows[] = {
    {TENON__F_TO_F32, TENON_F16, 2, f16_to_f32},
    {TENON__F_TO_F32, TENON_BF16, 0.5f, bf16_to_f32},
    {TENON__F_TO_F32, TENON_U8, 0.5f, u8_to_f32},
    {TENON__F_TO_F32, TENON_I8, 0.5f, i8_to_f32},
    {TENON__F_TO_F32, TENON_I32, 0.5f, i32_to_f32},
    {TENON__F_TO_F32, TENON_I64, 1, i64_to_f32},
    {TENON__F_TO_F32, TENON_F64, 0.8f, f64_to_f32},
    {TENON__F_TO_F32, TENON_BOOL, 0.5f, bool_to_f32},
    {TENON__F_TO_F16, TENON_F32, 3, f32_to_f16},
    {TENON__F_TO_BF16, TENON_F32, 1, f32_to_bf16},
    {TENON__F_TO_I32, TENON_F32, 1, f32_to_i32},
    {TENON__F_TO_I32, TENON_I64, 0.8f, i64_to_i32},
    {TENON__F_TO_I32, TENON_BOOL, 0.5f, bool_to_i32},
    {TENON__F_TO_I64, TENON_F32, 1, f32_to_i64},
    {TENON__F_TO_I64, TENON_I32, 0.8f, i32_to_i64},
    {TENON__F_TO_I64, TENON_BOOL, 0.8f, bool_to_i64},
    {TENON__F_TO_BOOL, TENON_F32, 0.5f, f32_to_bool},
    {TENON__F_TO_BOOL, TENON_I32, 0.5f, i32_to_bool},
    {TENON__F_TO_BOOL, TENON_I64, 0.8f, i64_to_bool},
    {TENON__F_TO_BOOL, TENON_U8, 0.3f, u8_to_bool},
};

const tenon__eltwise_rows tenon__eltwise_cast_ref = {
    .name = "ref", .rows = rows, .count = sizeof rows / sizeof *rows};
