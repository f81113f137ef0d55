/* SPDX-License-Identifier: Apache-2.0 */
/* The transforms of F(4 x 4, 3 x 3) over vectors with the names of vec_*.h. The including file
 * defines vf_clip(v, low, high), ROW, NAME and NEEDS. */
#include "kernels/unroll.h"
#include "kernels/winograd/winograd.h"

#define IN  6
#define OUT TENON__WINOGRAD_OUT

/* A line of the input, six points of it. */
TENON__INLINE void input_line(const vf *d, vf *o)
{
    const vf four = vf_set1(4), five = vf_set1(-5), minus = vf_set1(-4), two = vf_set1(2);
    const vf a = vf_fma(minus, d[2], d[4]), b = vf_fma(minus, d[1], d[3]);
    const vf c = vf_sub(d[4], d[2]), e = vf_mul(two, vf_sub(d[3], d[1]));
    o[0] = vf_fma(four, d[0], vf_fma(five, d[2], d[4]));
    o[1] = vf_add(a, b);
    o[2] = vf_sub(a, b);
    o[3] = vf_add(c, e);
    o[4] = vf_sub(c, e);
    o[5] = vf_fma(four, d[1], vf_fma(five, d[3], d[5]));
}

/* Six points to four outputs. */
TENON__INLINE void output_line(const vf *m, vf *o)
{
    const vf a = vf_add(m[1], m[2]), b = vf_sub(m[1], m[2]);
    const vf c = vf_add(m[3], m[4]), d = vf_sub(m[3], m[4]);
    o[0] = vf_add(m[0], vf_add(a, c));
    o[1] = vf_fma(vf_set1(2), d, b);
    o[2] = vf_fma(vf_set1(4), c, a);
    o[3] = vf_add(vf_fma(vf_set1(8), d, b), m[5]);
}

TENON__INLINE void patch_lane(const tenon__winograd_patch *p, int lane, const bool edge)
{
    vf e[IN * IN];
    const float *x = p->x + (p->top * p->width + p->left) * TENON__BLOCK + lane;
    TENON__UNROLL
    for (int j = 0; j < IN; j++) {
        vf d[IN], o[IN];
        const bool column = !edge || (uint64_t)(p->left + j) < (uint64_t)p->width;
        TENON__UNROLL
        for (int i = 0; i < IN; i++) {
            d[i] = vf_set1(0);
            if (!edge || (column && (uint64_t)(p->top + i) < (uint64_t)p->height))
                d[i] = vf_load(x + (i * p->width + j) * TENON__BLOCK);
        }
        input_line(d, o);
        TENON__UNROLL
        for (int i = 0; i < IN; i++)
            e[i * IN + j] = o[i];
    }
    float *v = p->v + lane;
    TENON__UNROLL
    for (int i = 0; i < IN; i++) {
        vf o[IN];
        input_line(e + i * IN, o);
        TENON__UNROLL
        for (int j = 0; j < IN; j++)
            vf_store(v + (i * IN + j) * p->point, o[j]);
    }
}

static void patch(const tenon__winograd_patch *p)
{
    const bool edge =
        p->top < 0 || p->left < 0 || p->top + IN > p->height || p->left + IN > p->width;
    for (int lane = 0; lane < TENON__BLOCK; lane += VF) {
        if (edge)
            patch_lane(p, lane, true);
        else
            patch_lane(p, lane, false);
    }
}

TENON__INLINE void result_lane(const tenon__winograd_result *r, int lane)
{
    vf e[OUT * IN];
    TENON__UNROLL
    for (int j = 0; j < IN; j++) {
        vf d[IN], o[OUT];
        TENON__UNROLL
        for (int i = 0; i < IN; i++)
            d[i] = vf_load(r->m + (i * IN + j) * r->point + lane);
        output_line(d, o);
        TENON__UNROLL
        for (int i = 0; i < OUT; i++)
            e[i * IN + j] = o[i];
    }
    const vf bias = vf_load(r->bias + lane), low = vf_set1(r->low), high = vf_set1(r->high);
    TENON__UNROLL
    for (int i = 0; i < OUT; i++) {
        vf o[OUT];
        if (i >= r->rows) break;
        output_line(e + i * IN, o);
        TENON__UNROLL
        for (int j = 0; j < OUT; j++) {
            const int64_t at = i * r->pitch + j * TENON__BLOCK + lane;
            if (j >= r->cols) break;
            vf v = vf_add(o[j], bias);
            if (r->residual) v = vf_add(v, vf_load(r->residual + at));
            vf_store(r->y + at, vf_clip(v, low, high));
        }
    }
}

static void result(const tenon__winograd_result *r)
{
    for (int lane = 0; lane < TENON__BLOCK; lane += VF)
        result_lane(r, lane);
}

/* A line of three taps, `step` doubles apart, at six points; sixteen lanes in loops that the
 * compiler makes vectors of. */
TENON__INLINE void weights_line(const double *w, int64_t step, double *u, int64_t u_step)
{
    for (int i = 0; i < TENON__BLOCK; i++) {
        const double a = w[i], b = w[step + i], c = w[2 * step + i];
        const double s = (a + c) * (-1.0 / 6), t = a * (1.0 / 24) + c * (1.0 / 6);
        u[i] = a * 0.25;
        u[u_step + i] = s - b * (1.0 / 6);
        u[2 * u_step + i] = s + b * (1.0 / 6);
        u[3 * u_step + i] = t + b * (1.0 / 12);
        u[4 * u_step + i] = t - b * (1.0 / 12);
        u[5 * u_step + i] = c;
    }
}

static void weights(const float *w, float *u, int64_t stride)
{
    double from[9 * TENON__BLOCK], half[IN * 3 * TENON__BLOCK], whole[IN * TENON__BLOCK];
    for (int i = 0; i < 9 * TENON__BLOCK; i++)
        from[i] = w[i];
    for (int j = 0; j < 3; j++) /* columns */
        weights_line(from + j * TENON__BLOCK, 3 * TENON__BLOCK, half + j * TENON__BLOCK,
                     3 * TENON__BLOCK);
    for (int i = 0; i < IN; i++) {
        weights_line(half + i * 3 * TENON__BLOCK, TENON__BLOCK, whole, TENON__BLOCK);
        for (int j = 0; j < IN; j++)
            for (int lane = 0; lane < TENON__BLOCK; lane++)
                u[(i * IN + j) * stride + lane] = (float)whole[j * TENON__BLOCK + lane];
    }
}

const tenon__winograd_row ROW = {
    .name = NAME, .needs = NEEDS, .patch = patch, .result = result, .weights = weights};
