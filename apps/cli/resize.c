/* SPDX-License-Identifier: Apache-2.0 */
/* Bilinear resizing with half-pixel centres. A picture that shrinks is averaged over the width of
 * an output pixel (a triangle filter, stretched), so that nothing is left out: what Pillow calls
 * BILINEAR, and torchvision antialias. The arithmetic is Pillow's: weights of 22 bits, along rows
 * first, then along columns, rounded to 8 bits after each. (Pillow 13 sometimes takes the other
 * order, which moves a pixel by 1 at most.) */
#include <math.h>
#include <stdlib.h>

#include "picture.h"

enum { WEIGHT_BITS = 32 - 8 - 2 };

/* Which inputs make an output along one axis. */
typedef struct taps {
    int first, count;
    int32_t *weights;
} taps;

typedef struct axis {
    taps *taps; /* one for each output */
    int32_t *weights;
} axis;

static void fill_taps(taps *t, int index, double scale, double support, int in)
{
    double center = (index + 0.5) * scale, over = 1.0 / support, sum = 0;
    int first = (int)(center - support + 0.5), last = (int)(center + support + 0.5);
    if (first < 0) first = 0;
    if (last > in) last = in;
    t->first = first;
    t->count = last - first;
    for (int pass = 0; pass < 2; pass++) { /* the sum of the weights, then their share of it */
        for (int i = 0; i < t->count; i++) {
            double far = fabs((first + i - center + 0.5) * over), w = far < 1 ? 1 - far : 0;
            if (pass)
                t->weights[i] = (int32_t)(0.5 + w / sum * (1 << WEIGHT_BITS));
            else
                sum += w;
        }
    }
}

static bool make_axis(axis *a, int in, int out)
{
    double scale = (double)in / out, support = scale < 1 ? 1 : scale;
    size_t most = (size_t)ceil(support) * 2 + 1;
    a->taps = malloc((size_t)out * sizeof *a->taps);
    a->weights = malloc((size_t)out * most * sizeof *a->weights);
    if (!a->taps || !a->weights) return false;
    for (int i = 0; i < out; i++) {
        a->taps[i].weights = a->weights + (size_t)i * most;
        fill_taps(&a->taps[i], i, scale, support, in);
    }
    return true;
}

static uint8_t weigh(const taps *t, const uint8_t *src, size_t stride)
{
    int32_t sum = 1 << (WEIGHT_BITS - 1);
    for (int i = 0; i < t->count; i++)
        sum += src[(size_t)(t->first + i) * stride] * t->weights[i];
    sum >>= WEIGHT_BITS;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static void resize_columns(const picture *p, const axis *a, int width, uint8_t *dst)
{
    size_t channels = (size_t)p->channels, row = (size_t)p->width * channels;
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < width; x++)
            for (size_t c = 0; c < channels; c++)
                *dst++ = weigh(&a->taps[x], p->pixels + (size_t)y * row + c, channels);
}

static void resize_rows(const picture *p, const axis *a, int height, uint8_t *dst)
{
    size_t row = (size_t)p->width * (size_t)p->channels;
    for (int y = 0; y < height; y++)
        for (size_t i = 0; i < row; i++)
            *dst++ = weigh(&a->taps[y], p->pixels + i, row);
}

/* One of the two passes. */
static bool resize_along(picture *p, bool columns, int size)
{
    axis a;
    int in = columns ? p->width : p->height;
    if (in == size) return true;
    size_t other = (size_t)(columns ? p->height : p->width) * (size_t)p->channels;
    uint8_t *dst = malloc(other * (size_t)size);
    bool ok = make_axis(&a, in, size) && dst;
    if (ok) {
        if (columns)
            resize_columns(p, &a, size, dst);
        else
            resize_rows(p, &a, size, dst);
        free(p->pixels);
        p->pixels = dst;
        *(columns ? &p->width : &p->height) = size;
    } else {
        free(dst);
    }
    free(a.taps);
    free(a.weights);
    return ok;
}

bool picture_resize(picture *p, int width, int height)
{
    return resize_along(p, true, width) && resize_along(p, false, height);
}
