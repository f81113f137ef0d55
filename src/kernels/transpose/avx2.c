/* SPDX-License-Identifier: Apache-2.0 */
/* Transposing with AVX2: squares of 16 x 16 bytes, 8 x 8 halves and words, 4 x 4 quads. */
#include <immintrin.h>

#include "kernels/transpose/transpose_tmpl.h"

static inline __m128i load16(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline void store16(uint8_t *p, __m128i v)
{
    _mm_storeu_si128((__m128i *)(void *)p, v);
}

static inline void square1(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds)
{
    __m128i a[16], b[16];
    for (int i = 0; i < 16; i++)
        a[i] = load16(s + i * ss);
    for (int i = 0; i < 8; i++) { /* row pairs (i, i + 8) interleaved, four times over */
        b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]);
        b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
    }
    for (int i = 0; i < 8; i++) {
        a[2 * i] = _mm_unpacklo_epi8(b[i], b[i + 8]);
        a[2 * i + 1] = _mm_unpackhi_epi8(b[i], b[i + 8]);
    }
    for (int i = 0; i < 8; i++) {
        b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]);
        b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
    }
    for (int i = 0; i < 8; i++) {
        store16(d + (2 * i) * ds, _mm_unpacklo_epi8(b[i], b[i + 8]));
        store16(d + (2 * i + 1) * ds, _mm_unpackhi_epi8(b[i], b[i + 8]));
    }
}

static inline void square2(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds)
{
    __m128i a[8], b[8];
    for (int i = 0; i < 8; i++)
        a[i] = load16(s + i * ss);
    for (int i = 0; i < 4; i++) {
        b[2 * i] = _mm_unpacklo_epi16(a[i], a[i + 4]);
        b[2 * i + 1] = _mm_unpackhi_epi16(a[i], a[i + 4]);
    }
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm_unpacklo_epi16(b[i], b[i + 4]);
        a[2 * i + 1] = _mm_unpackhi_epi16(b[i], b[i + 4]);
    }
    for (int i = 0; i < 4; i++) {
        store16(d + (2 * i) * ds, _mm_unpacklo_epi16(a[i], a[i + 4]));
        store16(d + (2 * i + 1) * ds, _mm_unpackhi_epi16(a[i], a[i + 4]));
    }
}

static inline __m256 load32(const uint8_t *p)
{
    return _mm256_loadu_ps((const float *)(const void *)p);
}

static inline __m256 pair32(const uint8_t *low, const uint8_t *high)
{
    const __m128 a = _mm_loadu_ps((const float *)(const void *)low);
    return _mm256_insertf128_ps(_mm256_castps128_ps256(a),
                                _mm_loadu_ps((const float *)(const void *)high), 1);
}

static inline void square4(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds)
{
    for (int half = 0; half < 2; half++) { /* columns 0..3, then 4..7 */
        const uint8_t *p = s + half * 16;
        uint8_t *q = d + half * 4 * ds;
        const __m256 r0 = pair32(p, p + 4 * ss), r1 = pair32(p + ss, p + 5 * ss);
        const __m256 r2 = pair32(p + 2 * ss, p + 6 * ss), r3 = pair32(p + 3 * ss, p + 7 * ss);
        const __m256 t0 = _mm256_unpacklo_ps(r0, r1), t1 = _mm256_unpackhi_ps(r0, r1);
        const __m256 t2 = _mm256_unpacklo_ps(r2, r3), t3 = _mm256_unpackhi_ps(r2, r3);
        _mm256_storeu_ps((float *)(void *)q, _mm256_shuffle_ps(t0, t2, 0x44));
        _mm256_storeu_ps((float *)(void *)(q + ds), _mm256_shuffle_ps(t0, t2, 0xEE));
        _mm256_storeu_ps((float *)(void *)(q + 2 * ds), _mm256_shuffle_ps(t1, t3, 0x44));
        _mm256_storeu_ps((float *)(void *)(q + 3 * ds), _mm256_shuffle_ps(t1, t3, 0xEE));
    }
}

static inline void store32(uint8_t *p, __m256d v)
{
    _mm256_storeu_pd((double *)(void *)p, v);
}

static inline void square8(const uint8_t *s, int64_t ss, uint8_t *d, int64_t ds)
{
    const __m256d r0 = _mm256_castps_pd(load32(s)), r1 = _mm256_castps_pd(load32(s + ss));
    const __m256d r2 = _mm256_castps_pd(load32(s + 2 * ss));
    const __m256d r3 = _mm256_castps_pd(load32(s + 3 * ss));
    const __m256d t0 = _mm256_unpacklo_pd(r0, r1), t1 = _mm256_unpackhi_pd(r0, r1);
    const __m256d t2 = _mm256_unpacklo_pd(r2, r3), t3 = _mm256_unpackhi_pd(r2, r3);
    store32(d, _mm256_permute2f128_pd(t0, t2, 0x20));
    store32(d + ds, _mm256_permute2f128_pd(t1, t3, 0x20));
    store32(d + 2 * ds, _mm256_permute2f128_pd(t0, t2, 0x31));
    store32(d + 3 * ds, _mm256_permute2f128_pd(t1, t3, 0x31));
}

TENON__TRANSPOSE_BLOCKED(whole1, square1, 16, plain1, 1)
TENON__TRANSPOSE_BLOCKED(whole2, square2, 8, plain2, 2)
TENON__TRANSPOSE_BLOCKED(whole4, square4, 8, plain4, 4)
TENON__TRANSPOSE_BLOCKED(whole8, square8, 4, plain8, 8)
TENON__TRANSPOSE_WHOLE(whole16, plain16)

extern const tenon__transpose_row tenon__transpose_avx2;
const tenon__transpose_row tenon__transpose_avx2 = {
    "avx2", TENON__CPU_AVX2, {whole1, whole2, whole4, whole8, whole16}};
