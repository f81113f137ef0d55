/* SPDX-License-Identifier: Apache-2.0 */
/* One channel of bytes over the vectors of vec_*.h. The including file defines ROW, NAME and NEEDS.
 *
 * Sums of few products of bytes are exact in f32. Some lines of the input are laid out as floats
 * less the zero point, padding and all, apart by their remainders by the steps: then each tap adds
 * a stretch of neighbours, over the ends of lines, where nothing is kept. */
#include "kernels/qconv/qconv.h"
#include "kernels/unroll.h"

#include <math.h>
#include <string.h>

#define MAX_TAPS 256 /* times 255 * 255 is below 2^24 */
#define WIDE     4   /* vectors of sums at a time */

typedef struct layout {
    const tenon__qconv_plane *p;
    tenon__conv_axis h, w;
    int64_t phases_h, phases_w; /* no more than there are taps, or steps */
    int64_t pitch, lines;       /* floats of a line, lines of a phase */
    int64_t rows;               /* of the output at a time */
} layout;

/* False where another way must do. */
static bool lay_out(const tenon__qconv_plane *p, layout *l)
{
    const tenon__conv_grid *g = p->grid;
    const tenon__conv_axis one = {.in = 1, .count = 1, .taps = 1, .step = 1, .delta = 1};
    if (g->rank > 2 || g->taps > MAX_TAPS || p->from % g->axis[g->rank - 1].count ||
        p->to % g->axis[g->rank - 1].count)
        return false;
    *l = (layout){.p = p, .h = g->rank == 2 ? g->axis[0] : one, .w = g->axis[g->rank - 1]};
    if (l->h.delta < 0 || l->w.delta < 0) return false;
    const int64_t reach_h = (l->h.taps - 1) * l->h.delta, reach_w = (l->w.taps - 1) * l->w.delta;
    l->phases_h = l->h.step < reach_h + 1 ? l->h.step : reach_h + 1;
    l->phases_w = l->w.step < reach_w + 1 ? l->w.step : reach_w + 1;
    l->pitch = l->w.count + reach_w / l->w.step;
    const int64_t room = TENON__QCONV_PLANE_FLOATS - WIDE * VF, planes = l->phases_h * l->phases_w;
    if (l->pitch > room || planes > room) return false;
    l->rows = room / (planes * l->pitch) - reach_h / l->h.step;
    const int64_t wanted = (p->to - p->from) / l->w.count;
    if (l->rows > wanted) l->rows = wanted;
    return l->rows > 0;
}

static int32_t weight(const tenon__qconv_plane *p, int64_t t)
{
    const int32_t w = p->w_signed ? ((const int8_t *)p->w)[t] : ((const uint8_t *)p->w)[t];
    return w - p->w_zero;
}

/* Loops of a constant length, that the compiler makes a vector of. */
#define LAY(count)                                                                                 \
    for (; i + (count) <= high; i += (count))                                                      \
        for (int j = 0; j < (count); j++)                                                          \
            to[i + j] = (float)((int32_t)(uint8_t)(x[(i + j) * step] ^ flip) - zero);

TENON__INLINE void lay_bytes(const uint8_t *x, int64_t low, int64_t high, int64_t step,
                             uint8_t flip, int32_t zero, float *to)
{
    int64_t i = low;
    LAY(16)
    LAY(4)
    LAY(1)
}

/* One line of one phase of the columns. */
static void lay_line(const layout *l, int64_t y, int64_t phase, float *to)
{
    const tenon__qconv_plane *p = l->p;
    const int64_t first = l->w.first + phase, step = l->w.step;
    int64_t low = first < 0 ? (-first + step - 1) / step : 0;
    int64_t high = first >= l->w.in ? 0 : (l->w.in - 1 - first) / step + 1;
    if (y < 0 || y >= l->h.in) high = 0;
    if (high > l->pitch) high = l->pitch;
    if (low > high) low = high;
    const uint8_t *x = (const uint8_t *)p->x + y * l->w.in + first;
    const uint8_t flip = p->x_signed ? 0x80 : 0; /* s8 + 128 is u8 with the top bit turned */
    const int32_t zero = p->x_zero + (p->x_signed ? 128 : 0);
    for (int64_t i = 0; i < low; i++)
        to[i] = 0;
    if (step == 1)
        lay_bytes(x, low, high, 1, flip, zero, to);
    else if (step == 2)
        lay_bytes(x, low, high, 2, flip, zero, to);
    else
        lay_bytes(x, low, high, step, flip, zero, to);
    for (int64_t i = high; i < l->pitch; i++)
        to[i] = 0;
}

