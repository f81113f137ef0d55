/* SPDX-License-Identifier: Apache-2.0 */
/* Resampling with NEON: the plain loops, compiled for it. */
#include "kernels/resize/resize_tmpl.h"

TENON__RESIZE_WHOLE

static void across(float *dst, const float *src, const int32_t *index, const float *weight,
                   int taps, int64_t n)
{
    plain_across(dst, src, index, weight, taps, n);
}

static void pick4(void *dst, const void *src, const int32_t *index, int64_t n)
{
    plain_pick4(dst, src, index, n);
}

extern const tenon__resize_row tenon__resize_neon;
const tenon__resize_row tenon__resize_neon = {
    "neon", TENON__CPU_NEON, across, across_u8, across_wide, mix, store_u8, pick4};
