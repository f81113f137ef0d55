/* SPDX-License-Identifier: Apache-2.0 */
/* Element-wise kernels: one function over a run of elements for each formula and dtype. */
#ifndef TENON_KERNELS_ELTWISE_ELTWISE_H
#define TENON_KERNELS_ELTWISE_ELTWISE_H

#include <tenon/tensor.h>

#include "cpu/cpu.h"

/* The operands are x, or a and b; p are the parameters. X(NAME, operands, formula). Comparisons,
 * IS_NAN and IS_INF give bool. NaN goes through everything but those. */
#define TENON__FORMULA_MAP(X)                                                                      \
    X(ABS, 1, "|x|")                                                                               \
    X(ACOS, 1, "acos(x)")                                                                          \
    X(ACOSH, 1, "acosh(x)")                                                                        \
    X(ASIN, 1, "asin(x)")                                                                          \
    X(ASINH, 1, "asinh(x)")                                                                        \
    X(ATAN, 1, "atan(x)")                                                                          \
    X(ATANH, 1, "atanh(x)")                                                                        \
    X(BITWISE_NOT, 1, "~x")                                                                        \
    X(CEIL, 1, "ceil(x)")                                                                          \
    X(COS, 1, "cos(x)")                                                                            \
    X(COSH, 1, "cosh(x)")                                                                          \
    X(ELU, 1, "x > 0 ? p2 * x : p0 * (exp(x / p1) - 1)")                                           \
    X(ERF, 1, "erf(x)")                                                                            \
    X(EXP, 1, "exp(x)")                                                                            \
    X(FLOOR, 1, "floor(x)")                                                                        \
    X(GELU, 1, "x / 2 * (1 + erf(x / sqrt 2))")                                                    \
    X(GELU_TANH, 1, "x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))")                       \
    X(HARD_SIGMOID, 1, "max(0, min(1, p0 * x + p1))")                                              \
    X(HARD_SWISH, 1, "x * max(0, min(1, x / 6 + 1 / 2))")                                          \
    X(IS_INF, 1, "x is -inf and p0, or inf and p1")                                                \
    X(IS_NAN, 1, "x is NaN")                                                                       \
    X(LEAKY_RELU, 1, "x < 0 ? p0 * x : x")                                                         \
    X(LOG, 1, "log(x)")                                                                            \
    X(MISH, 1, "x * tanh(log(1 + exp(x)))")                                                        \
    X(NEG, 1, "-x")                                                                                \
    X(NOT, 1, "!x")                                                                                \
    X(RECIPROCAL, 1, "1 / x")                                                                      \
    X(RELU, 1, "max(x, 0)")                                                                        \
    X(ROUND, 1, "nearest integer, halves to even")                                                 \
    X(SCALE, 1, "p0 * x")                                                                          \
    X(SHRINK, 1, "x < -p0 ? x + p1 : x > p0 ? x - p1 : 0")                                         \
    X(SIGMOID, 1, "1 / (1 + exp(-x))")                                                             \
    X(SIGN, 1, "x < 0 ? -1 : x > 0 ? 1 : 0")                                                       \
    X(SIN, 1, "sin(x)")                                                                            \
    X(SINH, 1, "sinh(x)")                                                                          \
    X(SOFTPLUS, 1, "log(1 + exp(x))")                                                              \
    X(SOFTSIGN, 1, "x / (1 + |x|)")                                                                \
    X(SQRT, 1, "sqrt(x)")                                                                          \
    X(SWISH, 1, "x / (1 + exp(-p0 * x))")                                                          \
    X(TAN, 1, "tan(x)")                                                                            \
    X(TANH, 1, "tanh(x)")                                                                          \
    X(THRESHOLDED_RELU, 1, "x > p0 ? x : 0")                                                       \
    X(TO_BF16, 1, "x as bfloat16")                                                                 \
    X(TO_BOOL, 1, "x as bool")                                                                     \
    X(TO_F16, 1, "x as float16")                                                                   \
    X(TO_F32, 1, "x as float32")                                                                   \
    X(TO_I32, 1, "x as int32")                                                                     \
    X(TO_I64, 1, "x as int64")                                                                     \
    X(ADD, 2, "a + b")                                                                             \
    X(AND, 2, "a & b")                                                                             \
    X(DIV, 2, "a / b; integers towards zero, by zero gives 0")                                     \
    X(EQUAL, 2, "a == b")                                                                          \
    X(FMOD, 2, "remainder with the sign of a; integers by zero give 0")                            \
    X(LESS, 2, "a < b")                                                                            \
    X(LESS_EQUAL, 2, "a <= b")                                                                     \
    X(MAX, 2, "the larger")                                                                        \
    X(MIN, 2, "the smaller")                                                                       \
    X(MOD, 2, "remainder with the sign of b; integers by zero give 0")                             \
    X(MUL, 2, "a * b")                                                                             \
    X(OR, 2, "a | b")                                                                              \
    X(POW, 2, "a to the power of b; integers wrap")                                                \
    X(PRELU, 2, "a < 0 ? a * b : a")                                                               \
    X(SHIFT_LEFT, 2, "a << b; 0 where b reaches the bits of a")                                    \
    X(SHIFT_RIGHT, 2, "a >> b; 0 where b reaches the bits of a")                                   \
    X(SUB, 2, "a - b")                                                                             \
    X(XOR, 2, "a ^ b")                                                                             \
    X(CLIP, 3, "min(max(x, low), high)")                                                           \
    X(WHERE, 3, "condition ? a : b")

typedef enum tenon__formula {
#define TENON_X(name, operands, text) TENON__F_##name,
    TENON__FORMULA_MAP(TENON_X)
#undef TENON_X
        TENON__FORMULA_COUNT
} tenon__formula;

#define TENON__FORMULA_OPERANDS   3
#define TENON__FORMULA_PARAMETERS 4

/* y[i] = formula(x[0][i * step[0]], ...) for i in [0, n). A step is 1, or 0 for an operand that
 * stays the same; at least one is 1 where n > 1. y may be one of the operands of step 1 and the
 * same size. Addresses are aligned for their dtype. What comes out for an element does not depend
 * on its place. `p` holds TENON__FORMULA_PARAMETERS floats where the formula has parameters. */
typedef void (*tenon__eltwise_fn)(void *y, const void *const *x, const int *step, int64_t n,
                                  const void *p);

/* Which dtype names a row: the operands' (a, b, x), of WHERE the choices'. Rows of WHERE stand for
 * all dtypes of the same size. */
typedef struct tenon__eltwise_row {
    uint8_t formula, dtype;
    float cost_ns; /* of an element, roughly */
    tenon__eltwise_fn fn;
} tenon__eltwise_row;

typedef struct tenon__eltwise_rows {
    const char *name;
    tenon__cpu_bits needs;
    const tenon__eltwise_row *rows;
    size_t count;
} tenon__eltwise_rows;

/* All tables that are built, best first, terminated by NULL. */
extern const tenon__eltwise_rows *const tenon__eltwise_tables[];

/* The best row that these bits allow, NULL if none at all; *table (may be NULL) says whose. */
const tenon__eltwise_row *tenon__eltwise_find(tenon__cpu_bits cpu, tenon__formula formula,
                                              tenon_dtype dtype, const char **table);
/* Bit d is set where the formula takes dtype d. */
uint32_t tenon__eltwise_dtypes(tenon__formula formula);
const char *tenon__formula_text(tenon__formula formula); /* "add" */
int tenon__formula_operands(tenon__formula formula);
bool tenon__formula_tests(tenon__formula formula); /* gives bool */

#endif
