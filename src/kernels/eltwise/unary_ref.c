/* SPDX-License-Identifier: Apache-2.0 */
/* Formulas of one operand, plain: the specification of the vector rows. */
#include <math.h>

#include "kernels/eltwise/eltwise.h"

#define SQRT_HALF      0.70710678118654752440
#define SQRT_2_OVER_PI 0.79788456080286535588
#define GELU_CUBIC     0.044715

/* A function `name` over elements of type T giving elements of type R; `expr` is of x and of p. */
#define UNARY(name, T, R, expr)                                                                    \
    static void name(void *to, const void *const *from, const int *step, int64_t n,                \
                     const void *params)                                                           \
    {                                                                                              \
        const T *source = from[0];                                                                 \
        const float *p = params;                                                                   \
        R *y = to;                                                                                 \
        (void)step;                                                                                \
        (void)p;                                                                                   \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T x = source[i];                                                                 \
            y[i] = (R)(expr);                                                                      \
        }                                                                                          \
    }

#define REAL(name, expr32, expr64)                                                                 \
    UNARY(name##_f32, float, float, expr32)                                                        \
    UNARY(name##_f64, double, double, expr64)
#define LIBM(fn) REAL(fn, fn##f(x), fn(x))

static inline float sigmoid_of_f32(float x)
{
    float e = expf(-fabsf(x));
    return (x < 0 ? e : 1.0f) / (1.0f + e);
}

static inline double sigmoid_of_f64(double x)
{
    double e = exp(-fabs(x));
    return (x < 0 ? e : 1.0) / (1.0 + e);
}

/* x * tanh(log(1 + w)), w = exp(x), is x * n / (n + 2) with n = w * (w + 2); past 20 it is x. */
static inline float mish_of_f32(float x)
{
    float w = expf(x < 20.0f ? x : 20.0f), n = w * (w + 2.0f);
    return x < 20.0f ? x * (n / (n + 2.0f)) : x;
}

static inline double mish_of_f64(double x)
{
    double w = exp(x < 40.0 ? x : 40.0), n = w * (w + 2.0);
    return x < 40.0 ? x * (n / (n + 2.0)) : x;
}

static inline float gelu_tanh_of_f32(float x)
{
    /* (1 + tanh(u)) / 2 is the sigmoid of 2 u, which keeps its precision where tanh is near -1. */
    float u = (float)SQRT_2_OVER_PI * (x + (float)GELU_CUBIC * x * x * x);
    return x * sigmoid_of_f32(2.0f * u);
}

static inline double gelu_tanh_of_f64(double x)
{
    double u = SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x);
    return x * sigmoid_of_f64(2.0 * u);
}

#define CLAMP01(v) ((v) < 0 ? 0 : (v) > 1 ? 1 : (v))

LIBM(acos)
LIBM(acosh)
LIBM(asin)
LIBM(asinh)
LIBM(atan)
LIBM(atanh)
LIBM(ceil)
LIBM(cos)
LIBM(cosh)
LIBM(erf)
LIBM(exp)
LIBM(floor)
LIBM(log)
LIBM(sin)
LIBM(sinh)
LIBM(sqrt)
LIBM(tan)
LIBM(tanh)
REAL(abs, fabsf(x), fabs(x))
REAL(elu, x > 0 ? p[2] * x : p[0] * expm1f(x / p[1]),
     x > 0 ? (double)p[2] * x : (double)p[0] * expm1(x / (double)p[1]))
REAL(gelu, 0.5f * x * erfcf(-x * (float)SQRT_HALF), 0.5 * x * erfc(-x * SQRT_HALF))
REAL(gelu_tanh, gelu_tanh_of_f32(x), gelu_tanh_of_f64(x))
REAL(hard_sigmoid, CLAMP01(p[0] * x + p[1]), CLAMP01((double)p[0] * x + (double)p[1]))
REAL(hard_swish, x *CLAMP01(x *(1.0f / 6.0f) + 0.5f), x *CLAMP01(x *(1.0 / 6.0) + 0.5))
REAL(leaky_relu, x < 0 ? p[0] * x : x, x < 0 ? (double)p[0] * x : x)
REAL(mish, mish_of_f32(x), mish_of_f64(x))
REAL(neg, -x, -x)
REAL(reciprocal, 1.0f / x, 1.0 / x)
REAL(relu, x < 0 ? 0 : x, x < 0 ? 0 : x)
REAL(round, rintf(x), rint(x))
REAL(scale, p[0] * x, (double)p[0] * x)
REAL(shrink,
     x<-p[0] ? x + p[1] : x> p[0] ? x - p[1]
     : isnan(x)                   ? x
                                  : 0,
     x<-p[0] ? x + p[1] : x> p[0] ? x - p[1]
     : isnan(x)                   ? x
                                  : 0)
REAL(sigmoid, sigmoid_of_f32(x), sigmoid_of_f64(x))
REAL(sign, x<0 ? -1 : x> 0 ? 1 : isnan(x) ? x : 0, x<0 ? -1 : x> 0 ? 1 : isnan(x) ? x : 0)
REAL(softplus, (x > 0 ? x : 0) + log1pf(expf(-fabsf(x))), (x > 0 ? x : 0) + log1p(exp(-fabs(x))))
REAL(softsign, x / (1.0f + fabsf(x)), x / (1.0 + fabs(x)))
REAL(swish, x *sigmoid_of_f32(p[0] * x), x *sigmoid_of_f64((double)p[0] * x))
REAL(thresholded_relu, x > p[0] || isnan(x) ? x : 0, x > p[0] || isnan(x) ? x : 0)
UNARY(is_nan_f32, float, uint8_t, x != x)
UNARY(is_nan_f64, double, uint8_t, x != x)
UNARY(is_inf_f32, float, uint8_t, isinf(x) && p[x > 0] != 0)
UNARY(is_inf_f64, double, uint8_t, isinf(x) && p[x > 0] != 0)
UNARY(not_bool, uint8_t, uint8_t, !x)

/* Integers. Negation and absolute value of the least one wrap to itself. */
#define SIGNED(bits)                                                                               \
    UNARY(abs_i##bits, uint##bits##_t, uint##bits##_t, x >> (bits - 1) ? 0u - x : x)               \
    UNARY(relu_i##bits, int##bits##_t, int##bits##_t, x < 0 ? 0 : x)                               \
    UNARY(sign_i##bits, int##bits##_t, int##bits##_t, (x > 0) - (x < 0))
#define UNSIGNED(bits)                                                                             \
    UNARY(neg_u##bits, uint##bits##_t, uint##bits##_t, 0u - x)                                     \
    UNARY(not_u##bits, uint##bits##_t, uint##bits##_t, ~x)                                         \
    UNARY(same_u##bits, uint##bits##_t, uint##bits##_t, x)                                         \
    UNARY(sign_u##bits, uint##bits##_t, uint##bits##_t, x != 0)
SIGNED(8)
SIGNED(16)
SIGNED(32)
SIGNED(64)
UNSIGNED(8)
UNSIGNED(16)
UNSIGNED(32)
UNSIGNED(64)

#define REALS(FORMULA, name, ns)                                                                   \
    {TENON__F_##FORMULA, TENON_F32, ns, name##_f32},                                               \
    {                                                                                              \
        TENON__F_##FORMULA, TENON_F64, ns, name##_f64                                              \
    }
#define INTEGERS(bits)                                                                             \
    {TENON__F_ABS, TENON_I##bits, 0.5f, abs_i##bits},                                              \
        {TENON__F_ABS, TENON_U##bits, 0.5f, same_u##bits},                                         \
        {TENON__F_NEG, TENON_I##bits, 0.5f, neg_u##bits},                                          \
        {TENON__F_RELU, TENON_I##bits, 0.5f, relu_i##bits},                                        \
        {TENON__F_RELU, TENON_U##bits, 0.5f, same_u##bits},                                        \
        {TENON__F_SIGN, TENON_I##bits, 0.5f, sign_i##bits},                                        \
        {TENON__F_SIGN, TENON_U##bits, 0.5f, sign_u##bits},                                        \
        {TENON__F_BITWISE_NOT, TENON_I##bits, 0.5f, not_u##bits},                                  \
    {                                                                                              \
        TENON__F_BITWISE_NOT, TENON_U##bits, 0.5f, not_u##bits                                     \
    }

static const tenon__eltwise_row rows[] = {
    REALS(ABS, abs, 0.5f),
    REALS(ACOS, acos, 10),
    REALS(ACOSH, acosh, 15),
    REALS(ASIN, asin, 10),
    REALS(ASINH, asinh, 20),
    REALS(ATAN, atan, 10),
    REALS(ATANH, atanh, 15),
    REALS(CEIL, ceil, 2),
    REALS(COS, cos, 6),
    REALS(COSH, cosh, 10),
    REALS(ELU, elu, 8),
    REALS(ERF, erf, 10),
    REALS(EXP, exp, 3),
    REALS(FLOOR, floor, 2),
    REALS(GELU, gelu, 15),
    REALS(GELU_TANH, gelu_tanh, 6),
    REALS(HARD_SIGMOID, hard_sigmoid, 1),
    REALS(HARD_SWISH, hard_swish, 1),
    REALS(IS_INF, is_inf, 1),
    REALS(IS_NAN, is_nan, 0.5f),
    REALS(LEAKY_RELU, leaky_relu, 1),
    REALS(LOG, log, 4),
    REALS(MISH, mish, 5),
    REALS(NEG, neg, 0.5f),
    REALS(RECIPROCAL, reciprocal, 1),
    REALS(RELU, relu, 0.5f),
    REALS(ROUND, round, 2),
    REALS(SCALE, scale, 0.5f),
    REALS(SHRINK, shrink, 2),
    REALS(SIGMOID, sigmoid, 5),
    REALS(SIGN, sign, 1),
    REALS(SIN, sin, 6),
    REALS(SINH, sinh, 10),
    REALS(SOFTPLUS, softplus, 15),
    REALS(SOFTSIGN, softsign, 1),
    REALS(SQRT, sqrt, 2),
    REALS(SWISH, swish, 5),
    REALS(TAN, tan, 12),
    REALS(TANH, tanh, 10),
    REALS(THRESHOLDED_RELU, thresholded_relu, 1),
    {TENON__F_NOT, TENON_BOOL, 0.3f, not_bool},
    INTEGERS(8),
    INTEGERS(16),
    INTEGERS(32),
    INTEGERS(64),
};

const tenon__eltwise_rows tenon__eltwise_unary_ref = {
    .name = "ref", .rows = rows, .count = sizeof rows / sizeof *rows};
