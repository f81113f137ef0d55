/* SPDX-License-Identifier: Apache-2.0 */
/* Element-wise formulas for aarch64: four floats at a time. */
#include "kernels/vec_neon.h"

typedef uint32x4_t vm;

static inline vm vf_lt(vf a, vf b)
{
    return vcltq_f32(a, b);
}

static inline vm vf_eq(vf a, vf b)
{
    return vceqq_f32(a, b);
}

static inline vm vf_unordered(vf a)
{
    return vmvnq_u32(vceqq_f32(a, a));
}

static inline uint32_t vf_any(vm m)
{
    return vmaxvq_u32(m);
}

static inline vf vf_select(vm m, vf a, vf b)
{
    return vbslq_f32(m, a, b);
}

static inline vf vf_neg(vf a)
{
    return vnegq_f32(a);
}

static inline vf vf_floor(vf a)
{
    return vrndmq_f32(a);
}

static inline vf vf_ceil(vf a)
{
    return vrndpq_f32(a);
}

static inline vf vf_round(vf a)
{
    return vrndnq_f32(a);
}

static inline vf vf_erf(vf a)
{
    return tenon__erf_x4(a);
}

static inline vf vf_expm1_core(vf r)
{
    return tenon__expm1_core_x4(r);
}

static inline vf vf_exp_reduce(vf x, vf *n)
{
    return tenon__exp_reduce_x4(x, n);
}

static inline vf vf_pow2(vf n)
{
    return tenon__pow2_x4(vcvtq_s32_f32(n));
}

#define ROWS_NAME  tenon__eltwise_neon
#define ROWS_TEXT  "neon"
#define ROWS_NEEDS TENON__CPU_NEON
#include "kernels/eltwise/eltwise_tmpl.h"
