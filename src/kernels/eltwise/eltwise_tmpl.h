/* SPDX-License-Identifier: Apache-2.0 */
/* Element-wise formulas over vectors of f32, for the files that include kernels/vec_*.h and define
 * before this
 *
 *   vm                     a mask of lanes
 *   vf_lt(a, b)            a < b, false where one is NaN; vf_eq alike
 *   vf_unordered(a)        a is NaN
 *   vf_any(m)              some lane is set
 *   vf_select(m, a, b)     m ? a : b
 *   vf_neg, vf_floor, vf_ceil, vf_round (halves to even), vf_erf
 *   vf_expm1_core(r), vf_exp_reduce(x, &n), vf_pow2(n)   as in vmath_*.h, n as whole floats
 *
 * and ROWS_NAME, ROWS_TEXT, ROWS_NEEDS: the table's symbol, name and CPU bits. */
#include <math.h>

#include "kernels/eltwise/eltwise.h"
#include "kernels/unroll.h"

/* ---- functions of a vector ---- */

/* x < low ? low : x; NaN stays. */
TENON__INLINE vf at_least(vf x, vf low)
{
    return vf_select(vf_lt(x, low), low, x);
}

TENON__INLINE vf at_most(vf x, vf high)
{
    return vf_select(vf_lt(high, x), high, x);
}

TENON__INLINE vf larger(vf a, vf b)
{
    return vf_select(vf_unordered(a), a, vf_select(vf_lt(b, a), a, b));
}

TENON__INLINE vf smaller(vf a, vf b)
{
    return vf_select(vf_unordered(a), a, vf_select(vf_lt(a, b), a, b));
}

/* v held between 0 and 1. */
TENON__INLINE vf unit(vf v)
{
    return at_most(at_least(v, vf_set1(0.0f)), vf_set1(1.0f));
}

/* exp(x) - 1 for x <= 0, without loss near 0. Below -30 it rounds to -1. */
TENON__INLINE vf expm1_below(vf x)
{
    vf n, r = vf_exp_reduce(at_least(x, vf_set1(-30.0f)), &n), scale = vf_pow2(n);
    return vf_fma(scale, vf_expm1_core(r), vf_sub(scale, vf_set1(1.0f)));
}

TENON__INLINE vf elu(vf x, vf low_scale, vf inner, vf high_scale)
{
    const vf zero = vf_set1(0.0f);
    vf low = vf_mul(low_scale, expm1_below(at_most(vf_mul(x, inner), zero)));
    return vf_select(vf_lt(zero, x), vf_mul(high_scale, x), low);
}

/* log(1 + e), e in [0, 1]: what 1 + e rounds off is made good by the factor e / ((1 + e) - 1). */
TENON__INLINE vf log1p_unit(vf e)
{
    const vf one = vf_set1(1.0f);
    vf u = vf_add(one, e), d = vf_sub(u, one);
    vf tiny = vf_select(vf_eq(d, vf_set1(0.0f)), one, d);
    return vf_select(vf_eq(d, vf_set1(0.0f)), e, vf_mul(vf_log(u), vf_div(e, tiny)));
}

TENON__INLINE vf softplus(vf x)
{
    return vf_add(at_least(x, vf_set1(0.0f)), log1p_unit(vf_exp(vf_neg(vf_abs(x)))));
}

/* As in unary_ref.c. */
TENON__INLINE vf mish(vf x)
{
    const vf limit = vf_set1(20.0f), two = vf_set1(2.0f);
    vf w = vf_exp(at_most(x, limit)), n = vf_mul(w, vf_add(w, two));
    return vf_select(vf_lt(limit, x), x, vf_mul(x, vf_div(n, vf_add(n, two))));
}

TENON__INLINE vf gelu(vf x)
{
    vf half = vf_mul(x, vf_set1(0.5f));
    return vf_fma(half, vf_erf(vf_mul(x, vf_set1(0.70710678f))), half);
}

TENON__INLINE vf gelu_tanh(vf x)
{
    /* (1 + tanh(u)) / 2 is the sigmoid of 2 u. */
    vf cube = vf_mul(vf_mul(x, x), x);
    vf u = vf_mul(vf_set1(1.59576912f), vf_fma(cube, vf_set1(0.044715f), x));
    return vf_mul(x, vf_sigmoid(u));
}

