/* SPDX-License-Identifier: Apache-2.0 */
/* Attention scores in plain C. */
#include "kernels/attention/attention.h"

#include <math.h>

static void few(const float *q, int64_t q_step, int64_t rows, const float *k, int64_t k_step,
                int64_t n, int64_t size, float scale, float *scores, int64_t score_step)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < n; j++) {
            float s = 0;
            for (int64_t p = 0; p < size; p++)
                s += q[r * q_step + p] * k[j * k_step + p];
            scores[r * score_step + j] = scale * s;
        }
}

static void values(const float *p, int64_t p_step, int64_t rows, const float *v, int64_t v_step,
                   int64_t n, int64_t size, float *y, int64_t y_step)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t e = 0; e < size; e++) {
            float s = 0;
            for (int64_t j = 0; j < n; j++)
                s += p[r * p_step + j] * v[j * v_step + e];
            y[r * y_step + e] = s;
        }
}

static void softcap(float *x, int64_t n, float cap)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = cap * tanhf(x[i] / cap);
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
const tenon__attention_row tenon__attention_ref = {"attention-ref", 0,        few,        values,
                                                   softcap,         mask_add, mask_select};
