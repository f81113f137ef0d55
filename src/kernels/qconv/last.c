/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of bytes, channels last: rows gathered for a product, and lines of depthwise ones. */
#include <string.h>

#include "kernels/qconv/qconv.h"

/* Most runs are short: two moves that may overlap. Nothing past n is touched. */
static inline void copy_run(uint8_t *to, const uint8_t *from, int64_t n)
{
    if (n > 64) {
        memcpy(to, from, (size_t)n);
    } else if (n >= 32) {
        memcpy(to, from, 32);
        memcpy(to + n - 32, from + n - 32, 32);
    } else if (n >= 16) {
        memcpy(to, from, 16);
        memcpy(to + n - 16, from + n - 16, 16);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else {
        for (int64_t i = 0; i < n; i++)
            to[i] = from[i];
    }
}

/* Taps [*from, *to) along an axis at position o that lie inside. */
static inline void inside(const tenon__conv_axis *a, int64_t o, int64_t *from, int64_t *to)
{
    const int64_t first = a->first + o * a->step;
    *from = first < 0 ? (-first + a->delta - 1) / a->delta : 0;
    *to = first >= a->in ? 0 : (a->in - 1 - first) / a->delta + 1;
    if (*to > a->taps) *to = a->taps;
    if (*from > *to) *from = *to;
}

/* One line of taps, which begins at x[0] of the line `x` (NULL: padding). */
static inline void gather_line(const tenon__qconv_image *m, const uint8_t *x, int64_t first,
                               int64_t from, int64_t to, uint8_t *out)
{
    const int64_t c = m->channels, step = m->w.delta * m->pixel;
    if (!x) from = to = 0;
    if (from > 0) memset(out, m->fill, (size_t)(from * c));
    if (step == c && from < to) {
        copy_run(out + from * c, x + (first + from) * c, (to - from) * c);
    } else {
        for (int64_t t = from; t < to; t++)
            copy_run(out + t * c, x + first * m->pixel + t * step, c);
    }
    if (to < m->w.taps) memset(out + to * c, m->fill, (size_t)((m->w.taps - to) * c));
}

/* Short lines, none of them in the padding, with bytes to read behind the last: they overlap what
 * comes next, which is written later. */
static inline void gather_short(const tenon__qconv_image *m, const uint8_t *x, int64_t line,
                                uint8_t *out)
{
    const int64_t down = m->h.delta * m->w.in * m->pixel;
    for (int64_t t = 0; t < m->h.taps; t++, x += down, out += line)
        memcpy(out, x, TENON__QCONV_SLACK);
}

void tenon__qconv_gather(const tenon__qconv_image *m, int64_t from, int64_t count, int64_t padded,
                         int64_t pitch, uint8_t *to)
{
    const int64_t line = m->w.taps * m->channels, width = m->w.in * m->pixel;
    const int64_t k = m->h.taps * line, reach_w = (m->w.taps - 1) * m->w.delta,
                  reach_h = (m->h.taps - 1) * m->h.delta;
    const uint8_t *end = m->x + m->batch * m->h.in * width;
    const bool is_short = line <= TENON__QCONV_SLACK && m->w.delta * m->pixel == m->channels;
    int64_t ow = from % m->w.count, oh = from / m->w.count % m->h.count,
            n = from / m->w.count / m->h.count;
    for (int64_t i = 0; i < count; i++, to += pitch) {
        const int64_t y = m->h.first + oh * m->h.step, x = m->w.first + ow * m->w.step;
        const uint8_t *image = m->x + n * m->h.in * width;
        const bool whole = x >= 0 && y >= 0 && x + reach_w < m->w.in && y + reach_h < m->h.in;
        if (whole && is_short &&
            end - image - (y + reach_h) * width - x * m->pixel >= TENON__QCONV_SLACK) {
            gather_short(m, image + y * width + x * m->pixel, line, to);
        } else {
            int64_t tap_from = 0, tap_to = m->w.taps;
            if (!whole) inside(&m->w, ow, &tap_from, &tap_to);
            for (int64_t t = 0; t < m->h.taps; t++) {
                const int64_t at = y + t * m->h.delta;
                gather_line(m, at < 0 || at >= m->h.in ? NULL : image + at * width, x, tap_from,
                            tap_to, to + t * line);
            }
        }
        for (int64_t b = k; b < padded; b++)
            to[b] = m->fill;
        if (++ow < m->w.count) continue;
        ow = 0;
        if (++oh < m->h.count) continue;
        oh = 0;
        n++;
    }
}

/* ---- depthwise ---- */

/* Addresses under position `o` of a line whose taps begin at line y of the image. Lines of padding
 * are as long as those of the image: addresses move together. */
static void aim(const tenon__qconv_image *m, const tenon__qconv_room *room, const uint8_t *image,
                int64_t y, int64_t o)
{
    const int64_t x = m->w.first + o * m->w.step;
    const uint8_t **at = room->at;
    for (int64_t a = 0; a < m->h.taps; a++, y += m->h.delta) {
        const bool in = y >= 0 && y < m->h.in;
        const uint8_t *line = in ? image + y * m->w.in * m->pixel : room->line;
        for (int64_t b = 0; b < m->w.taps; b++) {
            const int64_t column = x + b * m->w.delta;
            *at++ = column >= 0 && column < m->w.in ? line + column * m->pixel : room->line;
        }
    }
}

void tenon__qconv_depthwise_line(const tenon__qconv_row *row, const tenon__qconv_image *m,
                                 tenon__qconv_depthwise *d, const tenon__qconv_room *room,
                                 int64_t n, int64_t line)
{
    const uint8_t *image = m->x + n * m->h.in * m->w.in * m->pixel;
    const int64_t reach = (m->w.taps - 1) * m->w.delta;
    /* Positions [low, high) have all their columns inside. */
    const int64_t low = m->w.first < 0 ? (-m->w.first + m->w.step - 1) / m->w.step : 0;
    int64_t high = m->w.in - 1 - reach - m->w.first;
    high = high < 0 ? 0 : high / m->w.step + 1;
    if (high > m->w.count) high = m->w.count;
    uint8_t *y = d->y;
    d->at = room->at;
    for (int64_t t = 0; t < row->taps; t++)
        room->at[m->h.taps * m->w.taps + t] = room->line;
    for (int64_t o = 0; o < m->w.count; o += d->positions) {
        d->positions = o >= low && o < high ? high - o : 1;
        d->y = y + o * m->pixel;
        aim(m, room, image, m->h.first + line * m->h.step, o);
        row->depthwise(d);
    }
    d->y = y;
}
