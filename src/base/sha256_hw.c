/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by the instructions of x86 (SHA-NI) and aarch64 (SHA2). The base layer knows no CPU mask,
 * and every path gives the same digest, so the choice is made here. */
#include "base/sha256_hw.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

/* Four rounds: the state in two registers ABEF and CDGH, and four words of the message schedule
 * plus constants. */
#define ROUNDS(i, w)                                                                               \
    do {                                                                                           \
        __m128i m = _mm_add_epi32(w, _mm_loadu_si128((const __m128i *)(tenon__sha256_k + (i))));   \
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, m);                                               \
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(m, 0x0E));                      \
    } while (0)

__attribute__((target("sha,sse4.1,ssse3"))) static void compress(uint32_t state[8],
                                                                 const uint8_t *data, size_t blocks)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i dcba = _mm_loadu_si128((const __m128i *)state);
    __m128i hgfe = _mm_loadu_si128((const __m128i *)(state + 4));
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);

    for (; blocks; blocks--, data += 64) {
        __m128i abef0 = abef, cdgh0 = cdgh, w[4];
        for (int i = 0; i < 4; i++) {
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * i)), swap);
            ROUNDS(4 * i, w[i]);
        }
        for (int i = 4; i < 16; i++) {
            /* w[i] from the four quads before it. */
            __m128i near = w[(i + 3) & 3];
            __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]),
                                        _mm_alignr_epi8(near, w[(i + 2) & 3], 4));
            w[i & 3] = _mm_sha256msg2_epu32(sum, near);
            ROUNDS(4 * i, w[i & 3]);
        }
        abef = _mm_add_epi32(abef, abef0);
        cdgh = _mm_add_epi32(cdgh, cdgh0);
    }
    __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

tenon__sha256_compress tenon__sha256_hw(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) || !(c & bit_SSSE3)) return NULL;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_SHA)) return NULL;
    return compress;
}

#elif defined(__aarch64__)

#if defined(__clang__)
#define __ARM_FEATURE_SHA2 1
#define TARGET_SHA2        __attribute__((target("sha2")))
#else
#define TARGET_SHA2 __attribute__((target("+crypto")))
#endif
#include <arm_neon.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

TARGET_SHA2 static void compress(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
    for (; blocks; blocks--, data += 64) {
        uint32x4_t abcd0 = abcd, efgh0 = efgh, w[4];
        for (int i = 0; i < 16; i++) {
            uint32x4_t *now = &w[i & 3];
            if (i < 4)
                *now = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
            else
                *now = vsha256su1q_u32(vsha256su0q_u32(*now, w[(i + 1) & 3]), w[(i + 2) & 3],
                                       w[(i + 3) & 3]);
            uint32x4_t m = vaddq_u32(*now, vld1q_u32(tenon__sha256_k + 4 * i)), before = abcd;
            abcd = vsha256hq_u32(abcd, efgh, m);
            efgh = vsha256h2q_u32(efgh, before, m);
        }
        abcd = vaddq_u32(abcd, abcd0);
        efgh = vaddq_u32(efgh, efgh0);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

tenon__sha256_compress tenon__sha256_hw(void)
{
    return getauxval(AT_HWCAP) & HWCAP_SHA2 ? compress : NULL;
}

#else

tenon__sha256_compress tenon__sha256_hw(void)
{
    return NULL;
}

#endif
