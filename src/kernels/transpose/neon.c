/* SPDX-License-Identifier: Apache-2.0 */
/* Transposing with NEON: squares of 8 x 8 bytes and halves, 4 x 4 words, 2 x 2 quads. */
#include <arm_neon.h>

#include "kernels/transpose/transpose_tmpl.h"

static inline uint16x8_t load16(const uint8_t *p)
{
    return vreinterpretq_u16_u8(vld1q_u8(p));
}

static inline void store16(uint8_t *p, uint16x8_t v)
{
    vst1q_u8(p, vreinterpretq_u8_u16(v));
}

static inline void square1(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds)
{
    uint8x8_t a[8], b[8];
    for (int i = 0; i < 8; i++)
        a[i] = vld1_u8(s + i * ss);
    for (int i = 0; i < 4; i++) { /* row pairs (i, i + 4) interleaved, three times over */
        b[2 * i] = vzip1_u8(a[i], a[i + 4]);
        b[2 * i + 1] = vzip2_u8(a[i], a[i + 4]);
    }
    for (int i = 0; i < 4; i++) {
        a[2 * i] = vzip1_u8(b[i], b[i + 4]);
        a[2 * i + 1] = vzip2_u8(b[i], b[i + 4]);
    }
    for (int i = 0; i < 4; i++) {
        vst1_u8(d + (2 * i) * ds, vzip1_u8(a[i], a[i + 4]));
        vst1_u8(d + (2 * i + 1) * ds, vzip2_u8(a[i], a[i + 4]));
    }
}

static inline void square2(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds)
{
    uint16x8_t a[8], b[8];
    for (int i = 0; i < 8; i++)
        a[i] = load16(s + i * ss);
    for (int i = 0; i < 4; i++) {
        b[2 * i] = vzip1q_u16(a[i], a[i + 4]);
        b[2 * i + 1] = vzip2q_u16(a[i], a[i + 4]);
    }
    for (int i = 0; i < 4; i++) {
        a[2 * i] = vzip1q_u16(b[i], b[i + 4]);
        a[2 * i + 1] = vzip2q_u16(b[i], b[i + 4]);
    }
    for (int i = 0; i < 4; i++) {
        store16(d + (2 * i) * ds, vzip1q_u16(a[i], a[i + 4]));
        store16(d + (2 * i + 1) * ds, vzip2q_u16(a[i], a[i + 4]));
    }
}

static inline void square4(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds)
{
    uint32x4_t a[4], b[4];
    for (int i = 0; i < 4; i++)
        a[i] = vreinterpretq_u32_u16(load16(s + i * ss));
    for (int i = 0; i < 2; i++) {
        b[2 * i] = vzip1q_u32(a[i], a[i + 2]);
        b[2 * i + 1] = vzip2q_u32(a[i], a[i + 2]);
    }
    for (int i = 0; i < 2; i++) {
        store16(d + (2 * i) * ds, vreinterpretq_u16_u32(vzip1q_u32(b[i], b[i + 2])));
        store16(d + (2 * i + 1) * ds, vreinterpretq_u16_u32(vzip2q_u32(b[i], b[i + 2])));
    }
}

static inline void square8(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds)
{
    const uint64x2_t a = vreinterpretq_u64_u16(load16(s));
    const uint64x2_t b = vreinterpretq_u64_u16(load16(s + ss));
    store16(d, vreinterpretq_u16_u64(vzip1q_u64(a, b)));
    store16(d + ds, vreinterpretq_u16_u64(vzip2q_u64(a, b)));
}

TENON__TRANSPOSE_BLOCKED(whole1, square1, 8, plain1, 1)
TENON__TRANSPOSE_BLOCKED(whole2, square2, 8, plain2, 2)
TENON__TRANSPOSE_BLOCKED(whole4, square4, 4, plain4, 4)
TENON__TRANSPOSE_BLOCKED(whole8, square8, 2, plain8, 8)
TENON__TRANSPOSE_WHOLE(whole16, plain16)

extern const tenon__transpose_row tenon__transpose_neon;
const tenon__transpose_row tenon__transpose_neon = {
    "neon", TENON__CPU_NEON, {whole1, whole2, whole4, whole8, whole16}};
