/* SPDX-License-Identifier: Apache-2.0 */
/* Element-wise formulas with AVX-512: sixteen floats at a time. */
#include "kernels/vec_avx512.h"

typedef __mmask16 vm;

static inline vm vf_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

static inline vm vf_eq(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}

static inline vm vf_unordered(vf a)
{
    return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
}

static inline int vf_any(vm m)
{
    return m != 0;
}

static inline vf vf_select(vm m, vf a, vf b)
{
    return _mm512_mask_mov_ps(b, m, a);
}

static inline vf vf_neg(vf a)
{
    return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f));
}

static inline vf vf_floor(vf a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

static inline vf vf_ceil(vf a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}

static inline vf vf_round(vf a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vf vf_erf(vf a)
{
    return tenon__erf_x16(a);
}

static inline vf vf_expm1_core(vf r)
{
    return tenon__expm1_core_x16(r);
}

static inline vf vf_exp_reduce(vf x, vf *n)
{
    return tenon__exp_reduce_x16(x, n);
}

static inline vf vf_pow2(vf n)
{
    return _mm512_scalef_ps(_mm512_set1_ps(1.0f), n);
}

#define ROWS_NAME  tenon__eltwise_avx512
#define ROWS_TEXT  "avx512"
#define ROWS_NEEDS TENON__CPU_AVX512
#include "kernels/eltwise/eltwise_tmpl.h"
