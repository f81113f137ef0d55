/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions in plain C: the f32 row that is the specification, and all other dtypes. Floats are
 * summed in double, integers modulo 2^bits. */
#include "kernels/reduce/reduce.h"

#include <math.h>
#include <stdbool.h>

#define IS_NAN(x)       ((x) != (x))
#define STEP_SUM        s += (S)v
#define STEP_SUM_ABS    s += (S)(v < 0 ? (S)0 - (S)v : (S)v)
#define STEP_SUM_SQUARE s += (S)v * (S)v
#define STEP_SUM_EXP    s += exp((double)v - (double)shift)
#define STEP_PROD       s *= (S)v
#define STEP_MAX        s = IS_NAN(s) || s > v ? s : v
#define STEP_MIN        s = IS_NAN(s) || s < v ? s : v

/* T: the elements; S: what a sum is kept in; A: of acc and shift. */
#define REDUCE(tag, T, SUM_TYPE, A, NAME, STEP)                                                    \
    static void row_##tag##_##NAME(const void *xv, int64_t n, const void *shiftv, void *accv)      \
    {                                                                                              \
        typedef SUM_TYPE S;                                                                        \
        const T *x = xv;                                                                           \
        const A shift = shiftv ? *(const A *)shiftv : (A)0;                                        \
        S s = (S) * (A *)accv;                                                                     \
        (void)shift;                                                                               \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T v = x[i];                                                                      \
            STEP;                                                                                  \
        }                                                                                          \
        *(A *)accv = (A)s;                                                                         \
    }                                                                                              \
                                                                                                   \
    static void cols_##tag##_##NAME(const void *xv, int64_t rows, int64_t stride, int64_t n,       \
                                    const void *shiftv, void *accv)                                \
    {                                                                                              \
        typedef SUM_TYPE S;                                                                        \
        const T *x = xv;                                                                           \
        A *acc = accv;                                                                             \
        for (int64_t j = 0; j < n; j++) {                                                          \
            const A shift = shiftv ? ((const A *)shiftv)[j] : (A)0;                                \
            S s = (S)acc[j];                                                                       \
            (void)shift;                                                                           \
            for (int64_t i = 0; i < rows; i++) {                                                   \
                const T v = x[i * stride + j];                                                     \
                STEP;                                                                              \
            }                                                                                      \
            acc[j] = (A)s;                                                                         \
        }                                                                                          \
    }

#define REDUCE_SUMS(tag, T, S, E)                                                                  \
    REDUCE(tag, T, S, T, sum, STEP_SUM)                                                            \
    REDUCE(tag, T, S, T, sum_square, STEP_SUM_SQUARE)                                              \
    REDUCE(tag, T, double, E, sum_exp, STEP_SUM_EXP)                                               \
    REDUCE(tag, T, S, T, prod, STEP_PROD)

#define REDUCE_ORDER(tag, T)                                                                       \
    REDUCE(tag, T, T, T, max, STEP_MAX)                                                            \
    REDUCE(tag, T, T, T, min, STEP_MIN)

REDUCE_SUMS(f32, float, double, float)
REDUCE_SUMS(f64, double, double, double)
REDUCE_SUMS(i32, int32_t, uint32_t, double)
REDUCE_SUMS(i64, int64_t, uint64_t, double)
REDUCE_SUMS(u32, uint32_t, uint32_t, double)
REDUCE_SUMS(u64, uint64_t, uint64_t, double)
REDUCE(f32, float, double, float, sum_abs, STEP_SUM_ABS)
REDUCE(f64, double, double, double, sum_abs, STEP_SUM_ABS)
REDUCE(i32, int32_t, uint32_t, int32_t, sum_abs, STEP_SUM_ABS)
REDUCE(i64, int64_t, uint64_t, int64_t, sum_abs, STEP_SUM_ABS)
REDUCE_ORDER(f32, float)
REDUCE_ORDER(f64, double)
REDUCE_ORDER(i32, int32_t)
REDUCE_ORDER(i64, int64_t)
REDUCE_ORDER(u32, uint32_t)
REDUCE_ORDER(u64, uint64_t)
REDUCE_ORDER(i8, int8_t)
REDUCE_ORDER(u8, uint8_t)

