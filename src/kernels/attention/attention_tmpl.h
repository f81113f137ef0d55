/* SPDX-License-Identifier: Apache-2.0 */
/* Attention scores over any vec_*.h: included by avx512.c, avx2.c and neon.c, each of which
 * includes its vectors first. The masks are plain loops: those files' options vectorize them. */
#include "kernels/attention/attention.h"
#include "kernels/unroll.h"

#include <math.h>

/* Vectors of columns of values that are summed at once. */
#define VALUE_VECS 4

/* VF keys at a time: VF elements of each are turned into VF vectors over the keys. `rows` is a
 * constant once this is inlined. */
static inline void few_rows(const float *q, int64_t q_step, int rows, const float *k,
                            int64_t k_step, int64_t n, int64_t size, float scale, float *scores,
                            int64_t score_step)
{
    for (int64_t j = 0; j < n; j += VF) {
        int64_t w = n - j < VF ? n - j : VF;
        vf sum[TENON__ATTENTION_FEW], t[VF];
        for (int r = 0; r < rows; r++)
            sum[r] = vf_set1(0.0f);
        int64_t p = 0;
        for (; w == VF && p + VF <= size; p += VF) {
            for (int i = 0; i < VF; i++)
                t[i] = vf_load(k + (j + i) * k_step + p);
            vf_turn(t);
            for (int i = 0; i < VF; i++)
                for (int r = 0; r < rows; r++)
                    sum[r] = vf_fma(vf_set1(q[r * q_step + p + i]), t[i], sum[r]);
        }
        for (; p < size; p += VF) {
            int64_t c = size - p < VF ? size - p : VF;
            for (int64_t i = 0; i < VF; i++)
                t[i] = i < w ? vf_load_n(k + (j + i) * k_step + p, c, 0.0f) : vf_set1(0.0f);
            vf_turn(t);
            for (int64_t i = 0; i < c; i++)
                for (int r = 0; r < rows; r++)
                    sum[r] = vf_fma(vf_set1(q[r * q_step + p + i]), t[i], sum[r]);
        }
        for (int r = 0; r < rows; r++)
            vf_store_n(scores + r * score_step + j, vf_mul(vf_set1(scale), sum[r]), w);
    }
}

static void few(const float *q, int64_t q_step, int64_t rows, const float *k, int64_t k_step,
                int64_t n, int64_t size, float scale, float *scores, int64_t score_step)
{
    if (rows == 1)
        few_rows(q, q_step, 1, k, k_step, n, size, scale, scores, score_step);
    else if (rows == 2)
        few_rows(q, q_step, 2, k, k_step, n, size, scale, scores, score_step);
    else if (rows == 3)
        few_rows(q, q_step, 3, k, k_step, n, size, scale, scores, score_step);
    else
        few_rows(q, q_step, 4, k, k_step, n, size, scale, scores, score_step);
}

/* `vecs` vectors of columns, the last of which has `last` lanes. `rows` and `vecs` are constants
 * once this is inlined. */
TENON__INLINE void values_block(const float *p, int64_t p_step, int rows, const float *v,
                                int64_t v_step, int64_t n, int vecs, int64_t last, float *y,
                                int64_t y_step)
{
    vf sum[TENON__ATTENTION_FEW][VALUE_VECS];
    TENON__UNROLL
    for (int r = 0; r < rows; r++)
        TENON__UNROLL
    for (int u = 0; u < vecs; u++)
        sum[r][u] = vf_set1(0.0f);
    for (int64_t j = 0; j < n; j++, v += v_step) {
        vf x[VALUE_VECS];
        TENON__UNROLL
        for (int u = 0; u < vecs - 1; u++)
            x[u] = vf_load(v + u * VF);
        x[vecs - 1] = vf_load_n(v + (vecs - 1) * VF, last, 0.0f);
        TENON__UNROLL
        for (int r = 0; r < rows; r++)
            TENON__UNROLL
        for (int u = 0; u < vecs; u++)
            sum[r][u] = vf_fma(vf_set1(p[r * p_step + j]), x[u], sum[r][u]);
    }
    TENON__UNROLL
    for (int r = 0; r < rows; r++) {
        TENON__UNROLL
        for (int u = 0; u < vecs - 1; u++)
            vf_store(y + r * y_step + u * VF, sum[r][u]);
        vf_store_n(y + r * y_step + (vecs - 1) * VF, sum[r][vecs - 1], last);
    }
}

TENON__INLINE void values_rows(const float *p, int64_t p_step, int rows, const float *v,
                               int64_t v_step, int64_t n, int64_t size, float *y, int64_t y_step)
{
    for (int64_t e = 0; e < size; e += VALUE_VECS * VF) {
        const int64_t left = size - e, last = (left - 1) % VF + 1;
        const float *x = v + e;
        float *to = y + e;
        if (left <= VF)
            values_block(p, p_step, rows, x, v_step, n, 1, last, to, y_step);
        else if (left <= 2 * VF)
            values_block(p, p_step, rows, x, v_step, n, 2, last, to, y_step);
        else if (left <= 3 * VF)
            values_block(p, p_step, rows, x, v_step, n, 3, last, to, y_step);
        else
            values_block(p, p_step, rows, x, v_step, n, 4, left < 4 * VF ? last : VF, to, y_step);
    }
}

static void values(const float *p, int64_t p_step, int64_t rows, const float *v, int64_t v_step,
                   int64_t n, int64_t size, float *y, int64_t y_step)
{
    if (rows == 1)
        values_rows(p, p_step, 1, v, v_step, n, size, y, y_step);
    else if (rows == 2)
        values_rows(p, p_step, 2, v, v_step, n, size, y, y_step);
    else if (rows == 3)
        values_rows(p, p_step, 3, v, v_step, n, size, y, y_step);
    else
        values_rows(p, p_step, 4, v, v_step, n, size, y, y_step);
}

static void softcap(float *x, int64_t n, float cap)
{
    const vf c = vf_set1(cap), inverse = vf_set1(1.0f / cap);
    for (int64_t i = 0; i < n; i += VF) {
        int64_t w = n - i < VF ? n - i : VF;
        vf v = vf_mul(vf_load_n(x + i, w, 0.0f), inverse);
        vf_store_n(x + i, vf_mul(c, vf_tanh(v)), w);
    }
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
