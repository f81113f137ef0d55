/* SPDX-License-Identifier: Apache-2.0 */
/* The activations of epilogue.h over four floats. For files built with NEON only. */
#ifndef TENON_KERNELS_EPILOGUE_NEON_H
#define TENON_KERNELS_EPILOGUE_NEON_H

#include "kernels/epilogue.h"
#include "kernels/vmath_neon.h"

static inline float32x4_t tenon__clip_x4(float32x4_t v, float32x4_t low, float32x4_t high)
{
    return vminq_f32(high, vmaxq_f32(low, v));
}

static inline float32x4_t tenon__leaky_x4(float32x4_t v, float32x4_t slope)
{
    return vbslq_f32(vcltzq_f32(v), vmulq_f32(v, slope), v);
}

static inline float32x4_t tenon__hardswish_x4(float32x4_t v, float32x4_t alpha, float32x4_t beta)
{
    float32x4_t gate = vaddq_f32(vmulq_f32(v, alpha), beta);
    gate = tenon__clip_x4(gate, vdupq_n_f32(0.0f), vdupq_n_f32(1.0f));
    return vmulq_f32(v, gate);
}

static inline float32x4_t tenon__silu_x4(float32x4_t v)
{
    return vmulq_f32(v, tenon__sigmoid_x4(v));
}

static inline float32x4_t tenon__gelu_x4(float32x4_t v)
{
    float32x4_t half = vmulq_f32(v, vdupq_n_f32(0.5f));
    float32x4_t e = tenon__erf_x4(vmulq_f32(v, vdupq_n_f32(TENON__SQRT_HALF)));
    return vfmaq_f32(half, half, e);
}

static inline float32x4_t tenon__gelu_tanh_x4(float32x4_t v)
{
    float32x4_t half = vmulq_f32(v, vdupq_n_f32(0.5f));
    float32x4_t cube = vmulq_f32(vmulq_f32(v, v), v);
    float32x4_t t = vfmaq_f32(v, vdupq_n_f32(TENON__GELU_CUBIC), cube);
    t = tenon__tanh_x4(vmulq_f32(t, vdupq_n_f32(TENON__SQRT_2_OVER_PI)));
    return vfmaq_f32(half, half, t);
}

/* Any of them. The kind is the same over a whole tensor, so the branch is foretold. */
static inline float32x4_t tenon__activate_x4(const tenon__epilogue *e, float32x4_t v)
{
    switch (e->kind) {
    case TENON__ACT_NONE:
        return v;
    case TENON__ACT_CLIP:
        return tenon__clip_x4(v, vdupq_n_f32(e->alpha), vdupq_n_f32(e->beta));
    case TENON__ACT_LEAKY:
        return tenon__leaky_x4(v, vdupq_n_f32(e->alpha));
    case TENON__ACT_SIGMOID:
        return tenon__sigmoid_x4(v);
    case TENON__ACT_TANH:
        return tenon__tanh_x4(v);
    case TENON__ACT_HARDSWISH:
        return tenon__hardswish_x4(v, vdupq_n_f32(e->alpha), vdupq_n_f32(e->beta));
    case TENON__ACT_SILU:
        return tenon__silu_x4(v);
    case TENON__ACT_GELU:
        return tenon__gelu_x4(v);
    case TENON__ACT_GELU_TANH:
        return tenon__gelu_tanh_x4(v);
    }
    return v;
}

#endif