TENON__INLINE vf hard_swish(vf x)
{
    vf gate = vf_fma(x, vf_set1(1.0f / 6.0f), vf_set1(0.5f));
    return vf_mul(x, unit(gate));
}

TENON__INLINE vf sign_of(vf x)
{
    const vf zero = vf_set1(0.0f);
    vf up = vf_select(vf_lt(zero, x), vf_set1(1.0f), vf_select(vf_unordered(x), x, zero));
    return vf_select(vf_lt(x, zero), vf_set1(-1.0f), up);
}

/* Past this many radians the reduction below runs out of bits. */
#define SIN_END 1e6f

/* sin(x), or cos(x) where quarters is 1: x less q quarter turns (pi / 2 in three parts) lies in
 * [-pi / 4, pi / 4]; there minimax polynomials of relative error below 2^-27. */
TENON__INLINE vf sin_small(vf x, float quarters)
{
    vf q = vf_round(vf_mul(x, vf_set1(0.63661975f)));
    vf r = vf_fma(q, vf_set1(-1.57079637f), x);
    r = vf_fma(q, vf_set1(4.37113900e-8f), r);
    r = vf_fma(q, vf_set1(1.71512449e-15f), r);
    vf s = vf_mul(r, r);
    vf sine = vf_fma(vf_set1(-1.95182860e-4f), s, vf_set1(8.33218917e-3f));
    sine = vf_fma(sine, s, vf_set1(-0.166666552f));
    sine = vf_fma(vf_mul(sine, s), r, r);
    vf cosine = vf_fma(vf_set1(2.44324327e-5f), s, vf_set1(-1.38873095e-3f));
    cosine = vf_fma(cosine, s, vf_set1(4.16666456e-2f));
    cosine = vf_fma(vf_mul(cosine, s), s, vf_fma(s, vf_set1(-0.5f), vf_set1(1.0f)));
    /* Odd quarters swap sine and cosine, every second half turn changes the sign. */
    const vf half = vf_set1(0.5f), zero = vf_set1(0.0f);
    q = vf_add(q, vf_set1(quarters));
    vf turns = vf_floor(vf_mul(q, half)), pairs = vf_floor(vf_mul(turns, half));
    vm even = vf_eq(vf_add(turns, turns), q), plus = vf_eq(vf_add(pairs, pairs), turns);
    vf y = vf_select(even, sine, cosine);
    y = vf_select(plus, y, vf_neg(y));
    return quarters == 0.0f ? vf_select(vf_eq(x, zero), x, y) : y;
}

/* The few arguments that are too large go to libm, one by one. */
TENON__INLINE vf sin_any(vf x, float quarters)
{
    vf y = sin_small(x, quarters);
    vm large = vf_lt(vf_set1(SIN_END), vf_abs(x));
    if (vf_any(large)) {
        float from[VF], to[VF];
        vf_store(from, x);
        vf_store(to, y);
        for (int i = 0; i < VF; i++)
            if (fabsf(from[i]) > SIN_END) to[i] = quarters == 0.0f ? sinf(from[i]) : cosf(from[i]);
        y = vf_load(to);
    }
    return y;
}

/* ---- loops ---- */

/* `expr` is of x. */
#define UNARY(name, expr)                                                                          \
    static void name(void *to, const void *const *from, const int *step, int64_t n,                \
                     const void *params)                                                           \
    {                                                                                              \
        const float *source = from[0];                                                             \
        float *y = to;                                                                             \
        int64_t i = 0;                                                                             \
        (void)step;                                                                                \
        (void)params;                                                                              \
        for (; i + VF <= n; i += VF) {                                                             \
            const vf x = vf_load(source + i);                                                      \
            vf_store(y + i, expr);                                                                 \
        }                                                                                          \
        if (i < n) {                                                                               \
            const vf x = vf_load_n(source + i, n - i, 0.0f);                                       \
            vf_store_n(y + i, expr, n - i);                                                        \
        }                                                                                          \
    }

