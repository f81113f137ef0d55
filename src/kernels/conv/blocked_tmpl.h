/* SPDX-License-Identifier: Apache-2.0 */
/* The blocked product over the vectors of vec_*.h. The including file defines vf_activate,
 * vf_clip(v, low, high) and BLOCKED_ROWS: 14 (by 1 or 2 blocks, 9 by 3), or 6 (by 1). */
#include "kernels/conv/blocked.h"
#include "kernels/unroll.h"

#define BV (TENON__BLOCK / VF) /* vectors of a block */

#define EACH_SUM                                                                                   \
    TENON__UNROLL for (int i = 0; i < pixels; i++) TENON__UNROLL for (int v = 0; v < vecs; v++)

TENON__INLINE void product(const tenon__conv_product *p, const int blocks, const int pixels)
{
    const int vecs = blocks * BV, width = blocks * TENON__BLOCK;
    vf sum[28 * BV]; /* pixels * vecs of them */
    if (p->from)
        EACH_SUM sum[i * vecs + v] = vf_load(p->from + i * width + v * VF);
    else
        EACH_SUM sum[i * vecs + v] = vf_load(p->bias + v * VF);
    const int64_t step = p->step;
    for (int64_t r = 0; r < p->rows; r++) {
        const float *w = p->w + r * p->w_row, *tap = p->x + r * p->row;
        for (int64_t c = p->cols; c > 0; c--, tap += p->col) {
            const float *run = tap;
            for (int64_t left = p->channels; left > 0; left -= p->lanes, run += p->block) {
                const float *x = run, *end = run + (left < p->lanes ? left : p->lanes);
                do {
                    vf b[3 * BV];
                    TENON__UNROLL
                    for (int v = 0; v < vecs; v++)
                        b[v] = vf_load(w + v * VF);
                    TENON__UNROLL
                    for (int i = 0; i < pixels; i++) {
                        const vf a = vf_set1(x[i * step]);
                        TENON__UNROLL
                        for (int v = 0; v < vecs; v++)
                            sum[i * vecs + v] = vf_fma(a, b[v], sum[i * vecs + v]);
                    }
                    w += width;
                } while (++x < end);
            }
        }
    }
    if (p->to) {
        EACH_SUM vf_store(p->to + i * width + v * VF, sum[i * vecs + v]);
        return;
    }
    if (p->residual)
        EACH_SUM sum[i * vecs + v] =
            vf_add(sum[i * vecs + v],
                   vf_load(p->residual + v / BV * p->y_block + i * TENON__BLOCK + v % BV * VF));
    const vf low = vf_set1(p->low), high = vf_set1(p->high);
    EACH_SUM vf_store(p->y + v / BV * p->y_block + i * TENON__BLOCK + v % BV * VF,
                      vf_clip(sum[i * vecs + v], low, high));
}

#define P(blocks, pixels)                                                                          \
    static void product_##blocks##_##pixels(const tenon__conv_product *p)                          \
    {                                                                                              \
        product(p, blocks, pixels);                                                                \
    }
#define P_6(b)  P(b, 1) P(b, 2) P(b, 3) P(b, 4) P(b, 5) P(b, 6)
#define P_9(b)  P_6(b) P(b, 7) P(b, 8) P(b, 9)
#define P_14(b) P_9(b) P(b, 10) P(b, 11) P(b, 12) P(b, 13) P(b, 14)
#define N_6(b)                                                                                     \
    product_##b##_1, product_##b##_2, product_##b##_3, product_##b##_4, product_##b##_5,           \
        product_##b##_6
#define N_9(b) N_6(b), product_##b##_7, product_##b##_8, product_##b##_9
#define N_14(b)                                                                                    \
    N_9(b), product_##b##_10, product_##b##_11, product_##b##_12, product_##b##_13, product_##b##_14

/* clang-format off */
#if BLOCKED_ROWS == 14
P_14(1)
P_14(2)
P_9(3)
static const tenon__conv_product_fn products_1[] = {N_14(1)}, products_2[] = {N_14(2)},
                                    products_3[] = {N_9(3)};
#define BLOCKED .blocks = 2, .most = {14, 14, 9}, .product = {products_1, products_2, products_3}
#else
P_6(1)
static const tenon__conv_product_fn products_1[] = {N_6(1)};
#define BLOCKED .blocks = 1, .most = {6}, .product = {products_1}
#endif
/* clang-format on */

static void activate(const tenon__epilogue *e, float *y, int64_t n)
{
    for (; n >= VF; n -= VF, y += VF)
        vf_store(y, vf_activate(e, vf_load(y)));
    if (n > 0) vf_store_n(y, vf_activate(e, vf_load_n(y, n, 0)), n);
}
