/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes, channels last, over vectors of 32 bytes. The including file
 * defines
 *
 *   TAPS, ELEMENT      bytes of so many taps meet in a lane; the type of packed weights
 *   add_taps(acc, x, w)   adds TAPS vectors of 32 channels, times weights, to four vectors of sums
 *   COLUMNS            where TAPS is 4: unpack_column(out, lines) makes lanes of three lines,
 *                      add_column(acc, column, w) adds them times weights
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

/* What a block of channels is requantised with. */
typedef struct tail {
    __m256i base[SUMS], scale[SUMS], zero;
    __m256 most;
    bool is_signed;
} tail;

TENON__INLINE tail tail_of(const tenon__qconv_depthwise *d, int64_t first)
{
    tail t = {.is_signed = d->out == TENON__QGEMM_I8, .zero = _mm256_set1_epi16((short)d->y_zero)};
    t.most = _mm256_set1_ps((float)((t.is_signed ? 127 : 255) - d->y_zero));
    in_order(d->base + first, t.base);
    in_order(d->scale + first, t.scale);
    return t;
}

TENON__INLINE __m256i load_bytes(const uint8_t *p, int some, bool flips)
{
    const __m256i x =
        some == BLOCK ? _mm256_loadu_si256((const __m256i *)(const void *)p) : load_some(p, some);
    return flips ? _mm256_xor_si256(x, _mm256_set1_epi8(-128)) : x;
}

/* Channels [first, first + some). Taps past the last have weights of 0. */
TENON__INLINE void block_run(const tenon__qconv_depthwise *d, const uint8_t *const *at,
                             const ELEMENT *w, int64_t first, int some, bool flips, int64_t taps)
{
    const tail end = tail_of(d, first);
    const int64_t stride = d->stride, channels = d->channels;
    uint8_t *y = d->y + first;
    for (int64_t i = d->positions, x_at = first; i > 0; i--, x_at += stride, y += channels) {
        __m256i acc[SUMS] = {end.base[0], end.base[1], end.base[2], end.base[3]};
        for (int64_t t = 0; t < taps; t += TAPS) {
            __m256i x[TAPS];
            TENON__UNROLL
            for (int k = 0; k < TAPS; k++)
                x[k] = load_bytes(at[t + k] + x_at, some, flips);
            add_taps(acc, x, w + t * BLOCK);
        }
        const __m256i bytes = bytes_of(acc, end.scale, end.most, end.zero, end.is_signed);
        if (some == BLOCK)
            _mm256_storeu_si256((__m256i *)(void *)y, bytes);
        else
            store_some(y, bytes, some);
    }
}

#ifdef COLUMNS
/* Three by three taps whose columns are neighbouring positions, `at` by column and 4 apart. A
 * column is unpacked once for the three outputs that read it. */
TENON__INLINE void columns_run(const tenon__qconv_depthwise *d, const uint8_t *const *at,
                               const ELEMENT *w, int64_t first, bool flips)
{
    const tail end = tail_of(d, first);
    const int64_t stride = d->stride, channels = d->channels;
    const uint8_t *x[3] = {at[0] + first, at[1] + first, at[2] + first};
    uint8_t *y = d->y + first;
    __m256i lines[3], column[3][SUMS];
    for (int b = 0; b < 2; b++) {
        for (int a = 0; a < 3; a++, x[a - 1] += stride)
            lines[a] = load_bytes(x[a], BLOCK, flips);
        unpack_column(column[b], lines);
    }
    for (int64_t left = d->positions; left > 0; left -= 3) {
        TENON__UNROLL
        for (int s = 0; s < 3; s++, y += channels) {
            if (s >= left) return;
            __m256i acc[SUMS] = {end.base[0], end.base[1], end.base[2], end.base[3]};
            TENON__UNROLL
            for (int a = 0; a < 3; a++) {
                lines[a] = load_bytes(x[a], BLOCK, flips);
                x[a] += stride;
            }
            unpack_column(column[(s + 2) % 3], lines);
            TENON__UNROLL
            for (int b = 0; b < 3; b++)
                add_column(acc, column[(s + b) % 3], w + b * TAPS * BLOCK);
            const __m256i bytes = bytes_of(acc, end.scale, end.most, end.zero, end.is_signed);
            _mm256_storeu_si256((__m256i *)(void *)y, bytes);
        }
    }
}

/* Whether column b + 1 is one position behind column b, in all lines. */
static bool columns_follow(const tenon__qconv_depthwise *d)
{
    bool follow = d->positions > 2;
    for (int t = 0; t < 9; t++)
        follow = follow && (t % 3 == 2 ||
                            (uintptr_t)d->at[t + 1] - (uintptr_t)d->at[t] == (uintptr_t)d->stride);
    return follow;
}
#endif

static void depthwise(const tenon__qconv_depthwise *d)
{
    const int64_t depth = (d->taps + TAPS - 1) / TAPS * TAPS;
    const uint8_t *const *at = d->at;
    const ELEMENT *w = d->w;
#ifdef COLUMNS
    const bool follow = d->taps == 9 && columns_follow(d);
    const uint8_t *by_column[12];
    if (d->taps == 9) {
        for (int i = 0; i < 12; i++)
            by_column[i] = d->at[i % 4 < 3 ? i % 4 * 3 + i / 4 : 0];
        at = by_column;
    }
#endif
    for (int64_t b = 0; b * BLOCK < d->channels; b++, w += depth * BLOCK) {
        const int64_t first = tenon__qconv_block_first(d->channels, BLOCK, b);
        if (d->channels < BLOCK) block_run(d, at, w, first, (int)d->channels, d->x_signed, d->taps);
#ifdef COLUMNS
        else if (follow && d->x_signed)
            columns_run(d, at, w, first, true);
        else if (follow)
            columns_run(d, at, w, first, false);
#endif
        else if (d->taps == 9 && d->x_signed)
            block_run(d, at, w, first, BLOCK, true, 9);
        else if (d->taps == 9)
            block_run(d, at, w, first, BLOCK, false, 9);
        else
            block_run(d, at, w, first, BLOCK, d->x_signed, d->taps);
    }
}

const tenon__qconv_row ROW = {.name = NAME,
                              .needs = NEEDS,
                              .taps = TAPS,
                              .block = BLOCK,
                              .narrow = sizeof(ELEMENT) == 1,
                              .order = order,
#ifdef COLUMNS
                              .by_column = true,
#endif
                              .depthwise = depthwise};
