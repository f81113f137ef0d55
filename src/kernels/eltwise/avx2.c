/* SPDX-License-Identifier: Apache-2.0 */
/* Element-wise formulas with AVX2: eight floats at a time. */
#include "kernels/vec_avx2.h"

typedef __m256 vm;

static inline vm vf_lt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}

static inline vm vf_eq(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}

static inline vm vf_unordered(vf a)
{
    return _mm256_cmp_ps(a, a, _CMP_UNORD_Q);
}

static inline int vf_any(vm m)
{
    return _mm256_movemask_ps(m);
}

static inline vf vf_select(vm m, vf a, vf b)
{
    return _mm256_blendv_ps(b, a, m);
}

static inline vf vf_neg(vf a)
{
    return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f));
}

static inline vf vf_floor(vf a)
{
    return _mm256_floor_ps(a);
}

static inline vf vf_ceil(vf a)
{
    return _mm256_ceil_ps(a);
}

static inline vf vf_round(vf a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vf vf_erf(vf a)
{
    return tenon__erf_x8(a);
}

static inline vf vf_expm1_core(vf r)
{
    return tenon__expm1_core_x8(r);
}

static inline vf vf_exp_reduce(vf x, vf *n)
{
    return tenon__exp_reduce_x8(x, n);
}

static inline vf vf_pow2(vf n)
{
    return tenon__pow2_x8(_mm256_cvtps_epi32(n));
}

#define ROWS_NAME  tenon__eltwise_avx2
#define ROWS_TEXT  "avx2"
#define ROWS_NEEDS TENON__CPU_AVX2
#include "kernels/eltwise/eltwise_tmpl.h"
