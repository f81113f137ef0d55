/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions for aarch64. */
#include <string.h>

#include "kernels/vec_neon.h"

static inline vf half_load(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

static inline void half_store(uint16_t *p, vf v)
{
    vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(v)));
}

static inline vf brain_load(const uint16_t *p)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}

static inline void brain_store(uint16_t *p, vf v)
{
    uint32x4_t u = vreinterpretq_u32_f32(v), odd = vandq_u32(vshrq_n_u32(u, 16), vdupq_n_u32(1));
    uint32x4_t near = vaddq_u32(u, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
    near = vbslq_u32(vceqq_f32(v, v), near, vorrq_u32(u, vdupq_n_u32(0x400000)));
    vst1_u16(p, vshrn_n_u32(near, 16));
}

/* Four bytes in the low half. */
static inline uint8x8_t load4(const void *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return vreinterpret_u8_u32(vdup_n_u32(word));
}

static inline vf byte_load(const uint8_t *p)
{
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(load4(p)))));
}

static inline vf signed_load(const int8_t *p)
{
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u8(load4(p))))));
}

static inline vf whole_load(const int32_t *p)
{
    return vcvtq_f32_s32(vld1q_s32(p));
}

static inline int whole_store(int32_t *p, vf v)
{
    uint32x4_t fits =
        vandq_u32(vcgeq_f32(v, vdupq_n_f32(-0x1p31f)), vcltq_f32(v, vdupq_n_f32(0x1p31f)));
    if (vminvq_u32(fits) == 0) return 0;
    vst1q_s32(p, vcvtq_s32_f32(v));
    return 1;
}

#define ROWS_NAME  tenon__eltwise_cast_neon
#define ROWS_TEXT  "neon"
#define ROWS_NEEDS TENON__CPU_NEON
#include "kernels/eltwise/cast_tmpl.h"
