/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution in plain C: what the other rows must agree with. */
#include "kernels/conv/blocked.h"

#define ROWS 4
#define COLS 8

static void panel(const tenon__conv_panel *p, int rows)
{
    for (int r = 0; r < rows; r++)
        for (int64_t c = 0; c < p->cols; c++) {
            const int64_t at = r * p->stride + c;
            float sum = !p->first ? p->y[at] : p->bias ? p->bias[r] : 0.0f;
            for (int64_t k = 0; k < p->k; k++)
                sum += p->w[k * rows + r] * p->b[k * p->b_row + c];
            if (p->last && p->residual) sum += p->residual[at];
            sum = sum < p->low ? p->low : sum;
            p->y[at] = sum > p->high ? p->high : sum;
        }
}

static void panel_1(const tenon__conv_panel *p)
{
    panel(p, 1);
}

static void panel_2(const tenon__conv_panel *p)
{
    panel(p, 2);
}

static void panel_3(const tenon__conv_panel *p)
{
    panel(p, 3);
}

static void panel_4(const tenon__conv_panel *p)
{
    panel(p, 4);
}

static void (*const panels[ROWS])(const tenon__conv_panel *) = {panel_1, panel_2, panel_3, panel_4};

static void few(const tenon__conv_few *p, int cols)
{
    for (int64_t o = 0; o < p->outputs; o++)
        for (int c = 0; c < cols; c++) {
            const int64_t first = o / ROWS * ROWS, at = o * p->stride + c;
            const int64_t rows = p->outputs - first < ROWS ? p->outputs - first : ROWS;
            float sum = p->bias ? p->bias[o] : 0.0f;
            for (int64_t k = 0; k < p->k; k++)
                sum += p->w[first * p->k + k * rows + o - first] * p->a[k * cols + c];
            if (p->residual) sum += p->residual[at];
            sum = sum < p->low ? p->low : sum;
            p->y[at] = sum > p->high ? p->high : sum;
        }
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

static void (*const fews[TENON__CONV_FEW])(const tenon__conv_few *) = {few_1, few_2, few_3, few_4,
                                                                       few_5, few_6, few_7, few_8};

static void lines(const tenon__conv_taps *p, int outputs)
{
    for (int r = 0; r < outputs; r++)
        for (int64_t i = 0; i < p->count; i++) {
            float sum = p->y[r * p->stride + i];
            for (int64_t t = 0; t < p->taps; t++) {
                const int64_t place = t * (p->shift_delta * p->phases + p->phase_delta);
                const int64_t at = place % p->phases * p->phase + place / p->phases + i;
                sum += p->w[t * outputs + r] * p->x[at];
            }
            p->y[r * p->stride + i] = sum;
        }
}

static void lines_1(const tenon__conv_taps *p)
{
    lines(p, 1);
}

static void lines_2(const tenon__conv_taps *p)
{
    lines(p, 2);
}

static void (*const line_fns[TENON__CONV_LINE_OUTPUTS])(const tenon__conv_taps *) = {lines_1,
                                                                                     lines_2};

static void product(const tenon__conv_product *p, int pixels)
{
    for (int i = 0; i < pixels; i++)
        for (int lane = 0; lane < TENON__BLOCK; lane++) {
            const int64_t at = i * TENON__BLOCK + lane;
            float sum = p->from ? p->from[at] : p->bias[lane];
            for (int64_t t = 0; t < p->rows * p->cols; t++) {
                const int64_t r = t / p->cols, c = t % p->cols;
                const float *x = p->x + r * p->row + c * p->col + i * p->step;
                const float *w = p->w + r * p->w_row + c * p->channels * TENON__BLOCK + lane;
                for (int64_t k = 0; k < p->channels; k++)
                    sum += x[k / p->lanes * p->block + k % p->lanes] * w[k * TENON__BLOCK];
            }
            if (p->to) {
                p->to[at] = sum;
                continue;
            }
            if (p->residual) sum += p->residual[at];
            sum = sum < p->low ? p->low : sum;
            p->y[at] = sum > p->high ? p->high : sum;
        }
}

#define PRODUCT(n)                                                                                 \
    static void product_##n(const tenon__conv_product *p)                                          \
    {                                                                                              \
        product(p, n);                                                                             \
    }
PRODUCT(1)
PRODUCT(2)
PRODUCT(3)
PRODUCT(4)
PRODUCT(5)

static const tenon__conv_product_fn products[] = {product_1, product_2, product_3, product_4,
                                                  product_5};

static void activate(const tenon__epilogue *e, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = tenon__activate(e, y[i]);
}

const tenon__conv_row tenon__conv_ref = {
    .name = "ref",
    .needs = 0,
    .rows = ROWS,
    .cols = COLS,
    .panel = panels,
    .few = fews,
    .lines = line_fns,
    .blocks = 1,
    .most = {5},
    .product = {products},
    .activate = activate,
};
