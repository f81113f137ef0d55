/* SPDX-License-Identifier: Apache-2.0 */
/* The byte matrix product in NEON with dot products: tiles of 12 x 8. */
#include "kernels/qgemm/vi_neon.h"

#define MR           12
#define TILE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#define WIDE         4
#define ROW          tenon__qgemm_neon_dotprod
#define NAME         "qgemm_neon_dotprod_12x8"
#define NEEDS        (TENON__CPU_NEON | TENON__CPU_NEON_DOTPROD)
#define MAC_NS       0.01
#define K_UNIT       4
#define ELEMENT      int8_t
#define A_SHIFT_U8   (-128)
#define A_SHIFT_I8   0
#define B_SHIFT_U8   (-128)

/* Groups keep their bytes in the lanes of sums. */
static inline vi vi_load_groups(const uint8_t *p)
{
    return vreinterpretq_s32_u8(vld1q_u8(p));
}

static inline vi vi_group(const uint8_t *p)
{
    int32_t group;
    memcpy(&group, p, sizeof group);
    return vdupq_n_s32(group);
}

static inline vi vi_dot(vi sum, vi a, vi b)
{
    return vdotq_s32(sum, vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b));
}

#include "kernels/qgemm/qgemm_tmpl.h"
