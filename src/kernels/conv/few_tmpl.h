/* SPDX-License-Identifier: Apache-2.0 */
/* The product of the plain form for few output positions: lanes are output channels, as the packed
 * weights lie, so that these are read once, in order, and nothing is computed for positions that do
 * not exist. Sums are those of the panel product, bit for bit. The including file defines, after
 * plain_tmpl.h, FEW_SUMS, the vectors of sums that fit the registers. */

/* Vectors that hold the rows of a panel; the last may be partly used. */
#define FEW_VECS ((PLAIN_ROWS + VF - 1) / VF)
#define FEW_LAST (PLAIN_ROWS - (FEW_VECS - 1) * VF)
/* Panels that are walked side by side at most: one for each of a CPU's streams of reads. */
#define FEW_PANELS 8

#define EACH_FEW                                                                                   \
    TENON__UNROLL for (int q = 0; q < side; q++) TENON__UNROLL for (int v = 0; v < FEW_VECS; v++)

/* Lanes of vector v of a panel of `rows` rows: in a whole panel a constant. */
TENON__INLINE int64_t few_lanes(const int64_t rows, const int v)
{
    if (rows == PLAIN_ROWS) return v < FEW_VECS - 1 ? VF : FEW_LAST;
    const int64_t left = rows - v * VF;
    return left < VF ? left : VF;
}

/* y[row][c] of one panel from sums by column. Once per panel and not part of the loops above, of
 * which there are many. */
__attribute__((noinline)) static void few_store(const tenon__conv_few *p, int64_t o,
                                                float (*sum)[FEW_VECS * VF], int cols, int64_t rows)
{
    const vf low = vf_set1(p->low), high = vf_set1(p->high);
    float *y = p->y + o * p->stride;
    const float *residual = p->residual ? p->residual + o * p->stride : NULL;
    for (int c = 0; c < cols; c++) {
        for (int64_t r = 0; residual && r < rows; r++)
            sum[c][r] += residual[r * p->stride + c];
        TENON__UNROLL
        for (int v = 0; v < FEW_VECS; v++)
            vf_store(sum[c] + v * VF, vf_clip(vf_load(sum[c] + v * VF), low, high));
    }
    for (int64_t r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++)
            y[r * p->stride + c] = sum[c][r];
}

/* `side` panels of `rows` rows from output `o` on. */
TENON__INLINE void few_run(const tenon__conv_few *p, int64_t o, const int cols, const int side,
                           const int64_t rows)
{
    vf sum[FEW_PANELS][TENON__CONV_FEW][FEW_VECS];
    const float *w = p->w + o * p->k, *a = p->a;
    const int64_t panel = p->k * PLAIN_ROWS;
    EACH_FEW
    {
        const int64_t n = few_lanes(rows, v);
        const float *bias = p->bias ? p->bias + o + q * PLAIN_ROWS + v * VF : NULL;
        const vf start = bias && n > 0 ? vf_load_head(bias, n) : vf_set1(0);
        TENON__UNROLL for (int c = 0; c < cols; c++) sum[q][c][v] = start;
    }
    for (int64_t k = 0; k < p->k; k++, w += rows, a += cols) {
        vf column[TENON__CONV_FEW];
        TENON__UNROLL for (int c = 0; c < cols; c++) column[c] = vf_set1(a[c]);
        EACH_FEW
        {
            const int64_t n = few_lanes(rows, v);
            if (n <= 0) continue;
            const vf weights = vf_load_head(w + q * panel + v * VF, n);
            TENON__UNROLL for (int c = 0; c < cols; c++) sum[q][c][v] =
                vf_fma(weights, column[c], sum[q][c][v]);
        }
    }
    float lanes[FEW_PANELS][TENON__CONV_FEW][FEW_VECS * VF];
    EACH_FEW TENON__UNROLL for (int c = 0; c < cols; c++)
        vf_store(lanes[q][c] + v * VF, sum[q][c][v]);
    for (int q = 0; q < side; q++)
        few_store(p, o + q * PLAIN_ROWS, lanes[q], cols, rows);
}

/* As many panels at a time as there are registers for, so that sums wait for each other less. */
TENON__INLINE void few(const tenon__conv_few *p, const int cols)
{
    int64_t o = 0;
#define FEW_TIMES(n)                                                                               \
    while (n * cols * FEW_VECS <= FEW_SUMS && p->outputs - o >= n * PLAIN_ROWS) {                  \
        few_run(p, o, cols, n, PLAIN_ROWS);                                                        \
        o += n * PLAIN_ROWS;                                                                       \
    }
    FEW_TIMES(8)
    FEW_TIMES(4)
    FEW_TIMES(2)
#undef FEW_TIMES
    for (; p->outputs - o >= PLAIN_ROWS; o += PLAIN_ROWS)
        few_run(p, o, cols, 1, PLAIN_ROWS);
    if (o < p->outputs) few_run(p, o, cols, 1, p->outputs - o);
}

#define FEW(n)                                                                                     \
    static void few_##n(const tenon__conv_few *p)                                                  \
    {                                                                                              \
        few(p, n);                                                                                 \
    }
FEW(1)
FEW(2)
FEW(3)
FEW(4)
FEW(5)
FEW(6)
FEW(7)
FEW(8)
#undef FEW

static void (*const fews[TENON__CONV_FEW])(const tenon__conv_few *) = {
    few_1, few_2, few_3, few_4, few_5, few_6, few_7, few_8,
};
