/* SPDX-License-Identifier: Apache-2.0 */
/* The plain form of convolution: panels of gathered input against panels of packed weights. */
#include <string.h>

#include "kernels/conv/conv.h"

/* Floats of k that a gathered panel holds: it and a panel of weights stay in L1. */
#define K_BLOCK 192

void tenon__conv_pack(const tenon__conv_row *row, const tenon__conv_weights *w, int64_t channels,
                      int64_t from, int64_t to, float *dst)
{
    int64_t taps = 1;
    for (int i = 0; i < w->rank; i++)
        taps *= w->count[i];
    const char *data = w->data;
    const int64_t k = channels * taps;
    for (int64_t o = from; o < to; o += row->rows) {
        int64_t rows = to - o < row->rows ? to - o : row->rows;
        float *panel = dst + o * k;
        for (int64_t c = 0; c < channels; c++) {
            int64_t t[TENON__CONV_AXES] = {0};
            for (int64_t i = 0; i < taps; i++) {
                int64_t at = w->first + o * w->output + c * w->channel;
                for (int d = 0; d < w->rank; d++)
                    at += t[d] * w->tap[d];
                for (int64_t r = 0; r < rows; r++)
                    memcpy(panel++, data + (at + r * w->output) * (int64_t)sizeof(float),
                           sizeof(float));
                for (int d = w->rank - 1; d >= 0 && ++t[d] == w->count[d]; d--)
                    t[d] = 0;
            }
        }
    }
}

static int64_t k_block(int64_t k)
{
    int64_t blocks = (k + K_BLOCK - 1) / K_BLOCK;
    return blocks ? (k + blocks - 1) / blocks : 0;
}

size_t tenon__conv_scratch(const tenon__conv_row *row, int64_t k, int64_t positions)
{
    int64_t panels = (positions + row->cols - 1) / row->cols;
    return (size_t)(k_block(k) * panels * row->cols) * sizeof(float);
}

void tenon__conv_run(const tenon__conv_block *b)
{
    const tenon__conv_row *row = b->row;
    const int64_t k = b->channels * b->grid->taps, step = k_block(k), cols = b->to - b->from;
    float *panels = b->scratch;
    for (int64_t k0 = 0; k0 < k || k0 == 0; k0 += step) {
        int64_t depth = k - k0 < step ? k - k0 : step;
        for (int64_t c = 0; c < cols; c += row->cols)
            tenon__conv_gather(b->grid, b->x, k0, k0 + depth, b->from + c,
                               cols - c < row->cols ? cols - c : row->cols, row->cols,
                               panels + c * depth);
        for (int64_t c = 0; c < cols; c += row->cols)
            for (int64_t o = b->out_from; o < b->out_to; o += row->rows) {
                int64_t rows = b->out_to - o < row->rows ? b->out_to - o : row->rows;
                int64_t at = (o - b->out_from) * b->stride + c;
                tenon__conv_panel p = {
                    .k = depth,
                    .cols = cols - c < row->cols ? cols - c : row->cols,
                    .w = b->w + o * k + k0 * rows,
                    .b = panels + c * depth,
                    .y = b->y + at,
                    .residual = b->residual ? b->residual + at : NULL,
                    .bias = b->bias ? b->bias + (o - b->out_from) : NULL,
                    .stride = b->stride,
                    .first = k0 == 0,
                    .last = k0 + depth == k,
                    .epilogue = b->epilogue,
                };
                row->panel[rows - 1](&p);
            }
        if (step == 0) break;
    }
}
