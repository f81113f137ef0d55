/* SPDX-License-Identifier: Apache-2.0 */
/* One channel of bytes, whatever its axes: integer sums over stretches of a line. */
#include "kernels/qconv/qconv.h"

#include <math.h>

#define STRETCH 256

/* acc[i] += (x[i * step] - zero) * w for i in [0, n). */
#define ADD_TAP(name, type, step)                                                                  \
    static void name(uint32_t *acc, const void *at, int64_t n, int64_t any, int32_t zero,          \
                     int32_t w)                                                                    \
    {                                                                                              \
        const type *x = at;                                                                        \
        (void)any;                                                                                 \
        for (int64_t i = 0; i < n; i++)                                                            \
            acc[i] += (uint32_t)(((int32_t)x[i * (step)] - zero) * w);                             \
    }
ADD_TAP(add_u1, uint8_t, 1)
ADD_TAP(add_u2, uint8_t, 2)
ADD_TAP(add_u, uint8_t, any)
ADD_TAP(add_s1, int8_t, 1)
ADD_TAP(add_s2, int8_t, 2)
ADD_TAP(add_s, int8_t, any)

typedef void (*add_fn)(uint32_t *, const void *, int64_t, int64_t, int32_t, int32_t);

static add_fn add_of(bool is_signed, int64_t step)
{
    if (is_signed) return step == 1 ? add_s1 : step == 2 ? add_s2 : add_s;
    return step == 1 ? add_u1 : step == 2 ? add_u2 : add_u;
}

static int32_t byte_of(const void *data, int64_t at, bool is_signed)
{
    return is_signed ? ((const int8_t *)data)[at] : ((const uint8_t *)data)[at];
}

/* All taps over output positions of one line, [o, o + n) along the last axis, the others at `at`.
 */
static void add_line(const tenon__qconv_plane *p, const int64_t *at, int64_t o, int64_t n,
                     uint32_t *acc)
{
    const tenon__conv_grid *g = p->grid;
    const int last = g->rank - 1;
    const tenon__conv_axis *a = &g->axis[last];
    const add_fn add = add_of(p->x_signed, a->step);
    int64_t tap[TENON__CONV_AXES] = {0};
    for (int64_t t = 0; t < g->taps;) {
        int64_t row = 0;
        for (int i = 0; i < last && row >= 0; i++) {
            const int64_t pos = at[i] + tap[i] * g->axis[i].delta;
            row = pos < 0 || pos >= g->axis[i].in ? -1 : row * g->axis[i].in + pos;
        }
        for (int64_t k = 0; k < a->taps && row >= 0; k++) {
            const int64_t first = a->first + o * a->step + k * a->delta;
            int64_t low = first < 0 ? (-first + a->step - 1) / a->step : 0;
            int64_t high = first >= a->in ? 0 : (a->in - 1 - first) / a->step + 1;
            if (high > n) high = n;
            if (low >= high) continue;
            add(acc + low, (const uint8_t *)p->x + row * a->in + first + low * a->step, high - low,
                a->step, p->x_zero, byte_of(p->w, t + k, p->w_signed) - p->w_zero);
        }
        t += a->taps;
        for (int i = last - 1; i >= 0 && ++tap[i] == g->axis[i].taps; i--)
            tap[i] = 0;
    }
}

/* With the bias, modulo 2^32, as the products of qgemm. */
static int32_t total(uint32_t acc, int32_t bias)
{
    const uint32_t sum = acc + (uint32_t)bias;
    int32_t out;
    memcpy(&out, &sum, sizeof out);
    return out;
}

static void store(const tenon__qconv_plane *p, const uint32_t *acc, int64_t at, int64_t n)
{
    if (p->out == TENON__QGEMM_I32) {
        for (int64_t i = 0; i < n; i++)
            ((int32_t *)p->y)[at + i] = total(acc[i], p->bias);
        return;
    }
    const float low = p->out == TENON__QGEMM_I8 ? -128 : 0, zero = (float)p->y_zero;
    const float least = low - zero, most = low + 255 - zero;
    uint8_t *y = (uint8_t *)p->y + at;
    for (int64_t i = 0; i < n; i++) {
        float v = (float)total(acc[i], p->bias) * p->scale;
        v = v > least ? v : least; /* NaN too */
        v = v < most ? v : most;
        y[i] = (uint8_t)((int32_t)rintf(v) + p->y_zero);
    }
}

void tenon__qconv_plane_run(const tenon__qconv_plane *p)
{
    const tenon__conv_grid *g = p->grid;
    const int last = g->rank - 1;
    for (int64_t at = p->from, n; at < p->to; at += n) {
        uint32_t acc[STRETCH];
        int64_t pos[TENON__CONV_AXES], rest = at / g->axis[last].count;
        const int64_t o = at % g->axis[last].count;
        for (int i = last - 1; i >= 0; i--) {
            pos[i] = g->axis[i].first + rest % g->axis[i].count * g->axis[i].step;
            rest /= g->axis[i].count;
        }
        n = g->axis[last].count - o;
        if (n > p->to - at) n = p->to - at;
        if (n > STRETCH) n = STRETCH;
        memset(acc, 0, (size_t)n * sizeof *acc);
        add_line(p, pos, o, n, acc);
        store(p, acc, at - p->from, n);
    }
}
