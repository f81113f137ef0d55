/* SPDX-License-Identifier: Apache-2.0 */
/* What a matrix product or a convolution does to a sum before it stores it: bias, residual,
 * activation, in this order. Here the description and its plain form; epilogue_avx512.h and its
 * siblings hold the same over vectors. */
#ifndef TENON_KERNELS_EPILOGUE_H
#define TENON_KERNELS_EPILOGUE_H

#include <math.h>

/* NaN goes through all of them. */
typedef enum tenon__activation {
    TENON__ACT_NONE,
    TENON__ACT_CLIP,    /* min(max(v, alpha), beta); Relu is alpha 0, beta inf */
    TENON__ACT_LEAKY,   /* v < 0 ? alpha * v : v */
    TENON__ACT_SIGMOID, /* 1 / (1 + exp(-v)) */
    TENON__ACT_TANH,
    TENON__ACT_HARDSWISH, /* v * min(max(alpha * v + beta, 0), 1); ONNX: alpha 1/6, beta 1/2 */
    TENON__ACT_SILU,      /* v / (1 + exp(-v)) */
    TENON__ACT_GELU,      /* v / 2 * (1 + erf(v / sqrt 2)) */
    TENON__ACT_GELU_TANH, /* v / 2 * (1 + tanh(sqrt(2 / pi) * (v + 0.044715 v^3))) */
} tenon__activation;

typedef struct tenon__epilogue {
    const float *bias; /* one per output channel (which index that is, the kernel says), or NULL */
    const float *residual; /* as large as the output and addressed like it, or NULL */
    tenon__activation kind;
    float alpha, beta; /* of the activation */
} tenon__epilogue;

#define TENON__SQRT_HALF      0.70710678f
#define TENON__SQRT_2_OVER_PI 0.79788456f
#define TENON__GELU_CUBIC     0.044715f

static inline float tenon__activate(const tenon__epilogue *e, float v)
{
    switch (e->kind) {
    case TENON__ACT_NONE:
        return v;
    case TENON__ACT_CLIP:
        v = v < e->alpha ? e->alpha : v;
        return v > e->beta ? e->beta : v;
    case TENON__ACT_LEAKY:
        return v < 0 ? e->alpha * v : v;
    case TENON__ACT_SIGMOID:
        return 1.0f / (1.0f + expf(-v));
    case TENON__ACT_TANH:
        return tanhf(v);
    case TENON__ACT_HARDSWISH: {
        float gate = e->alpha * v + e->beta;
        gate = gate < 0 ? 0 : gate > 1 ? 1 : gate;
        return v * gate;
    }
    case TENON__ACT_SILU:
        return v / (1.0f + expf(-v));
    case TENON__ACT_GELU:
        return 0.5f * v * (1.0f + erff(v * TENON__SQRT_HALF));
    case TENON__ACT_GELU_TANH:
        return 0.5f * v *
               (1.0f + tanhf(TENON__SQRT_2_OVER_PI * (v + TENON__GELU_CUBIC * v * v * v)));
    }
    return v;
}

#endif
