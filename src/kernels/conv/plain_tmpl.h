/* SPDX-License-Identifier: Apache-2.0 */
/* The panel product of the plain form over the vectors of vec_*.h: `rows` x (2 * VF) accumulators
 * in registers. The including file defines vf_clip(v, low, high) and PLAIN_ROWS, the most rows that
 * fit. */
#include "kernels/conv/conv.h"
#include "kernels/unroll.h"

TENON__INLINE void plain_store(const tenon__conv_panel *p, vf (*acc)[2], const int rows)
{
    const vf low = vf_set1(p->low), high = vf_set1(p->high);
    TENON__UNROLL
    for (int r = 0; r < rows; r++) {
        float *y = p->y + r * p->stride;
        if (p->last && p->residual) {
            acc[r][0] = vf_add(acc[r][0], vf_load(p->residual + r * p->stride));
            acc[r][1] = vf_add(acc[r][1], vf_load(p->residual + r * p->stride + VF));
        }
        vf_store(y, vf_clip(acc[r][0], low, high));
        vf_store(y + VF, vf_clip(acc[r][1], low, high));
    }
}

/* Fewer columns than the vectors have lanes. */
TENON__INLINE void plain_store_some(const tenon__conv_panel *p, vf (*acc)[2], const int rows)
{
    const vf low = vf_set1(p->low), high = vf_set1(p->high);
    float sums[PLAIN_ROWS][2 * VF];
    TENON__UNROLL
    for (int r = 0; r < rows; r++) {
        vf_store(sums[r], acc[r][0]);
        vf_store(sums[r] + VF, acc[r][1]);
    }
    for (int r = 0; r < rows; r++)
        for (int64_t c = 0; c < p->cols; c += VF) {
            const int64_t n = p->cols - c < VF ? p->cols - c : VF, at = r * p->stride + c;
            vf v = vf_load(sums[r] + c);
            if (p->last && p->residual) v = vf_add(v, vf_load_n(p->residual + at, n, 0));
            vf_store_n(p->y + at, vf_clip(v, low, high), n);
        }
}

/* `vecs`: 1 where the first vector holds all columns. */
TENON__INLINE void plain_panel(const tenon__conv_panel *p, const int rows, const int vecs)
{
    vf acc[PLAIN_ROWS][2];
    TENON__UNROLL
    for (int r = 0; r < rows; r++) {
        const float *y = p->y + r * p->stride;
        if (p->first) {
            acc[r][0] = acc[r][1] = vf_set1(p->bias ? p->bias[r] : 0.0f);
        } else if (p->cols == 2 * VF) {
            acc[r][0] = vf_load(y);
            acc[r][1] = vf_load(y + VF);
        } else {
            acc[r][0] = vf_load_n(y, p->cols < VF ? p->cols : VF, 0);
            acc[r][1] = p->cols > VF ? vf_load_n(y + VF, p->cols - VF, 0) : vf_set1(0);
        }
    }
    const float *w = p->w, *b = p->b;
    const int64_t b_row = p->b_row;
    for (int64_t k = 0; k < p->k; k++, w += rows, b += b_row) {
        const vf b0 = vf_load(b), b1 = vecs > 1 ? vf_load(b + VF) : b0;
        TENON__UNROLL
        for (int r = 0; r < rows; r++) {
            const vf a = vf_set1(w[r]);
            acc[r][0] = vf_fma(a, b0, acc[r][0]);
            if (vecs > 1) acc[r][1] = vf_fma(a, b1, acc[r][1]);
        }
    }
    if (p->cols == 2 * VF)
        plain_store(p, acc, rows);
    else
        plain_store_some(p, acc, rows);
}

#define PANEL(n)                                                                                   \
    static void panel_##n(const tenon__conv_panel *p)                                              \
    {                                                                                              \
        if (p->cols > VF)                                                                          \
            plain_panel(p, n, 2);                                                                  \
        else                                                                                       \
            plain_panel(p, n, 1);                                                                  \
    }
PANEL(1)
PANEL(2)
PANEL(3)
PANEL(4)
PANEL(5)
PANEL(6)
#if PLAIN_ROWS > 6
PANEL(7)
PANEL(8)
PANEL(9)
PANEL(10)
PANEL(11)
PANEL(12)
#endif
#undef PANEL

static void (*const panels[PLAIN_ROWS])(const tenon__conv_panel *) = {
    panel_1, panel_2, panel_3, panel_4,  panel_5,  panel_6,
#if PLAIN_ROWS > 6
    panel_7, panel_8, panel_9, panel_10, panel_11, panel_12,
#endif
};
