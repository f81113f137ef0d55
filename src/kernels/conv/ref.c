/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution in plain C: what the other rows must agree with. */
#include "kernels/conv/conv.h"

#define ROWS 4
#define COLS 8

static void panel(const tenon__conv_panel *p, int rows)
{
    for (int r = 0; r < rows; r++)
        for (int64_t c = 0; c < p->cols; c++) {
            const int64_t at = r * p->stride + c;
            float sum = !p->first ? p->y[at] : p->bias ? p->bias[r] : 0.0f;
            for (int64_t k = 0; k < p->k; k++)
                sum += p->w[k * rows + r] * p->b[k * COLS + c];
            if (p->last) {
                if (p->residual) sum += p->residual[at];
                sum = tenon__activate(p->epilogue, sum);
            }
            p->y[at] = sum;
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

const tenon__conv_row tenon__conv_ref = {
    .name = "ref",
    .needs = 0,
    .rows = ROWS,
    .cols = COLS,
    .panel = panels,
};
