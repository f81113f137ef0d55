/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of bytes: sums of (x - x_zero) * (w - w_zero) in 32-bit integers, exact modulo 2^32,
 * then requantised. All rows give the same bits. The input under a block of output positions is
 * gathered as rows of a matrix and multiplied (qgemm). One channel for one output has kernels of
 * its own where channels lie last. */
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

/* One output channel of one input channel, in plain C: for any axes and taps. */
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
} tenon__qconv_plane;
void tenon__qconv_plane_run(const tenon__qconv_plane *p);

/* ---- channels last ------------------------------------------------------------------------------
 * x is [batch, h.in, w.in, pixel], of which a group takes `channels`; the output has h.count *
 * w.count positions for each of the batch. */

typedef struct tenon__qconv_image {
    const uint8_t *x;
    tenon__conv_axis h, w;
    int64_t batch, channels, pixel;
    uint8_t fill; /* the byte that lies in the padding: the zero point */
} tenon__qconv_image;

/* The bytes under `count` positions from `from` on, a row of k = h.taps * w.taps * channels for
 * each, rows `pitch` apart; from k to `padded` they are `fill`. `to` has TENON__QCONV_SLACK bytes
 * more, which may be written. */
#define TENON__QCONV_SLACK 16
void tenon__qconv_gather(const tenon__qconv_image *m, int64_t from, int64_t count, int64_t padded,
                         int64_t pitch, uint8_t *to);

/* One weight for each channel and tap, less its zero point. */
typedef struct tenon__qconv_weights {
    const void *w; /* [channels, taps] */
    bool is_signed;
    const void *zero; /* of w's type, one or (zero_step 1) one for each channel; NULL: 0 */
    int zero_step;
    int64_t channels, taps;
} tenon__qconv_weights;

/* Some neighbouring positions of one output, all channels. Tap t of position i reads from at[t] +
 * i * stride. Byte x stands for x ^ 0x80 where x_signed. */
typedef struct tenon__qconv_depthwise {
    int64_t channels, taps, positions, stride;
    const uint8_t *const *at; /* taps, up to a multiple of row->taps; those past it are readable */
    const void *w;            /* packed */
    const int32_t *base;      /* by channel: what the sums begin with; whole blocks are readable */
    const float *scale;       /* the same */
    bool x_signed;
    int32_t y_zero;
    tenon__qgemm_out out; /* U8 or I8 */
    uint8_t *y;
} tenon__qconv_depthwise;

/* Blocks of channels: the last begins early enough to be whole where there are enough of them. */
static inline int64_t tenon__qconv_block_first(int64_t channels, int64_t block, int64_t index)
{
    const int64_t first = index * block, last = channels > block ? channels - block : 0;
    return first < last ? first : last;
}

typedef struct tenon__qconv_row {
    const char *name;
    tenon__cpu_bits needs;
    int taps, block; /* that meet in a lane; channels at a time */
    bool narrow;     /* weights less their zero points fit int8; else int16 */
    bool by_column;  /* nine taps are packed as three columns of three and one of weight 0 */
    /* Channel of each place in a block; NULL: in order. */
    const uint8_t *order;
    void (*depthwise)(const tenon__qconv_depthwise *d);
} tenon__qconv_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__qconv_row *const tenon__qconv_rows[];
/* The best row that these bits and weights allow; never NULL. */
const tenon__qconv_row *tenon__qconv_find(tenon__cpu_bits cpu, const tenon__qconv_weights *w);

/* Bytes of packed weights; false on overflow. Behind them lie their sums by channel. */
bool tenon__qconv_packed_bytes(const tenon__qconv_row *row, int64_t channels, int64_t taps,
                               size_t *sums_at, size_t *out);
void tenon__qconv_pack(const tenon__qconv_row *row, const tenon__qconv_weights *w, void *dst);

/* Addresses and a line of padding for the lines of one image. */
typedef struct tenon__qconv_room {
    const uint8_t **at;  /* taps and row->taps more */
    const uint8_t *line; /* padding: w.in positions, at least one */
} tenon__qconv_room;
/* Line `line` of batch `n`, whose outputs begin at d->y; d->at and positions are set here. */
void tenon__qconv_depthwise_line(const tenon__qconv_row *row, const tenon__qconv_image *m,
                                 tenon__qconv_depthwise *d, const tenon__qconv_room *room,
                                 int64_t n, int64_t line);

#endif