#define KERNEL(tag, NAME)                                                                          \
    {                                                                                              \
        row_##tag##_##NAME, cols_##tag##_##NAME                                                    \
    }
#define ORDER_KERNELS(tag)                                                                         \
    [TENON__REDUCE_MAX] = KERNEL(tag, max), [TENON__REDUCE_MIN] = KERNEL(tag, min)
/* ABS: `sum` for unsigned numbers. */
#define SUM_KERNELS(tag, ABS)                                                                      \
    [TENON__REDUCE_SUM] = KERNEL(tag, sum), [TENON__REDUCE_SUM_ABS] = KERNEL(tag, ABS),            \
    [TENON__REDUCE_SUM_SQUARE] = KERNEL(tag, sum_square),                                          \
    [TENON__REDUCE_SUM_EXP] = KERNEL(tag, sum_exp), [TENON__REDUCE_PROD] = KERNEL(tag, prod)

extern const tenon__reduce_row tenon__reduce_ref;
const tenon__reduce_row tenon__reduce_ref = {
    "reduce-ref", 0, {SUM_KERNELS(f32, sum_abs), ORDER_KERNELS(f32)}};

static const tenon__reduce_kernel plain[TENON_DTYPE_COUNT][TENON__REDUCTION_COUNT] = {
    [TENON_F64] = {SUM_KERNELS(f64, sum_abs), ORDER_KERNELS(f64)},
    [TENON_I32] = {SUM_KERNELS(i32, sum_abs), ORDER_KERNELS(i32)},
    [TENON_I64] = {SUM_KERNELS(i64, sum_abs), ORDER_KERNELS(i64)},
    [TENON_U32] = {SUM_KERNELS(u32, sum), ORDER_KERNELS(u32)},
    [TENON_U64] = {SUM_KERNELS(u64, sum), ORDER_KERNELS(u64)},
    [TENON_I8] = {ORDER_KERNELS(i8)},
    [TENON_U8] = {ORDER_KERNELS(u8)},
    [TENON_BOOL] = {ORDER_KERNELS(u8)},
};

const tenon__reduce_kernel *tenon__reduce_plain(tenon_dtype dtype, tenon__reduction reduction)
{
    if ((unsigned)dtype >= TENON_DTYPE_COUNT) return NULL;
    const tenon__reduce_kernel *k = &plain[dtype][reduction];
    return k->row ? k : NULL;
}

tenon_dtype tenon__reduce_acc_dtype(tenon_dtype dtype, tenon__reduction reduction)
{
    bool real = dtype == TENON_F32 || dtype == TENON_F64;
    return reduction == TENON__REDUCE_SUM_EXP && !real ? TENON_F64 : dtype;
}

#define START(T, zero, one, least, most)                                                           \
    do {                                                                                           \
        T *to = acc;                                                                               \
        const T value = reduction == TENON__REDUCE_PROD  ? (T)(one)                                \
                        : reduction == TENON__REDUCE_MAX ? (T)(least)                              \
                        : reduction == TENON__REDUCE_MIN ? (T)(most)                               \
                                                         : (T)(zero);                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            to[i] = value;                                                                         \
    } while (0)

void tenon__reduce_start(tenon_dtype acc_dtype, tenon__reduction reduction, void *acc, int64_t n)
{
    switch (acc_dtype) {
    case TENON_F32:
        START(float, 0, 1, -INFINITY, INFINITY);
        break;
    case TENON_F64:
        START(double, 0, 1, -INFINITY, INFINITY);
        break;
    case TENON_I32:
        START(int32_t, 0, 1, INT32_MIN, INT32_MAX);
        break;
    case TENON_I64:
        START(int64_t, 0, 1, INT64_MIN, INT64_MAX);
        break;
    case TENON_U32:
        START(uint32_t, 0, 1, 0, UINT32_MAX);
        break;
    case TENON_U64:
        START(uint64_t, 0, 1, 0, UINT64_MAX);
        break;
    case TENON_I8:
        START(int8_t, 0, 1, INT8_MIN, INT8_MAX);
        break;
    case TENON_U8:
        START(uint8_t, 0, 1, 0, UINT8_MAX);
        break;
    case TENON_BOOL:
        START(uint8_t, 0, 1, 0, 1);
        break;
    default:
        break;
    }
}
