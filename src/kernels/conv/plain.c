/* SPDX-License-Identifier: Apache-2.0 */
/* The plain form of convolution: panels of gathered input against panels of packed weights. Few
 * positions are in few.c. */
#include <math.h>
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

size_t tenon__conv_scratch(const tenon__conv_row *row, int64_t k)
{
    const size_t panels = (size_t)(k_block(k) * row->cols) * sizeof(float);
    const size_t few = tenon__conv_few_scratch(k);
    return panels > few ? panels : few;
}

/* Whether k is one plane after the other as they lie, so that nothing need be gathered. */
static bool lies_ready(const tenon__conv_grid *g)
{
    const tenon__conv_axis *a = &g->axis[0];
    return g->rank == 1 && a->taps == 1 && a->step == 1 && a->first == 0 && a->count == a->in;
}

/* All output channels by columns [c, c + cols) of the block, one block of k. */
static void run_panels(const tenon__conv_block *b, int64_t c, int64_t cols, const float *panel,
                       int64_t panel_row, int64_t k0, int64_t depth)
{
    const tenon__conv_row *row = b->row;
    const int64_t k = b->channels * b->grid->taps;
    tenon__conv_panel p = {.k = depth,
                           .cols = cols,
                           .b = panel,
                           .b_row = panel_row,
                           .stride = b->stride,
                           .first = k0 == 0,
                           .last = k0 + depth == k,
                           .low = -INFINITY,
                           .high = INFINITY};
    if (p.last) tenon__conv_bounds(b->epilogue, &p.low, &p.high);
    for (int64_t o = b->out_from; o < b->out_to; o += row->rows) {
        const int64_t rows = b->out_to - o < row->rows ? b->out_to - o : row->rows;
        const int64_t at = (o - b->out_from) * b->stride + c;
        p.w = b->w + o * k + k0 * rows;
        p.y = b->y + at;
        p.residual = b->residual ? b->residual + at : NULL;
        p.bias = b->bias ? b->bias + (o - b->out_from) : NULL;
        row->panel[rows - 1](&p);
    }
}

static void run_blocks(const tenon__conv_block *b)
{
    const tenon__conv_row *row = b->row;
    const int64_t k = b->channels * b->grid->taps, step = k_block(k), positions = b->to - b->from;
    const bool ready = lies_ready(b->grid);
    float *panels = b->scratch;
    for (int64_t k0 = 0; k0 < k || k0 == 0; k0 += step) {
        const int64_t depth = k - k0 < step ? k - k0 : step;
        for (int64_t c = 0; c < positions; c += row->cols) {
            const int64_t cols = positions - c < row->cols ? positions - c : row->cols;
            if (ready && cols == row->cols) {
                run_panels(b, c, cols, b->x + k0 * b->grid->plane + b->from + c, b->grid->plane, k0,
                           depth);
                continue;
            }
            tenon__conv_gather(b->grid, b->x, k0, k0 + depth, b->from + c, cols, row->cols, panels);
            run_panels(b, c, cols, panels, row->cols, k0, depth);
        }
        if (step == 0) break;
    }
}

void tenon__conv_run(const tenon__conv_block *b)
{
    const tenon__conv_row *row = b->row;
    const int64_t k = b->channels * b->grid->taps, positions = b->to - b->from;
    /* The last panel, or the only one, may be few columns. */
    const int64_t rest = positions % row->cols, panels = positions - rest;
    const bool few = tenon__conv_is_few(k, rest);
    if (!few || panels) {
        tenon__conv_block part = *b;
        part.to -= few ? rest : 0;
        run_blocks(&part);
    }
    if (few) {
        tenon__conv_block part = *b;
        part.from += panels;
        part.y += panels;
        if (part.residual) part.residual += panels;
        tenon__conv_few_run(&part);
    }
    for (int64_t o = b->out_from; tenon__conv_tail(b->epilogue) && o < b->out_to; o++)
        row->activate(b->epilogue, b->y + (o - b->out_from) * b->stride, positions);
}
