/* SPDX-License-Identifier: Apache-2.0 */
/* The plain form under few output positions: the input under all of them, then one pass over the
 * weights. */
#include "kernels/conv/conv.h"

/* Floats of gathered input that stay in the second cache level beside the weights that pass. */
#define GATHER_MAX 65536

bool tenon__conv_is_few(int64_t k, int64_t positions)
{
    return positions > 0 && positions <= TENON__CONV_FEW && k <= GATHER_MAX / positions;
}

size_t tenon__conv_few_scratch(int64_t k)
{
    const int64_t most = k < GATHER_MAX / TENON__CONV_FEW ? k * TENON__CONV_FEW : GATHER_MAX;
    return (size_t)most * sizeof(float);
}

/* Whether the input is [k][positions] as it lies. */
static bool lies_ready(const tenon__conv_block *b)
{
    const tenon__conv_axis *a = &b->grid->axis[0];
    if (b->grid->rank != 1 || a->first != 0 || b->to - b->from != a->count) return false;
    if (a->taps == 1) return a->in == a->count && (a->step == 1 || a->count == 1);
    return a->count == 1 && a->delta == 1 && a->taps == a->in;
}

/* The block's positions on the input, under tap 0. */
static void locate_positions(const tenon__conv_block *b, int64_t (*at)[TENON__CONV_AXES])
{
    const tenon__conv_grid *g = b->grid;
    for (int64_t i = 0; i < b->to - b->from; i++) {
        int64_t rest = b->from + i;
        for (int d = g->rank - 1; d >= 0; d--) {
            const tenon__conv_axis *a = &g->axis[d];
            at[i][d] = a->first + rest % a->count * a->step;
            rest /= a->count;
        }
    }
}

/* Where a position reads its plane under a tap; -1 outside. */
static inline int64_t offset_of(const tenon__conv_grid *g, const int64_t *at, const int64_t *tap)
{
    int64_t offset = 0;
    for (int d = 0; d < g->rank; d++) {
        const tenon__conv_axis *a = &g->axis[d];
        const int64_t x = at[d] + tap[d] * a->delta;
        if (x < 0 || x >= a->in) return -1;
        offset = offset * a->in + x;
    }
    return offset;
}

/* More taps than channels, on one axis, forwards: the taps of a position lie in a row. */
static void gather_windows(const tenon__conv_block *b, float *to)
{
    const tenon__conv_axis *a = &b->grid->axis[0];
    const int64_t cols = b->to - b->from;
    for (int64_t i = 0; i < cols; i++) {
        const int64_t at = a->first + (b->from + i) * a->step;
        int64_t low = at < 0 ? (-at + a->delta - 1) / a->delta : 0;
        int64_t high = at < a->in ? (a->in - 1 - at) / a->delta + 1 : 0;
        if (high > a->taps) high = a->taps;
        if (low > high) low = high;
        for (int64_t c = 0; c < b->channels; c++) {
            const float *x = b->x + c * a->in;
            float *dst = to + c * a->taps * cols + i;
            for (int64_t t = 0; t < low; t++)
                dst[t * cols] = 0;
            for (int64_t t = low; t < high; t++)
                dst[t * cols] = x[at + t * a->delta];
            for (int64_t t = high; t < a->taps; t++)
                dst[t * cols] = 0;
        }
    }
}

/* Tap by tap, whose offsets are the same for all channels. */
static void gather(const tenon__conv_block *b, float *to)
{
    const tenon__conv_grid *g = b->grid;
    const int64_t cols = b->to - b->from, row = g->taps * cols;
    int64_t at[TENON__CONV_FEW][TENON__CONV_AXES], tap[TENON__CONV_AXES] = {0};
    locate_positions(b, at);
    for (int64_t t = 0; t < g->taps; t++) {
        int64_t offset[TENON__CONV_FEW];
        for (int64_t i = 0; i < cols; i++)
            offset[i] = offset_of(g, at[i], tap);
        for (int64_t i = 0; i < cols; i++) {
            const float *x = offset[i] < 0 ? b->x : b->x + offset[i];
            float *dst = to + t * cols + i;
            for (int64_t c = 0; offset[i] >= 0 && c < b->channels; c++)
                dst[c * row] = x[c * g->plane];
            for (int64_t c = 0; offset[i] < 0 && c < b->channels; c++)
                dst[c * row] = 0;
        }
        for (int d = g->rank - 1; d >= 0 && ++tap[d] == g->axis[d].taps; d--)
            tap[d] = 0;
    }
}

void tenon__conv_few_run(const tenon__conv_block *b)
{
    const int64_t k = b->channels * b->grid->taps, cols = b->to - b->from;
    tenon__conv_few p = {.k = k,
                         .outputs = b->out_to - b->out_from,
                         .w = b->w + b->out_from * k,
                         .a = b->scratch,
                         .y = b->y,
                         .residual = b->residual,
                         .bias = b->bias,
                         .stride = b->stride};
    if (lies_ready(b))
        p.a = b->x;
    else if (b->grid->rank == 1 && b->grid->axis[0].delta > 0 && b->grid->taps > b->channels)
        gather_windows(b, b->scratch);
    else
        gather(b, b->scratch);
    tenon__conv_bounds(b->epilogue, &p.low, &p.high);
    b->row->few[cols - 1](&p);
}
