/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of bytes: sums of (x - x_zero) * (w - w_zero) in 32-bit integers, exact modulo 2^32,
 * then requantised. All rows give the same bits. The input under a block of output positions is
 * gathered as rows of a matrix and multiplied (qgemm); one channel at a time where a group has but
 * one. */
#ifndef TENON_KERNELS_QCONV_QCONV_H
#define TENON_KERNELS_QCONV_QCONV_H

#include "kernels/conv/conv.h"
#include "kernels/qgemm/qgemm.h"
#include "kernels/transpose/transpose.h"

/* A block of the output of one group in one batch. Arrays by output channel begin at out_from. */
typedef struct tenon__qconv_block {
    const tenon__qgemm_row *gemm;
    const tenon__transpose_row *transpose;
    const tenon__conv_grid *grid;
    int64_t channels; /* of the group */
    const void *x;    /* the group's first channel */
    const void *w;    /* panels of output channels [out_from, ...) by k = channel * taps + tap */
    int64_t from, to; /* positions */
    int64_t out_from, out_to; /* output channels; out_from a multiple of gemm->nr */
    void *y;                  /* at (out_from, from) */
    int64_t stride;           /* elements from one output channel to the next */
    bool x_signed, w_signed;
    int32_t x_zero, y_zero;
    const int32_t *w_zero; /* or NULL: all 0 */
    const int32_t *bias;   /* or NULL */
    const float *scale;    /* not for I32 */
    tenon__qgemm_out out;  /* I32, U8 or I8 */
    void *scratch;         /* tenon__qconv_scratch bytes */
} tenon__qconv_block;
/* For blocks of at most `positions` and `outputs`; false on overflow. */
bool tenon__qconv_scratch(const tenon__qgemm_row *gemm, int64_t k, int64_t positions,
                          int64_t outputs, size_t *out);
void tenon__qconv_run(const tenon__qconv_block *b);

/* One output channel of one input channel. */
typedef struct tenon__qconv_plane {
    const tenon__conv_grid *grid;
    const void *x;
    const void *w; /* grid->taps bytes */
    int64_t from, to;
    void *y; /* at `from` */
    bool x_signed, w_signed;
    int32_t x_zero, w_zero, bias, y_zero;
    float scale;
    tenon__qgemm_out out;
    float *scratch; /* TENON__QCONV_PLANE_FLOATS of them, aligned to 64 bytes */
} tenon__qconv_plane;
#define TENON__QCONV_PLANE_FLOATS 8192
/* For any axes and taps; the rows turn to it for what they have no better way for. */
void tenon__qconv_plane_any(const tenon__qconv_plane *p);

typedef struct tenon__qconv_row {
    const char *name;
    tenon__cpu_bits needs;
    void (*plane)(const tenon__qconv_plane *p);
} tenon__qconv_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__qconv_row *const tenon__qconv_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__qconv_row *tenon__qconv_find(tenon__cpu_bits cpu);

#endif
