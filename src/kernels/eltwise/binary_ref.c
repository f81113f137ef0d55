/* SPDX-License-Identifier: Apache-2.0 */
/* Formulas of two and three operands, plain: the specification of the vector rows. */
#include <math.h>
#include <string.h>

#include "kernels/eltwise/eltwise.h"

/* A function `name` over elements of type T giving elements of type R; `expr` is of a and b. The
 * three loops, of which each has its steps fixed, are what the compiler makes vectors of. */
#define BINARY(name, T, R, expr)                                                                   \
    static void name(void *to, const void *const *from, const int *step, int64_t n,                \
                     const void *params)                                                           \
    {                                                                                              \
        const T *x0 = from[0], *x1 = from[1];                                                      \
        R *y = to;                                                                                 \
        (void)params;                                                                              \
        if (step[0] && step[1]) {                                                                  \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const T a = x0[i], b = x1[i];                                                      \
                y[i] = (R)(expr);                                                                  \
            }                                                                                      \
        } else if (step[0]) {                                                                      \
            const T b = *x1;                                                                       \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const T a = x0[i];                                                                 \
                y[i] = (R)(expr);                                                                  \
            }                                                                                      \
        } else {                                                                                   \
            const T a = *x0;                                                                       \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const T b = x1[i];                                                                 \
                y[i] = (R)(expr);                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

/* ---- reals ---- */

/* Remainder with the sign of the divisor, as Python has it. */
static inline float mod_of_f32(float a, float b)
{
    float m = fmodf(a, b);
    return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}

static inline double mod_of_f64(double a, double b)
{
    double m = fmod(a, b);
    return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}

#define REAL(T, suffix, libm)                                                                      \
    BINARY(add_##suffix, T, T, a + b)                                                              \
    BINARY(sub_##suffix, T, T, a - b)                                                              \
    BINARY(mul_##suffix, T, T, a *b)                                                               \
    BINARY(div_##suffix, T, T, a / b)                                                              \
    BINARY(max_##suffix, T, T, a > b || a != a ? a : b)                                            \
    BINARY(min_##suffix, T, T, a < b || a != a ? a : b)                                            \
    BINARY(fmod_##suffix, T, T, libm(fmod)(a, b))                                                  \
    BINARY(mod_##suffix, T, T, mod_of_##suffix(a, b))                                              \
    BINARY(prelu_##suffix, T, T, a < 0 ? a * b : a)                                                \
    BINARY(equal_##suffix, T, uint8_t, a == b)                                                     \
    BINARY(less_##suffix, T, uint8_t, a < b)                                                       \
    BINARY(less_equal_##suffix, T, uint8_t, a <= b)
#define SINGLE(fn) fn##f
#define DOUBLE(fn) fn
REAL(float, f32, SINGLE)
REAL(double, f64, DOUBLE)

BINARY(pow_each_f32, float, float, powf(a, b))
BINARY(pow_f64, double, double, pow(a, b))

/* Most exponents in models are one constant, and most of those are 2. */
static void pow_f32(void *to, const void *const *from, const int *step, int64_t n,
                    const void *params)
{
    const float *x = from[0], b = *(const float *)from[1];
    float *y = to;
    if (step[1] || (b != 1.0f && b != 2.0f && b != 3.0f)) {
        pow_each_f32(to, from, step, n, params);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        float a = x[i * step[0]];
        y[i] = b == 1.0f ? a : b == 2.0f ? a * a : a * a * a;
    }
}

/* ---- integers: sums and products wrap ---- */

static inline uint64_t power(uint64_t a, uint64_t b)
{
    uint64_t y = 1;
    for (; b; b >>= 1, a *= a)
        if (b & 1) y *= a;
    return y;
}

/* A negative exponent leaves the whole part of 1 / a^|b|; of 0 to it, 0. */
static inline uint64_t power_signed(int64_t a, int64_t b)
{
    if (b >= 0) return power((uint64_t)a, (uint64_t)b);
    if (a == 1 || (a == -1 && b % 2 == 0)) return 1;
    return a == -1 ? UINT64_MAX : 0;
}

/* The remainder with the sign of b. */
static inline int64_t floor_mod(int64_t a, int64_t b)
{
    if (b == 0 || b == -1) return 0;
    int64_t m = a % b;
    return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}

/* Of the operators below, those in UNSIGNED serve signed elements of the same size too. `1u *`
 * keeps small types from being promoted to signed int, in which a product could overflow. */
#define UNSIGNED(T, suffix, bits)                                                                  \
    BINARY(add_##suffix, T, T, a + b)                                                              \
    BINARY(sub_##suffix, T, T, a - b)                                                              \
    BINARY(mul_##suffix, T, T, 1u * a * b)                                                         \
    BINARY(and_##suffix, T, T, a &b)                                                               \
    BINARY(or_##suffix, T, T, a | b)                                                               \
    BINARY(xor_##suffix, T, T, a ^ b)                                                              \
    BINARY(equal_##suffix, T, uint8_t, a == b)                                                     \
    BINARY(div_##suffix, T, T, b ? a / b : 0)                                                      \
    BINARY(mod_##suffix, T, T, b ? a % b : 0)                                                      \
    BINARY(pow_##suffix, T, T, power(a, b))                                                        \
    BINARY(prelu_##suffix, T, T, ((void)b, a))                                                     \
    BINARY(shift_left_##suffix, T, T, b < bits ? (T)((1u * a) << b) : 0)                           \
    BINARY(shift_right_##suffix, T, T, b < bits ? a >> b : 0)
#define ORDERED(T, suffix)                                                                         \
    BINARY(max_##suffix, T, T, a > b ? a : b)                                                      \
    BINARY(min_##suffix, T, T, a < b ? a : b)                                                      \
    BINARY(less_##suffix, T, uint8_t, a < b)                                                       \
    BINARY(less_equal_##suffix, T, uint8_t, a <= b)
/* The least integer divided by -1 wraps to itself. */
#define SIGNED(T, suffix, bits)                                                                    \
    BINARY(div_##suffix, T, T, b == 0 ? 0 : b == -1 ? (T)(0u - (uint##bits##_t)a) : a / b)         \
    BINARY(mod_##suffix, T, T, floor_mod(a, b))                                                    \
    BINARY(fmod_##suffix, T, T, b == 0 || b == -1 ? 0 : a % b)                                     \
    BINARY(prelu_##suffix, T, T, a < 0 ? (uint64_t)a * (uint64_t)b : (uint64_t)a)                  \
    BINARY(pow_##suffix, T, T, power_signed(a, b))
#define INTEGER(bits)                                                                              \
    UNSIGNED(uint##bits##_t, u##bits, bits)                                                        \
    ORDERED(uint##bits##_t, u##bits)                                                               \
    ORDERED(int##bits##_t, i##bits)                                                                \
    SIGNED(int##bits##_t, i##bits, bits)
INTEGER(8)
INTEGER(16)
INTEGER(32)
INTEGER(64)

/* ---- bool ---- */

BINARY(and_bool, uint8_t, uint8_t, (a != 0) & (b != 0))
BINARY(or_bool, uint8_t, uint8_t, (a | b) != 0)
BINARY(xor_bool, uint8_t, uint8_t, (a != 0) != (b != 0))
BINARY(equal_bool, uint8_t, uint8_t, (a != 0) == (b != 0))

/* ---- strings ---- */

static inline bool same_text(tenon_string a, tenon_string b)
{
    return a.size_bytes == b.size_bytes &&
           (a.size_bytes == 0 || memcmp(a.data, b.data, a.size_bytes) == 0);
}

BINARY(equal_string, tenon_string, uint8_t, same_text(a, b))

/* ---- three operands ---- */

/* Written as selections of vectors, these need no fixed steps: with a step of 0 the load is
 * hoisted. */
#define CLIP(T, suffix)                                                                            \
    static void clip_##suffix(void *to, const void *const *from, const int *step, int64_t n,       \
                              const void *params)                                                  \
    {                                                                                              \
        const T *x0 = from[0], *x1 = from[1], *x2 = from[2];                                       \
        T *y = to;                                                                                 \
        (void)params;                                                                              \
        if (!step[1] && !step[2]) {                                                                \
            const T low = *x1, high = *x2;                                                         \
            for (int64_t i = 0; i < n; i++) {                                                      \
                T v = x0[i] < low ? low : x0[i];                                                   \
                y[i] = v > high ? high : v;                                                        \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T low = x1[i * step[1]], high = x2[i * step[2]];                                 \
            T v = x0[i * step[0]];                                                                 \
            v = v < low ? low : v;                                                                 \
            y[i] = v > high ? high : v;                                                            \
        }                                                                                          \
    }
CLIP(float, f32)
CLIP(double, f64)
CLIP(int8_t, i8)
CLIP(int16_t, i16)
CLIP(int32_t, i32)
CLIP(int64_t, i64)
CLIP(uint8_t, u8)
CLIP(uint16_t, u16)
CLIP(uint32_t, u32)
CLIP(uint64_t, u64)

#define WHERE(T, suffix)                                                                           \
    static void where_##suffix(void *to, const void *const *from, const int *step, int64_t n,      \
                               const void *params)                                                 \
    {                                                                                              \
        const uint8_t *c = from[0];                                                                \
        const T *a = from[1], *b = from[2];                                                        \
        T *y = to;                                                                                 \
        (void)params;                                                                              \
        if (step[0] && step[1] && step[2]) {                                                       \
            for (int64_t i = 0; i < n; i++)                                                        \
                y[i] = c[i] ? a[i] : b[i];                                                         \
        } else {                                                                                   \
            for (int64_t i = 0; i < n; i++)                                                        \
                y[i] = c[i * step[0]] ? a[i * step[1]] : b[i * step[2]];                           \
        }                                                                                          \
    }
WHERE(uint8_t, u8)
WHERE(uint16_t, u16)
WHERE(uint32_t, u32)
WHERE(uint64_t, u64)
WHERE(tenon_string, string)

#define ROW(FORMULA, DTYPE, ns, fn)                                                                \
    {                                                                                              \
        TENON__F_##FORMULA, TENON_##DTYPE, ns, fn                                                  \
    }
#define REALS(FORMULA, name, ns)                                                                   \
    ROW(FORMULA, F32, ns, name##_f32), ROW(FORMULA, F64, ns, name##_f64)
/* One function for both signs, and one for each. */
#define BOTH(FORMULA, name, bits, ns)                                                              \
    ROW(FORMULA, I##bits, ns, name##_u##bits), ROW(FORMULA, U##bits, ns, name##_u##bits)
#define EACH(FORMULA, name, bits, ns)                                                              \
    ROW(FORMULA, I##bits, ns, name##_i##bits), ROW(FORMULA, U##bits, ns, name##_u##bits)
#define INTEGERS(bits, ns)                                                                         \
    BOTH(ADD, add, bits, ns), BOTH(SUB, sub, bits, ns), BOTH(MUL, mul, bits, ns),                  \
        BOTH(AND, and, bits, ns), BOTH(OR, or, bits, ns), BOTH(XOR, xor, bits, ns),                \
        BOTH(EQUAL, equal, bits, ns), EACH(DIV, div, bits, 3), EACH(MOD, mod, bits, 3),            \
        ROW(FMOD, I##bits, 3, fmod_i##bits), ROW(FMOD, U##bits, 3, mod_u##bits),                   \
        EACH(POW, pow, bits, 5), ROW(SHIFT_LEFT, U##bits, 1, shift_left_u##bits),                  \
        ROW(SHIFT_RIGHT, U##bits, 1, shift_right_u##bits), EACH(MAX, max, bits, ns),               \
        EACH(MIN, min, bits, ns), EACH(PRELU, prelu, bits, ns), EACH(LESS, less, bits, ns),        \
        EACH(LESS_EQUAL, less_equal, bits, ns), EACH(CLIP, clip, bits, ns)

static const tenon__eltwise_row rows[] = {
    REALS(ADD, add, 0.5f),
    REALS(SUB, sub, 0.5f),
    REALS(MUL, mul, 0.5f),
    REALS(DIV, div, 1),
    REALS(MAX, max, 0.5f),
    REALS(MIN, min, 0.5f),
    REALS(FMOD, fmod, 10),
    REALS(MOD, mod, 10),
    REALS(POW, pow, 15),
    REALS(PRELU, prelu, 0.5f),
    REALS(EQUAL, equal, 0.5f),
    REALS(LESS, less, 0.5f),
    REALS(LESS_EQUAL, less_equal, 0.5f),
    REALS(CLIP, clip, 0.5f),
    INTEGERS(8, 0.2f),
    INTEGERS(16, 0.3f),
    INTEGERS(32, 0.5f),
    INTEGERS(64, 0.8f),
    ROW(AND, BOOL, 0.2f, and_bool),
    ROW(OR, BOOL, 0.2f, or_bool),
    ROW(XOR, BOOL, 0.2f, xor_bool),
    ROW(EQUAL, BOOL, 0.2f, equal_bool),
    ROW(EQUAL, STRING, 5, equal_string),
    ROW(WHERE, U8, 0.5f, where_u8),
    ROW(WHERE, U16, 0.5f, where_u16),
    ROW(WHERE, U32, 0.5f, where_u32),
    ROW(WHERE, U64, 0.8f, where_u64),
    ROW(WHERE, STRING, 2, where_string),
};

const tenon__eltwise_rows tenon__eltwise_binary_ref = {
    .name = "ref", .rows = rows, .count = sizeof rows / sizeof *rows};
