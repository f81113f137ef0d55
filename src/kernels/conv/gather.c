/* SPDX-License-Identifier: Apache-2.0 */
/* The input under a block of output positions, laid out as the panel of a product. */
#include <string.h>

#include "kernels/conv/conv.h"

void tenon__conv_grid_finish(tenon__conv_grid *grid)
{
    int last = 0;
    for (int i = 1; i < grid->rank; i++) {
        tenon__conv_axis *a = &grid->axis[last], b = grid->axis[i];
        bool whole = b.taps == 1 && b.step == 1 && b.first == 0 && b.in == b.count;
        if (whole && a->step == 1) {
            a->in *= b.in;
            a->count *= b.count;
            a->first *= b.in;
            a->delta *= b.in;
        } else {
            grid->axis[++last] = b;
        }
    }
    grid->rank = last + 1;
    grid->positions = grid->taps = grid->plane = 1;
    for (int i = 0; i < grid->rank; i++) {
        grid->positions *= grid->axis[i].count;
        grid->taps *= grid->axis[i].taps;
        grid->plane *= grid->axis[i].in;
    }
}

/* A run of positions along the last axis. */
typedef struct run {
    int64_t lane, len;
    int64_t at[TENON__CONV_AXES]; /* input position of its first column under tap 0 */
} run;

static int split_runs(const tenon__conv_grid *grid, int64_t from, int64_t cols, run *runs)
{
    int last = grid->rank - 1, n = 0;
    int64_t o[TENON__CONV_AXES], rest = from;
    for (int i = last; i >= 0; i--) {
        o[i] = rest % grid->axis[i].count;
        rest /= grid->axis[i].count;
    }
    for (int64_t lane = 0; lane < cols;) {
        run *r = &runs[n++];
        int64_t left = grid->axis[last].count - o[last];
        r->lane = lane;
        r->len = left < cols - lane ? left : cols - lane;
        for (int i = 0; i <= last; i++)
            r->at[i] = grid->axis[i].first + o[i] * grid->axis[i].step;
        lane += r->len;
        o[last] = 0;
        for (int i = last - 1; i >= 0 && ++o[i] == grid->axis[i].count; i--)
            o[i] = 0;
    }
    return n;
}

/* Where a walk over k stands: channel and tap. */
typedef struct walk {
    int64_t channel, tap[TENON__CONV_AXES];
} walk;

static walk walk_start(const tenon__conv_grid *grid, int64_t k)
{
    walk w;
    int64_t rest = k % grid->taps;
    w.channel = k / grid->taps;
    for (int i = grid->rank - 1; i >= 0; i--) {
        w.tap[i] = rest % grid->axis[i].taps;
        rest /= grid->axis[i].taps;
    }
    return w;
}

static inline void walk_next(const tenon__conv_grid *grid, walk *w)
{
    int i = grid->rank - 1;
    while (i >= 0 && ++w->tap[i] == grid->axis[i].taps)
        w->tap[i--] = 0;
    if (i < 0) w->channel++;
}

/* Offset of the run's row in the plane under the walk's tap, or -1 where it lies outside; *at is
 * the position along the last axis, possibly outside. */
static inline int64_t locate(const tenon__conv_grid *grid, const run *r, const walk *w, int64_t *at)
{
    int last = grid->rank - 1;
    int64_t offset = 0;
    for (int i = 0; i < last; i++) {
        const tenon__conv_axis *a = &grid->axis[i];
        int64_t pos = r->at[i] + w->tap[i] * a->delta;
        if (pos < 0 || pos >= a->in) return -1;
        offset = offset * a->in + pos;
    }
    *at = r->at[last] + w->tap[last] * grid->axis[last].delta;
    return offset * grid->axis[last].in;
}

/* Columns [*low, *high) of a run whose positions at, at + step, ... lie in [0, in). */
static inline void inside(const tenon__conv_axis *a, int64_t at, int64_t len, int64_t *low,
                          int64_t *high)
{
    if (a->step == 1) { /* most are, and a division takes as long as the copy */
        const int64_t from = at < 0 ? -at : 0, to = a->in - at < len ? a->in - at : len;
        *low = from < to ? from : 0;
        *high = from < to ? to : 0;
        return;
    }
    int64_t lo = at < 0 ? (-at + a->step - 1) / a->step : 0;
    int64_t hi = at >= a->in ? 0 : (a->in - 1 - at) / a->step + 1;
    if (hi > len) hi = len;
    *low = lo < hi ? lo : 0;
    *high = lo < hi ? hi : 0;
}

void tenon__conv_gather(const tenon__conv_grid *grid, const float *x, int64_t k0, int64_t k1,
                        int64_t from, int64_t cols, int64_t width, float *panel)
{
    run runs[TENON__CONV_MAX_COLS];
    if (k0 >= k1) return;
    int n = split_runs(grid, from, cols, runs);
    const tenon__conv_axis *a = &grid->axis[grid->rank - 1];
    walk w = walk_start(grid, k0);
    for (int64_t k = k0; k < k1; k++, walk_next(grid, &w), panel += width) {
        const float *plane = x + w.channel * grid->plane;
        for (int i = 0; i < n; i++) {
            const run *r = &runs[i];
            float *dst = panel + r->lane;
            int64_t at, low = 0, high = 0, row = locate(grid, r, &w, &at);
            if (row >= 0) inside(a, at, r->len, &low, &high);
            for (int64_t j = 0; j < low; j++)
                dst[j] = 0;
            if (low < high) {
                const float *src = plane + row + at + low * a->step;
                if (a->step == 1)
                    memcpy(dst + low, src, (size_t)(high - low) * sizeof(float));
                else
                    for (int64_t j = 0; j < high - low; j++)
                        dst[low + j] = src[j * a->step];
            }
            for (int64_t j = high; j < r->len; j++)
                dst[j] = 0;
        }
        for (int64_t j = cols; j < width; j++)
            panel[j] = 0;
    }
}

void tenon__conv_gather_bytes(const tenon__conv_grid *grid, const void *x, uint8_t fill, int64_t k0,
                              int64_t k1, int64_t from, int64_t cols, int64_t width, uint8_t *panel)
{
    run runs[TENON__CONV_MAX_COLS];
    if (k0 >= k1) return;
    int n = split_runs(grid, from, cols, runs);
    const tenon__conv_axis *a = &grid->axis[grid->rank - 1];
    walk w = walk_start(grid, k0);
    for (int64_t k = k0; k < k1; k++, walk_next(grid, &w), panel += width) {
        const uint8_t *plane = (const uint8_t *)x + w.channel * grid->plane;
        for (int i = 0; i < n; i++) {
            const run *r = &runs[i];
            uint8_t *dst = panel + r->lane;
            int64_t at = 0, low = 0, high = 0, row = locate(grid, r, &w, &at);
            if (row >= 0) inside(a, at, r->len, &low, &high);
            if (low > 0 || high < r->len) memset(dst, fill, (size_t)r->len);
            if (low == high) continue;
            const uint8_t *src = plane + row + at + low * a->step;
            if (a->step == 1)
                memcpy(dst + low, src, (size_t)(high - low));
            else
                for (int64_t j = 0; j < high - low; j++)
                    dst[low + j] = src[j * a->step];
        }
    }
}
