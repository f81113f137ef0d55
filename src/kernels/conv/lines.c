/* SPDX-License-Identifier: Apache-2.0 */
/* The plain form for one or two outputs: too few to pay for gathering, so each line of the input is
 * read as it lies, shifted by each tap. Where windows reach outside, or positions are steps apart,
 * a line is copied first, with zeros around it, the positions of each remainder together. */
#include <string.h>

#include "kernels/conv/conv.h"

/* Positions that share a copied line. */
#define STRETCH 1024
/* Floats of one. */
#define COPY_MAX     65536
#define STEP_MAX     8
#define COUNT_MIN    16
#define INTERIOR_MIN 512

static const tenon__conv_axis *last_axis(const tenon__conv_grid *g)
{
    return &g->axis[g->rank - 1];
}

/* Floats from one phase of a copied line to the next. */
static int64_t phase_floats(const tenon__conv_axis *a, int64_t count)
{
    return count + (a->taps - 1) * a->delta / a->step + 1;
}

bool tenon__conv_is_lines(const tenon__conv_grid *g, int64_t outputs)
{
    const tenon__conv_axis *a = last_axis(g);
    if (outputs < 1 || outputs > TENON__CONV_LINE_OUTPUTS || g->taps < 2 || a->count < COUNT_MIN)
        return false;
    if (a->delta < 1 || a->step < 1 || a->step > STEP_MAX || a->taps > COPY_MAX / a->delta)
        return false;
    return phase_floats(a, STRETCH) * a->step <= COPY_MAX;
}

size_t tenon__conv_lines_scratch(const tenon__conv_grid *g)
{
    const tenon__conv_axis *a = last_axis(g);
    return (size_t)(phase_floats(a, STRETCH) * a->step) * sizeof(float);
}

/* What positions [from, from + count) read of a line, zero outside of it. */
static void copy_line(const tenon__conv_axis *a, const float *line, int64_t from, int64_t count,
                      float *to)
{
    const int64_t phase = phase_floats(a, count);
    for (int64_t p = 0; p < a->step; p++, to += phase) {
        const int64_t at = a->first + from * a->step + p;
        int64_t low = at < 0 ? (-at + a->step - 1) / a->step : 0;
        int64_t high = at < a->in ? (a->in - 1 - at) / a->step + 1 : 0;
        if (high > phase) high = phase;
        if (low > high) low = high;
        for (int64_t i = 0; i < low; i++)
            to[i] = 0;
        if (a->step == 1 && low < high)
            memcpy(to + low, line + at + low, (size_t)(high - low) * sizeof(float));
        else
            for (int64_t i = low; i < high; i++)
                to[i] = line[at + i * a->step];
        for (int64_t i = high; i < phase; i++)
            to[i] = 0;
    }
}

/* A stretch of one output line: positions [from, from + count) of the last axis. */
typedef struct stretch {
    const tenon__conv_block *b;
    int64_t at[TENON__CONV_AXES]; /* of the other axes: input position under tap 0 */
    int64_t from, count;
    float *y;
    bool inside; /* all windows lie within the line, and next to each other */
} stretch;

/* All taps along one line of the input. */
static void add_line(const stretch *s, const float *line, const float *w)
{
    const tenon__conv_block *b = s->b;
    const tenon__conv_axis *a = last_axis(b->grid);
    tenon__conv_taps t = {.count = s->count,
                          .taps = a->taps,
                          .phases = a->step,
                          .phase = phase_floats(a, s->count),
                          .phase_delta = a->delta % a->step,
                          .shift_delta = a->delta / a->step,
                          .x = b->scratch,
                          .w = w,
                          .y = s->y,
                          .stride = b->stride};
    if (s->inside)
        t.x = line + a->first + s->from;
    else
        copy_line(a, line, s->from, s->count, b->scratch);
    b->row->lines[b->out_to - b->out_from - 1](&t);
}

