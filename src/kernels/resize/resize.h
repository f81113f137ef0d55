/* SPDX-License-Identifier: Apache-2.0 */
/* Resampling one row, and mixing rows: what Resize is made of, in f32. */
#ifndef TENON_KERNELS_RESIZE_RESIZE_H
#define TENON_KERNELS_RESIZE_RESIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/cpu.h"

#define TENON__RESIZE_MIX 4

typedef struct tenon__resize_row {
    const char *name;
    tenon__cpu_bits needs;
    /* dst[x] = sum over k of weight[x * taps + k] * src[index[x * taps + k]], for n places. */
    void (*across)(float *dst, const float *src, const int32_t *index, const float *weight,
                   int taps, int64_t n);
    void (*across_u8)(float *dst, const uint8_t *src, const int32_t *index, const float *weight,
                      int taps, int64_t n);
    /* The same where each place is `inner` neighbours; places of src and dst lie src_step and
     * dst_step elements apart. */
    void (*across_wide)(float *dst, int64_t dst_step, const float *src, int64_t src_step,
                        const int32_t *index, const float *weight, int taps, int64_t n,
                        int64_t inner);
    /* dst[i] = (add ? dst[i] : 0) + sum over k below count (at most TENON__RESIZE_MIX) of
     * weight[k] * rows[k][i]. dst may be none of the rows. */
    void (*mix)(float *dst, const float *const *rows, const float *weight, int count, bool add,
                int64_t n);
    /* Rounds to nearest even and clamps to [0, 255]; NaN gives 0. */
    void (*store_u8)(uint8_t *dst, const float *src, int64_t n);
    /* dst[x] = src[index[x]] for 4-byte elements. */
    void (*pick4)(void *dst, const void *src, const int32_t *index, int64_t n);
} tenon__resize_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__resize_row *const tenon__resize_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__resize_row *tenon__resize_find(tenon__cpu_bits cpu);

#endif
