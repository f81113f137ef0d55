/* SPDX-License-Identifier: Apache-2.0 */
/* Winograd transforms in plain C, lane by lane. */
#include <stdint.h>

typedef float vf;
enum { VF = 1 };

static inline vf vf_set1(float x)
{
    return x;
}

static inline vf vf_load(const float *p)
{
    return *p;
}

static inline void vf_store(float *p, vf v)
{
    *p = v;
}

static inline vf vf_add(vf a, vf b)
{
    return a + b;
}

static inline vf vf_sub(vf a, vf b)
{
    return a - b;
}

static inline vf vf_mul(vf a, vf b)
{
    return a * b;
}

static inline vf vf_fma(vf a, vf b, vf c)
{
    return a * b + c;
}

static inline vf vf_clip(vf v, vf low, vf high)
{
    v = v < low ? low : v;
    return v > high ? high : v;
}

#define ROW   tenon__winograd_ref
#define NAME  "ref"
#define NEEDS 0
#include "kernels/winograd/winograd_tmpl.h"
