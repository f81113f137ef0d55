/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products for the operators' references: real numbers in double, integers modulo 2^64. */
#ifndef TENON_OPKIT_MATMUL_REF_H
#define TENON_OPKIT_MATMUL_REF_H

#include "tensor/convert.h"

typedef struct number {
    double real;
    uint64_t whole;
} number;

static inline bool number_is_real(tenon_dtype dtype)
{
    return dtype == TENON_F32 || dtype == TENON_F64;
}

static inline number number_get(const tenon__view *v, int64_t at)
{
    number n = {0};
    if (number_is_real(v->dtype))
        n.real = tenon__get_f64(v->dtype, v->data, (size_t)at);
    else
        n.whole = (uint64_t)tenon__get_i64(v->dtype, v->data, (size_t)at);
    return n;
}

static inline void number_set(const tenon__view *v, int64_t at, number n)
{
    const float f = (float)n.real;
    const uint32_t u = (uint32_t)n.whole;
    uint8_t *to = (uint8_t *)v->data + at * (tenon_dtype_bits(v->dtype) / 8);
    if (v->dtype == TENON_F32)
        memcpy(to, &f, sizeof f);
    else if (v->dtype == TENON_F64)
        memcpy(to, &n.real, sizeof n.real);
    else if (v->dtype == TENON_I32 || v->dtype == TENON_U32)
        memcpy(to, &u, sizeof u);
    else
        memcpy(to, &n.whole, sizeof n.whole);
}

/* Sum over p < k of a[a_at + p * a_step] * b[b_at + p * b_step]. */
static inline number matmul_ref(const tenon__view *a, int64_t a_at, int64_t a_step,
                                const tenon__view *b, int64_t b_at, int64_t b_step, int64_t k)
{
    number sum = {0};
    for (int64_t p = 0; p < k; p++) {
        const number x = number_get(a, a_at + p * a_step), y = number_get(b, b_at + p * b_step);
        sum.real += x.real * y.real;
        sum.whole += x.whole * y.whole;
    }
    return sum;
}

#endif
