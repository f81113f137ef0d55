/* SPDX-License-Identifier: Apache-2.0 */
/* Attention scores over any vec_*.h: included by avx512.c, avx2.c and neon.c, each of which
 * includes its vectors first. The masks are plain loops: those files' options vectorize them. */
#include "kernels/attention/attention.h"

#include <math.h>

static void softcap(float *x, int64_t n, float cap)
{
    const vf c = vf_set1(cap), inverse = vf_set1(1.0f / cap);
    for (int64_t i = 0; i < n; i += VF) {
        int64_t w = n - i < VF ? n - i : VF;
        vf v = vf_mul(vf_load_n(x + i, w, 0.0f), inverse);
        vf_store_n(x + i, vf_mul(c, vf_tanh(v)), w);
    }
}

static float max(const float *x, int64_t n)
{
    vf a = vf_set1(-INFINITY);
    float lanes[VF], m = -INFINITY;
    for (int64_t i = 0; i < n; i += VF) {
        int64_t w = n - i < VF ? n - i : VF;
        a = vf_max_nan(a, vf_load_n(x + i, w, -INFINITY));
    }
    vf_store(lanes, a);
    for (int i = 0; i < VF; i++)
        if (!(lanes[i] <= m) && m == m) m = lanes[i];
    return m;
}

static bool mask_add(float *x, const float *mask, int64_t n)
{
    unsigned any = 0;
    for (int64_t i = 0; i < n; i++) {
        float sum = x[i] + mask[i];
        x[i] = mask[i] != -INFINITY ? sum : -INFINITY;
        any |= mask[i] != -INFINITY;
    }
    return any != 0;
}

static bool mask_select(float *x, const uint8_t *mask, int64_t n)
{
    unsigned any = 0;
    for (int64_t i = 0; i < n; i++) {
        x[i] = mask[i] ? x[i] : -INFINITY;
        any |= mask[i];
    }
    return any != 0;
}
