/* SPDX-License-Identifier: Apache-2.0 */
/* Elementary functions of f32 lanes: the constants and the contract that vmath_avx512.h,
 * vmath_avx2.h and vmath_neon.h share. Each of those defines, as static inline functions over its
 * vector type (x16, x8, x4):
 *
 *   tenon__exp     max 2 ulp; overflow gives inf, underflow goes through the denormals to 0
 *   tenon__log     max 2 ulp; 0 gives -inf, below 0 NaN
 *   tenon__tanh    max 3 ulp, odd, exact at 0 and -0
 *   tenon__sigmoid max 3 ulp, 1 / (1 + exp(-x)) without loss at either end
 *   tenon__erf     max 3 ulp, odd, exact at 0 and -0
 *
 * NaN gives NaN, infinities their limits. The polynomials are minimax fits, made by Lawson's
 * iteration, of relative error below 2^-25. */
#ifndef TENON_KERNELS_VMATH_H
#define TENON_KERNELS_VMATH_H

#define TENON__LOG2E 1.44269502f
/* ln 2 in two parts; the first has 9 low bits of zero, so that n * hi is exact for every exponent
 * n. */
#define TENON__LN2_HI 0.693145752f
#define TENON__LN2_LO 1.42860677e-6f

/* exp(x) - 1 = x + x^2 * P(x) for |x| <= ln 2 / 2. */
#define TENON__EXP_C0 0.49999997f
#define TENON__EXP_C1 0.16666543f
#define TENON__EXP_C2 0.0416672006f
#define TENON__EXP_C3 0.0083665960f
#define TENON__EXP_C4 0.00138825073f
/* Where exp is 0 resp. inf beyond doubt; arguments are clamped to these. */
#define TENON__EXP_MIN (-105.0f)
#define TENON__EXP_MAX 89.0f

/* log(1 + x) = x - x^2 / 2 + x^3 * P(x) for 1 + x in [sqrt 1/2, sqrt 2]. */
#define TENON__LOG_C0 0.333333313f
#define TENON__LOG_C1 (-0.250008225f)
#define TENON__LOG_C2 0.200012341f
#define TENON__LOG_C3 (-0.166232988f)
#define TENON__LOG_C4 0.142015532f
#define TENON__LOG_C5 (-0.131605819f)
#define TENON__LOG_C6 0.127633274f
#define TENON__LOG_C7 (-0.0763565600f)

/* erf(x) = x * P(x^2) below the split, 1 - exp(x * Q(x)) above; past the end it rounds to 1. */
#define TENON__ERF_SPLIT 0.921875f
#define TENON__ERF_END   4.0f
#define TENON__ERF_P0    1.12837923f
#define TENON__ERF_P1    (-0.376126349f)
#define TENON__ERF_P2    0.112836957f
#define TENON__ERF_P3    (-0.0268593989f)
#define TENON__ERF_P4    0.00520103239f
#define TENON__ERF_P5    (-0.000814270403f)
#define TENON__ERF_P6    0.0000837010011f
#define TENON__ERF_Q0    (-1.12851381f)
#define TENON__ERF_Q1    (-0.635720253f)
#define TENON__ERF_Q2    (-0.105259269f)
#define TENON__ERF_Q3    0.0228883196f
#define TENON__ERF_Q4    (-0.0032144438f)
#define TENON__ERF_Q5    0.000213922976f

#endif
