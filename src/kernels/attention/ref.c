/* SPDX-License-Identifier: Apache-2.0 */
/* Attention scores in plain C. */
#include "kernels/attention/attention.h"

#include <math.h>

static void softcap(float *x, int64_t n, float cap)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = cap * tanhf(x[i] / cap);
}

static float max(const float *x, int64_t n)
{
    float m = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        if (!(x[i] <= m) && m == m) m = x[i];
    return m;
}

static bool mask_add(float *x, const float *mask, int64_t n)
{
    bool any = false;
    for (int64_t i = 0; i < n; i++) {
        bool open = mask[i] != -INFINITY;
        x[i] = open ? x[i] + mask[i] : -INFINITY;
        any |= open;
    }
    return any;
}

static bool mask_select(float *x, const uint8_t *mask, int64_t n)
{
    bool any = false;
    for (int64_t i = 0; i < n; i++) {
        if (!mask[i]) x[i] = -INFINITY;
        any |= mask[i] != 0;
    }
    return any;
}

extern const tenon__attention_row tenon__attention_ref;
const tenon__attention_row tenon__attention_ref = {"attention-ref", 0,          softcap, max,
                                                   mask_add,        mask_select};
