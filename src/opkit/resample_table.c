/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a resampled axis. */
#include "opkit/resample_table.h"

#include <math.h>

#define FARTHEST 1e7

void tenon__resample_taps(const tenon__resample_attrs *a, tenon__resample_axis *axis)
{
    double reach = a->mode == TENON__RESAMPLE_CUBIC ? 2 : 1;
    double scale = a->antialias && axis->scale < 1 ? axis->scale : 1;
    if (a->mode == TENON__RESAMPLE_NEAREST) {
        axis->first = 0;
        axis->taps = 1;
        return;
    }
    /* A filter stretched by 1 / scale. */
    double first = floor(-reach / scale) + 1;
    axis->first = first < -FARTHEST ? 0 : (int)first;
    axis->taps = first < -FARTHEST ? 0 : 2 - 2 * axis->first;
}

/* In single precision, since that is what decides which place is nearest in other runtimes too. */
static float nearest_place(const tenon__resample_attrs *a, const tenon__resample_axis *axis,
                           int64_t i)
{
    const float x = (float)i, scale = (float)axis->scale, in = (float)axis->in,
                out = (float)axis->width;
    switch (a->coords) {
    case TENON__COORDS_ASYMMETRIC:
        return x / scale;
    case TENON__COORDS_TF_NEAREST:
        return (x + 0.5f) / scale;
    case TENON__COORDS_PYTORCH:
        return out > 1 ? (x + 0.5f) / scale - 0.5f : 0;
    case TENON__COORDS_ALIGN:
        return out == 1 ? 0 : x * (in - 1) / (out - 1);
    case TENON__COORDS_SYMMETRIC: {
        float offset = in / 2 * (1 - (float)axis->out / out);
        return offset + (x + 0.5f) / scale - 0.5f;
    }
    case TENON__COORDS_CROP: {
        const float start = (float)axis->roi_start, end = (float)axis->roi_end;
        if (out == 1) return 0.5f * (start + end) * (in - 1);
        return start * (in - 1) + x * (end - start) * (in - 1) / (out - 1);
    }
    default:
        return (x + 0.5f) / scale - 0.5f;
    }
}

static double place(const tenon__resample_attrs *a, const tenon__resample_axis *axis, int64_t i)
{
    const double x = (double)i, scale = axis->scale, in = (double)axis->in, out = axis->width;
    switch (a->coords) {
    case TENON__COORDS_ASYMMETRIC:
        return x / scale;
    case TENON__COORDS_TF_NEAREST:
        return (x + 0.5) / scale;
    case TENON__COORDS_PYTORCH:
        return out > 1 ? (x + 0.5) / scale - 0.5 : 0;
    case TENON__COORDS_ALIGN:
        return out == 1 ? 0 : x * (in - 1) / (out - 1);
    case TENON__COORDS_SYMMETRIC:
        return in / 2 * (1 - (double)axis->out / out) + (x + 0.5) / scale - 0.5;
    case TENON__COORDS_CROP:
        if (out == 1) return 0.5 * (axis->roi_start + axis->roi_end) * (in - 1);
        return axis->roi_start * (in - 1) +
               x * (axis->roi_end - axis->roi_start) * (in - 1) / (out - 1);
    default:
        return (x + 0.5) / scale - 0.5;
    }
}

static int32_t clamp_place(double x, int64_t in)
{
    return !(x > 0) ? 0 : x > (double)(in - 1) ? (int32_t)(in - 1) : (int32_t)x;
}

static float round_place(tenon__resample_round round, float x, double scale)
{
    switch (round) {
    case TENON__ROUND_FLOOR:
        return floorf(x);
    case TENON__ROUND_CEIL:
        return ceilf(x);
    case TENON__ROUND_PREFER_CEIL:
        return floorf(x) + (x - floorf(x) >= 0.5f ? 1.0f : 0.0f);
    case TENON__ROUND_SIMPLE:
        return scale < 1 ? ceilf(x) : floorf(x);
    default:
        return floorf(x) + (x - floorf(x) > 0.5f ? 1.0f : 0.0f);
    }
}

static double triangle(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static double cubic(double x, double a)
{
    x = fabs(x);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
}

/* The weight of tap k of a place, which lies `ratio` in (0, 1] behind its floor. */
static double tap(const tenon__resample_attrs *a, const tenon__resample_axis *axis, double scale,
                  double ratio, int k)
{
    double x = (axis->first + k - ratio) * scale;
    return a->mode == TENON__RESAMPLE_CUBIC ? cubic(x, (double)a->cubic_a) : triangle(x);
}

static void fill_one(const tenon__resample_attrs *a, const tenon__resample_axis *axis, int64_t i,
                     bool wide, uint8_t *work)
{
    int32_t *index = (int32_t *)(void *)(work + axis->index_at) + i * axis->taps;
    float *single = (float *)(void *)(work + axis->weight_at) + i * axis->taps;
    double *both = (double *)(void *)(work + axis->weight_at) + i * axis->taps;
    double scale = a->antialias && axis->scale < 1 ? axis->scale : 1, sum = 0;
    double x = place(a, axis, i), base = floor(x);
    if (base == x) base -= 1;
    for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k < axis->taps; k++) {
            double at = base + axis->first + k, weight = tap(a, axis, scale, x - base, k);
            if (a->exclude_outside && (at < 0 || at > (double)(axis->in - 1))) weight = 0;
            if (pass == 0) {
                sum += weight;
                index[k] = clamp_place(at, axis->in);
                continue;
            }
            /* Without stretching or exclusion the weights add up to 1 as they are. */
            if ((a->antialias || a->exclude_outside) && sum != 0) weight /= sum;
            if (wide)
                both[k] = weight;
            else
                single[k] = (float)weight;
        }
    }
    work[axis->outside_at + (size_t)i] =
        a->coords == TENON__COORDS_CROP && (x < 0 || x > (double)(axis->in - 1));
}

void tenon__resample_fill(const tenon__resample_attrs *a, const tenon__resample_axis *axis,
                          bool wide, uint8_t *work)
{
    int32_t *index = (int32_t *)(void *)(work + axis->index_at);
    for (int64_t i = 0; i < axis->out; i++) {
        if (a->mode != TENON__RESAMPLE_NEAREST) {
            fill_one(a, axis, i, wide, work);
            continue;
        }
        float x = nearest_place(a, axis, i);
        index[i] = clamp_place((double)round_place(a->round, x, axis->scale), axis->in);
        work[axis->outside_at + (size_t)i] =
            a->coords == TENON__COORDS_CROP && (x < 0 || x > (float)(axis->in - 1));
    }
}
