/* SPDX-License-Identifier: Apache-2.0 */
/* The byte matrix product in NEON: tiles of 12 x 8. */
#include "kernels/qgemm/vi_neon.h"

#define MR           12
#define TILE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#define WIDE         4
#define ROW          tenon__qgemm_neon
#define NAME         "qgemm_neon_12x8"
#define NEEDS        TENON__CPU_NEON
#define MAC_NS       0.03
#define K_UNIT       2
#define ELEMENT      int8_t
#define A_SHIFT_U8   (-128)
#define A_SHIFT_I8   0
#define B_SHIFT_U8   (-128)

/* Groups keep their bytes in the low half of a vector. */
static inline vi vi_load_groups(const uint8_t *p)
{
    const uint8x8_t bytes = vld1_u8(p);
    return vreinterpretq_s32_u8(vcombine_u8(bytes, bytes));
}

static inline vi vi_group(const uint8_t *p)
{
    int16_t group;
    memcpy(&group, p, sizeof group);
    return vreinterpretq_s32_s16(vdupq_n_s16(group));
}

/* Products of two bytes fit 16 bits; pairs of them are added in 32. */
static inline vi vi_dot(vi sum, vi a, vi b)
{
    const int8x8_t x = vget_low_s8(vreinterpretq_s8_s32(a)),
                   y = vget_low_s8(vreinterpretq_s8_s32(b));
    return vpadalq_s16(sum, vmull_s8(x, y));
}

#include "kernels/qgemm/qgemm_tmpl.h"