/* Channel by channel, tap by tap of the other axes; lines outside the input add nothing. */
static void add_lines(const stretch *s)
{
    const tenon__conv_block *b = s->b;
    const tenon__conv_grid *g = b->grid;
    const int64_t outputs = b->out_to - b->out_from, along = last_axis(g)->taps;
    const int64_t outer = g->taps / along;
    const float *w = b->w + b->out_from * b->channels * g->taps;
    for (int64_t c = 0; c < b->channels; c++) {
        int64_t tap[TENON__CONV_AXES] = {0};
        for (int64_t t = 0; t < outer; t++, w += along * outputs) {
            int64_t offset = 0;
            bool inside = true;
            for (int d = 0; d < g->rank - 1; d++) {
                const int64_t x = s->at[d] + tap[d] * g->axis[d].delta;
                inside &= x >= 0 && x < g->axis[d].in;
                offset = offset * g->axis[d].in + x;
            }
            if (inside) add_line(s, b->x + c * g->plane + offset * last_axis(g)->in, w);
            for (int d = g->rank - 2; d >= 0 && ++tap[d] == g->axis[d].taps; d--)
                tap[d] = 0;
        }
    }
}

static void finish(const tenon__conv_block *b, float *y, const float *residual, int64_t count)
{
    float low, high;
    tenon__conv_bounds(b->epilogue, &low, &high);
    for (int64_t i = 0; i < count; i++) {
        const float v = residual ? y[i] + residual[i] : y[i];
        const float over = v < low ? low : v;
        y[i] = over > high ? high : over;
    }
}

static void run_stretch(stretch *s, int64_t from, int64_t to)
{
    const tenon__conv_block *b = s->b;
    const tenon__conv_axis *a = last_axis(b->grid);
    float *line = s->y;
    for (; from < to; from += s->count) {
        s->from = from;
        s->count = to - from < STRETCH ? to - from : STRETCH;
        const int64_t first = a->first + from * a->step;
        s->inside =
            a->step == 1 && first >= 0 && first + s->count - 1 + (a->taps - 1) * a->delta < a->in;
        for (int64_t r = 0; r < b->out_to - b->out_from; r++)
            for (int64_t i = 0; i < s->count; i++)
                s->y[r * b->stride + i] = b->bias ? b->bias[r] : 0.0f;
        add_lines(s);
        s->y += s->count;
    }
    s->y = line;
}

/* Positions [*low, *high) of a line whose windows lie within the input, if they are so many that
 * the rest is better apart. */
static void interior(const tenon__conv_axis *a, int64_t *low, int64_t *high)
{
    const int64_t reach = (a->taps - 1) * a->delta;
    *low = a->first < 0 ? -a->first : 0;
    *high = a->in - reach - a->first;
    if (a->step != 1 || *high - *low < INTERIOR_MIN) *low = *high = 0;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

void tenon__conv_lines_run(const tenon__conv_block *b)
{
    const tenon__conv_grid *g = b->grid;
    const tenon__conv_axis *a = last_axis(g);
    int64_t low, high;
    interior(a, &low, &high);
    for (int64_t at = b->from, end; at < b->to; at = end) {
        const int64_t line = at / a->count, from = at % a->count;
        const int64_t to = b->to - at < a->count - from ? from + b->to - at : a->count;
        const int64_t cut[4] = {from, clamp(low, from, to), clamp(high, from, to), to};
        stretch s = {.b = b};
        end = at + to - from;
        for (int64_t d = g->rank - 2, rest = line; d >= 0; rest /= g->axis[d--].count)
            s.at[d] = g->axis[d].first + rest % g->axis[d].count * g->axis[d].step;
        for (int i = 0; i < 3; i++) {
            s.y = b->y + at - b->from + cut[i] - from;
            run_stretch(&s, cut[i], cut[i + 1]);
        }
    }
    for (int64_t r = 0; r < b->out_to - b->out_from; r++) {
        const int64_t row = r * b->stride, count = b->to - b->from;
        finish(b, b->y + row, b->residual ? b->residual + row : NULL, count);
        if (tenon__conv_tail(b->epilogue)) b->row->activate(b->epilogue, b->y + row, count);
    }
}
