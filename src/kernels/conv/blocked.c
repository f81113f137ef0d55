/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of blocked convolution, cut into products; and the packing of their weights. */
#include "kernels/conv/blocked.h"

#include <string.h>

/* ---- weights ---- */

void tenon__conv_pack_block(const tenon__conv_row *row, const void *w, const void *factor,
                            int64_t outputs, int64_t channels, int64_t taps, int64_t block,
                            float *dst)
{
    enum { PIECE = 64 }; /* of k at a time: all lanes' lines stay in the cache */
    const int64_t blocks = (outputs + TENON__BLOCK - 1) / TENON__BLOCK, depth = channels * taps;
    int64_t g = block / row->blocks;
    if (g == tenon__conv_groups(row, blocks)) g--; /* the last group's odd block */
    const int64_t width = tenon__conv_group_blocks(row, blocks, g) * TENON__BLOCK;
    float *to =
        dst + g * row->blocks * TENON__BLOCK * depth + (block - g * row->blocks) * TENON__BLOCK;
    for (int64_t from = 0; from < depth; from += PIECE) {
        const int64_t end = from + PIECE < depth ? from + PIECE : depth;
        for (int64_t lane = 0; lane < TENON__BLOCK; lane++) {
            const int64_t m = block * TENON__BLOCK + lane;
            int64_t c = from / taps, t = from % taps;
            float f = 1, x = 0;
            if (m < outputs && factor)
                memcpy(&f, (const uint8_t *)factor + m * (int64_t)sizeof f, sizeof f);
            const uint8_t *src = (const uint8_t *)w + (m * depth + from) * (int64_t)sizeof x;
            for (int64_t k = from; k < end; k++, src += sizeof x) {
                if (m < outputs) memcpy(&x, src, sizeof x);
                to[(t * channels + c) * width + lane] = x * f;
                if (++t == taps) {
                    t = 0;
                    c++;
                }
            }
        }
    }
}

/* ---- lines ---- */

/* Positions [*low, *high) of o, o + 1, ..., o + n - 1, counted from o, whose tap t lies inside. */
static void inside(const tenon__conv_axis *a, int64_t o, int64_t n, int64_t t, int64_t *low,
                   int64_t *high)
{
    const int64_t first = a->first + o * a->step + t * a->delta;
    *low = first < 0 ? (-first + a->step - 1) / a->step : 0;
    *high = first >= a->in ? 0 : (a->in - 1 - first) / a->step + 1;
    if (*high > n) *high = n;
    if (*low >= *high) *low = *high = 0;
}

static void run(const tenon__conv_line *l, const tenon__conv_product *p, int64_t positions)
{
    l->row->product[l->blocks - 1][positions - 1](p);
}

/* Some taps of which lie in the padding: the taps are taken in runs of columns that concern the
 * same positions. */
static void run_edge(const tenon__conv_line *l, tenon__conv_product p, int64_t o, int64_t n)
{
    const tenon__conv_axis *a = &l->axis;
    const int64_t width = l->blocks * TENON__BLOCK, tap = l->channels * width;
    const int64_t lines = p.rows;
    const float *w = p.w;
    float sums[TENON__CONV_MAX_PIXELS * TENON__CONV_MAX_BLOCKS * TENON__BLOCK];
    p.rows = 0;
    p.to = sums;
    run(l, &p, n); /* the bias */
    for (int64_t r = 0; r < lines; r++)
        for (int64_t t = 0, next; t < a->taps; t = next) {
            int64_t low, high, other_low, other_high;
            inside(a, o, n, t, &low, &high);
            for (next = t + 1; next < a->taps; next++) {
                inside(a, o, n, next, &other_low, &other_high);
                if (other_low != low || other_high != high) break;
            }
            if (low == high) continue;
            tenon__conv_product part = p;
            part.rows = 1;
            part.cols = next - t;
            part.x = l->x + (l->at + (l->tap_from + r) * l->tap_delta) * l->pitch +
                     (a->first + (o + low) * a->step + t * a->delta) * l->pixel;
            part.w = w + r * p.w_row + t * tap;
            part.from = part.to = sums + low * width;
            run(l, &part, high - low);
        }
    p.from = sums;
    p.to = NULL;
    run(l, &p, n);
}

#define COPY_FLOATS 4096

/* The input under a few positions of a plain line, with zeros in the padding; false where it is too
 * much. */
static bool copy_plain(const tenon__conv_line *l, tenon__conv_product *p, int64_t o, int64_t n,
                       float *copy)
{
    const tenon__conv_axis *a = &l->axis;
    const int64_t width = (n - 1) * a->step + (a->taps - 1) * a->delta + 1;
    if (l->lanes != 1 || width * p->rows * l->channels > COPY_FLOATS) return false;
    const int64_t at = a->first + o * a->step;
    const int64_t low = at < 0 ? (-at < width ? -at : width) : 0;
    int64_t high = a->in - at < width ? a->in - at : width;
    if (high < low) high = low;
    float *to = copy;
    for (int64_t c = 0; c < l->channels; c++)
        for (int64_t r = 0; r < p->rows; r++, to += width) {
            const float *src =
                l->x + c * l->block + (l->at + (l->tap_from + r) * l->tap_delta) * l->pitch + at;
            for (int64_t i = 0; i < low; i++)
                to[i] = 0;
            for (int64_t i = low; i < high; i++)
                to[i] = src[i];
            for (int64_t i = high; i < width; i++)
                to[i] = 0;
        }
    p->x = copy;
    p->row = width;
    p->block = width * p->rows;
    return true;
}

void tenon__conv_line_run(const tenon__conv_line *l)
{
    const tenon__conv_axis *a = &l->axis;
    const int64_t most = l->row->most[l->blocks - 1], tap = l->channels * l->blocks * TENON__BLOCK;
    const int64_t count = l->to - l->from, chunks = (count + most - 1) / most;
    const bool tail = tenon__conv_tail(l->epilogue);
    float copy[COPY_FLOATS];
    tenon__conv_product p = {
        .step = a->step * l->pixel,
        .rows = l->tap_to - l->tap_from,
        .row = l->tap_delta * l->pitch,
        .cols = a->taps,
        .col = a->delta * l->pixel,
        .channels = l->channels,
        .lanes = l->lanes,
        .block = l->block,
        .w = l->w + l->tap_from * a->taps * tap,
        .w_row = a->taps * tap,
        .bias = l->bias,
        .y_block = l->y_block,
    };
    tenon__conv_bounds(l->epilogue, &p.low, &p.high);
    for (int64_t c = 0; c < chunks; c++) {
        const int64_t o = l->from + count * c / chunks, end = l->from + count * (c + 1) / chunks;
        const int64_t n = end - o, first = a->first + o * a->step;
        const int64_t last = first + (n - 1) * a->step + (a->taps - 1) * a->delta;
        tenon__conv_product q = p;
        q.y = l->y + o * TENON__BLOCK;
        if (l->residual) q.residual = l->residual + o * TENON__BLOCK;
        q.x = l->x + (l->at + l->tap_from * l->tap_delta) * l->pitch + first * l->pixel;
        if ((first >= 0 && last < a->in) || copy_plain(l, &q, o, n, copy))
            run(l, &q, n);
        else
            run_edge(l, q, o, n);
        for (int b = 0; b < l->blocks && tail; b++)
            l->row->activate(l->epilogue, q.y + b * l->y_block, n * TENON__BLOCK);
    }
}
