/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes, channels last, over vectors of 32 bytes. The including file
 * defines
 *
 *   TAPS, ELEMENT      bytes of so many taps meet in a lane; the type of packed weights
 *   add_taps(acc, x, w)   adds TAPS vectors of 32 channels, times weights, to four vectors of sums
 *   ROW, NAME, NEEDS
 *
 * Bytes are unpacked within halves of a vector: sums v hold channels 4 v to 4 v + 3 of both halves,
 * and packing them at the end puts them in order again. */
#include <immintrin.h>
#include <string.h>

#include "kernels/qconv/qconv.h"
#include "kernels/unroll.h"

enum { BLOCK = 32, SUMS = 4 };

static const uint8_t order[BLOCK] = {0, 1, 2,  3,  16, 17, 18, 19, 4,  5,  6,  7,  20, 21, 22, 23,
                                     8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31};

/* The first n bytes; others are not touched. */
static inline __m256i load_some(const uint8_t *p, int n)
{
    uint8_t bytes[BLOCK] = {0};
    memcpy(bytes, p, (size_t)n);
    return _mm256_loadu_si256((const __m256i *)(const void *)bytes);
}

static inline void store_some(uint8_t *p, __m256i v, int n)
{
    uint8_t bytes[BLOCK];
    _mm256_storeu_si256((__m256i *)(void *)bytes, v);
    memcpy(p, bytes, (size_t)n);
}

/* 32 numbers of 32 bits in the order of sums. */
TENON__INLINE void in_order(const void *from, __m256i *v)
{
    const __m256i *at = from;
    const __m256i a = _mm256_loadu_si256(at), b = _mm256_loadu_si256(at + 1),
                  c = _mm256_loadu_si256(at + 2), e = _mm256_loadu_si256(at + 3);
    v[0] = _mm256_permute2x128_si256(a, c, 0x20);
    v[1] = _mm256_permute2x128_si256(a, c, 0x31);
    v[2] = _mm256_permute2x128_si256(b, e, 0x20);
    v[3] = _mm256_permute2x128_si256(b, e, 0x31);
}

/* Products rounded, the zero added, saturated. What is too small, and NaN, converts to the least
 * integer; packing does the rest. */
TENON__INLINE __m256i bytes_of(const __m256i *sum, const __m256i *scale, __m256 most, __m256i zero,
                               bool is_signed)
{
    __m256i q[SUMS];
    TENON__UNROLL
    for (int v = 0; v < SUMS; v++) {
        const __m256 f = _mm256_mul_ps(_mm256_cvtepi32_ps(sum[v]), _mm256_castsi256_ps(scale[v]));
        q[v] = _mm256_cvtps_epi32(_mm256_min_ps(most, f)); /* NaN stays */
    }
    const __m256i a = _mm256_adds_epi16(_mm256_packs_epi32(q[0], q[1]), zero),
                  b = _mm256_adds_epi16(_mm256_packs_epi32(q[2], q[3]), zero);
    return is_signed ? _mm256_packs_epi16(a, b) : _mm256_packus_epi16(a, b);
}

/* Channels [first, first + some). Taps past the last have weights of 0. */
TENON__INLINE void block_run(const tenon__qconv_depthwise *d, const ELEMENT *w, int64_t first,
                             int some, bool flips, int64_t taps)
{
    __m256i base[SUMS], scale[SUMS];
    const bool is_signed = d->out == TENON__QGEMM_I8;
    const __m256 most = _mm256_set1_ps((float)((is_signed ? 127 : 255) - d->y_zero));
    const __m256i zero = _mm256_set1_epi16((short)d->y_zero), flip = _mm256_set1_epi8(-128);
    const uint8_t *const *at = d->at;
    const int64_t stride = d->stride, channels = d->channels;
    uint8_t *y = d->y + first;
    in_order(d->base + first, base);
    in_order(d->scale + first, scale);
    for (int64_t i = d->positions, x_at = first; i > 0; i--, x_at += stride, y += channels) {
        __m256i acc[SUMS] = {base[0], base[1], base[2], base[3]};
        TENON__UNROLL
        for (int64_t t = 0; t < taps; t += TAPS) {
            __m256i x[TAPS];
            TENON__UNROLL
            for (int k = 0; k < TAPS; k++) {
                const uint8_t *p = at[t + k] + x_at;
                x[k] = some == BLOCK ? _mm256_loadu_si256((const __m256i *)(const void *)p)
                                     : load_some(p, some);
                if (flips) x[k] = _mm256_xor_si256(x[k], flip);
            }
            add_taps(acc, x, w + t * BLOCK);
        }
        const __m256i bytes = bytes_of(acc, scale, most, zero, is_signed);
        if (some == BLOCK)
            _mm256_storeu_si256((__m256i *)(void *)y, bytes);
        else
            store_some(y, bytes, some);
    }
}

static void depthwise(const tenon__qconv_depthwise *d)
{
    const int64_t depth = (d->taps + TAPS - 1) / TAPS * TAPS;
    const ELEMENT *w = d->w;
    for (int64_t b = 0; b * BLOCK < d->channels; b++, w += depth * BLOCK) {
        const int64_t first = tenon__qconv_block_first(d->channels, BLOCK, b);
        if (d->channels < BLOCK)
            block_run(d, w, first, (int)d->channels, d->x_signed, d->taps);
        else if (d->taps == 9 && d->x_signed)
            block_run(d, w, first, BLOCK, true, 9);
        else if (d->taps == 9)
            block_run(d, w, first, BLOCK, false, 9);
        else
            block_run(d, w, first, BLOCK, d->x_signed, d->taps);
    }
}

const tenon__qconv_row ROW = {.name = NAME,
                              .needs = NEEDS,
                              .taps = TAPS,
                              .block = BLOCK,
                              .narrow = sizeof(ELEMENT) == 1,
                              .order = order,
                              .depthwise = depthwise};