/* The input under output lines [o, o + rows). */
static void lay_lines(const layout *l, int64_t o)
{
    float *to = l->p->scratch;
    for (int64_t a = 0; a < l->phases_h; a++)
        for (int64_t b = 0; b < l->phases_w; b++)
            for (int64_t i = 0; i < l->lines; i++, to += l->pitch)
                lay_line(l, l->h.first + (o + i) * l->h.step + a, b, to);
    for (int i = 0; i < WIDE * VF; i++) /* what sums past the last read */
        to[i] = 0;
}

#define SUMS (WIDE * VF)

/* Rounds as qgemm does; all lanes, also those that are no positions. */
static void requantise(const tenon__qconv_plane *p, const float *sum, uint8_t *y)
{
    const float low = p->out == TENON__QGEMM_I8 ? -128 : 0, zero = (float)p->y_zero;
    const float least = low - zero, most = low + 255 - zero, scale = p->scale;
    const uint32_t bias = (uint32_t)p->bias;
    const int32_t y_zero = p->y_zero;
    int32_t whole[SUMS];
    for (int i = 0; i < SUMS; i++) {
        float v = (float)(int32_t)((uint32_t)(int32_t)sum[i] + bias) * scale;
        v = v > least ? v : least; /* NaN too */
        v = v < most ? v : most;
        whole[i] = (int32_t)rintf(v) + y_zero;
    }
    for (int i = 0; i < SUMS; i++)
        y[i] = (uint8_t)whole[i];
}

/* Sums [at, at + SUMS) of the laid out lines: those that are positions of output lines o, o + 1,
 * ... */
static void store(const layout *l, const float *sum, int64_t at, int64_t o)
{
    const tenon__qconv_plane *p = l->p;
    const bool words = p->out == TENON__QGEMM_I32;
    const int64_t n = l->rows * l->pitch, end = at + SUMS < n ? at + SUMS : n;
    const size_t size = words ? sizeof(uint32_t) : 1;
    uint32_t done[SUMS];
    if (words)
        for (int i = 0; i < SUMS; i++)
            done[i] = (uint32_t)(int32_t)sum[i] + (uint32_t)p->bias;
    else
        requantise(p, sum, (uint8_t *)done);
    int64_t row = at / l->pitch;
    for (int64_t i = at; i < end; i = ++row * l->pitch) {
        const int64_t column = i - row * l->pitch;
        int64_t some = l->w.count - column;
        if (some > end - i) some = end - i;
        if (some <= 0) continue;
        const int64_t to = (o + row) * l->w.count + column - p->from;
        memcpy((uint8_t *)p->y + (size_t)to * size, (const uint8_t *)done + (size_t)(i - at) * size,
               (size_t)some * size);
    }
}

static void run_rows(const layout *l, const float *w, const int64_t *offset, int64_t o)
{
    const tenon__qconv_plane *p = l->p;
    const int64_t n = l->rows * l->pitch, taps = p->grid->taps;
    for (int64_t at = 0; at < n; at += WIDE * VF) {
        const float *x = p->scratch + at;
        vf sum[WIDE];
        float sums[WIDE * VF];
        TENON__UNROLL
        for (int i = 0; i < WIDE; i++)
            sum[i] = vf_set1(0);
        for (int64_t t = 0; t < taps; t++) {
            const vf a = vf_set1(w[t]);
            TENON__UNROLL
            for (int i = 0; i < WIDE; i++)
                sum[i] = vf_fma(vf_load(x + offset[t] + i * VF), a, sum[i]);
        }
        TENON__UNROLL
        for (int i = 0; i < WIDE; i++)
            vf_store(sums + i * VF, sum[i]);
        store(l, sums, at, o);
    }
}

static void plane(const tenon__qconv_plane *p)
{
    layout l;
    float w[MAX_TAPS];
    int64_t offset[MAX_TAPS];
    if (!lay_out(p, &l)) {
        tenon__qconv_plane_any(p);
        return;
    }
    const int64_t end = p->to / l.w.count, most = l.rows;
    for (int64_t o = p->from / l.w.count; o < end; o += l.rows) {
        l.rows = end - o < most ? end - o : most;
        l.lines = l.rows + (l.h.taps - 1) * l.h.delta / l.h.step;
        for (int64_t t = 0; t < p->grid->taps; t++) {
            const int64_t y = t / l.w.taps * l.h.delta, x = t % l.w.taps * l.w.delta;
            const int64_t phase = y % l.h.step * l.phases_w + x % l.w.step;
            w[t] = (float)weight(p, t);
            offset[t] = (phase * l.lines + y / l.h.step) * l.pitch + x / l.w.step;
        }
        lay_lines(&l, o);
        run_rows(&l, w, offset, o);
    }
}

const tenon__qconv_row ROW = {.name = NAME, .needs = NEEDS, .plane = plane};
