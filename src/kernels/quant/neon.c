/* SPDX-License-Identifier: Apache-2.0 */
/* Quantising for aarch64: four numbers at a time. */
#include <string.h>

#include "kernels/vec_neon.h"

/* Four bytes in the low half. */
static inline uint8x8_t load4(const void *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return vreinterpret_u8_u32(vdup_n_u32(word));
}

static inline void store4(void *p, uint8x8_t v)
{
    uint32_t word = vget_lane_u32(vreinterpret_u32_u8(v), 0);
    memcpy(p, &word, sizeof word);
}

static inline vf load_u8(const uint8_t *p)
{
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(load4(p)))));
}

static inline vf load_i8(const int8_t *p)
{
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u8(load4(p))))));
}

static inline void store_u8(uint8_t *p, vf v)
{
    uint16x4_t w = vmovn_u32(vcvtq_u32_f32(v));
    store4(p, vmovn_u16(vcombine_u16(w, w)));
}

static inline void store_i8(int8_t *p, vf v)
{
    int16x4_t w = vmovn_s32(vcvtq_s32_f32(v));
    store4(p, vreinterpret_u8_s8(vmovn_s16(vcombine_s16(w, w))));
}

static inline vf vf_round(vf a)
{
    return vrndnq_f32(a);
}

static inline vf vf_above(vf v, vf limit)
{
    return vbslq_f32(vcgtq_f32(v, limit), v, limit);
}

static inline vf vf_below(vf v, vf limit)
{
    return vbslq_f32(vcltq_f32(v, limit), v, limit);
}

#define ROW_NAME  tenon__quant_neon
#define ROW_TEXT  "neon"
#define ROW_NEEDS TENON__CPU_NEON
#include "kernels/quant/quant_tmpl.h"