/* The same, of x and p0, p1, p2. */
#define UNARY_P(name, expr)                                                                        \
    TENON__INLINE vf name##_of(vf x, vf p0, vf p1, vf p2)                                          \
    {                                                                                              \
        (void)p1;                                                                                  \
        (void)p2;                                                                                  \
        return expr;                                                                               \
    }                                                                                              \
    static void name(void *to, const void *const *from, const int *step, int64_t n,                \
                     const void *params)                                                           \
    {                                                                                              \
        const float *source = from[0], *p = params;                                                \
        const vf p0 = vf_set1(p[0]), p1 = vf_set1(p[1]), p2 = vf_set1(p[2]);                       \
        float *y = to;                                                                             \
        int64_t i = 0;                                                                             \
        (void)step;                                                                                \
        for (; i + VF <= n; i += VF)                                                               \
            vf_store(y + i, name##_of(vf_load(source + i), p0, p1, p2));                           \
        if (i < n)                                                                                 \
            vf_store_n(y + i, name##_of(vf_load_n(source + i, n - i, 0.0f), p0, p1, p2), n - i);   \
    }

UNARY(abs_f32, vf_abs(x))
UNARY(ceil_f32, vf_ceil(x))
UNARY(cos_f32, sin_any(x, 1.0f))
UNARY(erf_f32, vf_erf(x))
UNARY(exp_f32, vf_exp(x))
UNARY(floor_f32, vf_floor(x))
UNARY(gelu_f32, gelu(x))
UNARY(gelu_tanh_f32, gelu_tanh(x))
UNARY(hard_swish_f32, hard_swish(x))
UNARY(log_f32, vf_log(x))
UNARY(mish_f32, mish(x))
UNARY(neg_f32, vf_neg(x))
UNARY(reciprocal_f32, vf_div(vf_set1(1.0f), x))
UNARY(relu_f32, at_least(x, vf_set1(0.0f)))
UNARY(round_f32, vf_round(x))
UNARY(sigmoid_f32, vf_sigmoid(x))
UNARY(sign_f32, sign_of(x))
UNARY(sin_f32, sin_any(x, 0.0f))
UNARY(softplus_f32, softplus(x))
UNARY(softsign_f32, vf_div(x, vf_add(vf_set1(1.0f), vf_abs(x))))
UNARY(sqrt_f32, vf_sqrt(x))
UNARY(tanh_f32, vf_tanh(x))
UNARY_P(elu_f32, elu(x, p0, vf_div(vf_set1(1.0f), p1), p2))
UNARY_P(hard_sigmoid_f32, unit(vf_fma(p0, x, p1)))
UNARY_P(leaky_relu_f32, vf_select(vf_lt(x, vf_set1(0.0f)), vf_mul(p0, x), x))
UNARY_P(swish_f32, vf_mul(x, vf_sigmoid(vf_mul(p0, x))))
UNARY_P(thresholded_relu_f32,
        vf_select(vf_lt(p0, x), x, vf_select(vf_unordered(x), x, vf_set1(0.0f))))

/* `expr` is of a and b; for each of the three ways to step a loop of its own. */
#define BINARY(name, expr)                                                                         \
    TENON__INLINE vf name##_of(vf a, vf b)                                                         \
    {                                                                                              \
        return expr;                                                                               \
    }                                                                                              \
    TENON__INLINE void name##_loop(float *y, const float *x0, const float *x1, int step0,          \
                                   int step1, int64_t n)                                           \
    {                                                                                              \
        const vf a0 = vf_set1(*x0), b0 = vf_set1(*x1);                                             \
        int64_t i = 0;                                                                             \
        for (; i + VF <= n; i += VF)                                                               \
            vf_store(y + i,                                                                        \
                     name##_of(step0 ? vf_load(x0 + i) : a0, step1 ? vf_load(x1 + i) : b0));       \
        if (i < n)                                                                                 \
            vf_store_n(y + i,                                                                      \
                       name##_of(step0 ? vf_load_n(x0 + i, n - i, 1.0f) : a0,                      \
                                 step1 ? vf_load_n(x1 + i, n - i, 1.0f) : b0),                     \
                       n - i);                                                                     \
    }                                                                                              \
    static void name(void *y, const void *const *x, const int *step, int64_t n,                    \
                     const void *params)                                                           \
    {                                                                                              \
        (void)params;                                                                              \
        if (n <= 0) return;                                                                        \
        if (step[0] && step[1])                                                                    \
            name##_loop(y, x[0], x[1], 1, 1, n);                                                   \
        else if (step[0])                                                                          \
            name##_loop(y, x[0], x[1], 1, 0, n);                                                   \
        else                                                                                       \
            name##_loop(y, x[0], x[1], 0, 1, n);                                                   \
    }

BINARY(add_f32, vf_add(a, b))
BINARY(sub_f32, vf_sub(a, b))
BINARY(mul_f32, vf_mul(a, b))
BINARY(div_f32, vf_div(a, b))
BINARY(max_f32, larger(a, b))
BINARY(min_f32, smaller(a, b))
BINARY(prelu_f32, vf_select(vf_lt(a, vf_set1(0.0f)), vf_mul(a, b), a))

static void clip_f32(void *to, const void *const *from, const int *step, int64_t n,
                     const void *params)
{
    const float *x = from[0], *low = from[1], *high = from[2];
    float *y = to;
    int64_t i = 0;
    (void)params;
    if (!step[0] || step[1] || step[2]) { /* no operator has limits for each element */
        for (; i < n; i++) {
            float v = x[i * step[0]], l = low[i * step[1]], h = high[i * step[2]];
            v = v < l ? l : v;
            y[i] = v > h ? h : v;
        }
        return;
    }
    const vf l = vf_set1(*low), h = vf_set1(*high);
    for (; i + VF <= n; i += VF)
        vf_store(y + i, at_most(at_least(vf_load(x + i), l), h));
    if (i < n) vf_store_n(y + i, at_most(at_least(vf_load_n(x + i, n - i, 0.0f), l), h), n - i);
}

#define ROW(FORMULA, ns, fn)                                                                       \
    {                                                                                              \
        TENON__F_##FORMULA, TENON_F32, (float)(ns)*4.0f / VF, fn                                   \
    }

/* Costs are those of four lanes. */
static const tenon__eltwise_row rows[] = {
    ROW(ABS, 0.3, abs_f32),
    ROW(CEIL, 0.3, ceil_f32),
    ROW(COS, 2, cos_f32),
    ROW(ELU, 1.5, elu_f32),
    ROW(ERF, 2.5, erf_f32),
    ROW(EXP, 1.2, exp_f32),
    ROW(FLOOR, 0.3, floor_f32),
    ROW(GELU, 2.7, gelu_f32),
    ROW(GELU_TANH, 2.2, gelu_tanh_f32),
    ROW(HARD_SIGMOID, 0.4, hard_sigmoid_f32),
    ROW(HARD_SWISH, 0.4, hard_swish_f32),
    ROW(LEAKY_RELU, 0.3, leaky_relu_f32),
    ROW(LOG, 1.8, log_f32),
    ROW(MISH, 2, mish_f32),
    ROW(NEG, 0.3, neg_f32),
    ROW(RECIPROCAL, 0.8, reciprocal_f32),
    ROW(RELU, 0.3, relu_f32),
    ROW(ROUND, 0.3, round_f32),
    ROW(SIGMOID, 1.8, sigmoid_f32),
    ROW(SIGN, 0.3, sign_f32),
    ROW(SIN, 2, sin_f32),
    ROW(SOFTPLUS, 4, softplus_f32),
    ROW(SOFTSIGN, 0.8, softsign_f32),
    ROW(SQRT, 0.8, sqrt_f32),
    ROW(SWISH, 2, swish_f32),
    ROW(TANH, 2, tanh_f32),
    ROW(THRESHOLDED_RELU, 0.3, thresholded_relu_f32),
    ROW(ADD, 0.4, add_f32),
    ROW(SUB, 0.4, sub_f32),
    ROW(MUL, 0.4, mul_f32),
    ROW(DIV, 0.8, div_f32),
    ROW(MAX, 0.4, max_f32),
    ROW(MIN, 0.4, min_f32),
    ROW(PRELU, 0.4, prelu_f32),
    ROW(CLIP, 0.3, clip_f32),
};

const tenon__eltwise_rows ROWS_NAME = {
    .name = ROWS_TEXT, .needs = ROWS_NEEDS, .rows = rows, .count = sizeof rows / sizeof *rows};
