/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of bytes by matrix products. */
#include "kernels/qconv/qconv.h"

#include <string.h>

static int64_t element_bytes(tenon__qgemm_out out)
{
    return out == TENON__QGEMM_I32 ? 4 : 1;
}

/* Bytes of k on a line of its own; and the whole: what is gathered, turned, and multiplied. */
typedef struct room {
    int64_t k_row;
    size_t turned, done, gemm, total;
} room;

static bool room_of(const tenon__qgemm_row *gemm, int64_t k, int64_t positions, int64_t outputs,
                    room *m)
{
    size_t gathered, gemm_bytes;
    m->k_row = (k + 63) / 64 * 64 + 64;
    if (!tenon__mul((size_t)m->k_row, (size_t)positions + TENON__CONV_MAX_COLS, &gathered) ||
        !tenon__qgemm_scratch_bytes(gemm, k, &gemm_bytes))
        return false;
    m->turned = tenon__align_up(gathered, 64);
    m->done = m->turned * 2;
    m->gemm = m->done + tenon__align_up((size_t)(positions * outputs) * 4, 64);
    return tenon__add(m->gemm, gemm_bytes, &m->total);
}

bool tenon__qconv_scratch(const tenon__qgemm_row *gemm, int64_t k, int64_t positions,
                          int64_t outputs, size_t *out)
{
    room m;
    if (!room_of(gemm, k, positions, outputs, &m)) return false;
    *out = m.total;
    return true;
}

/* The rows of the product's left side: k bytes for each position. */
static const uint8_t *gather_rows(const tenon__qconv_block *b, const room *m, int64_t k)
{
    const tenon__conv_grid *g = b->grid;
    const tenon__conv_axis *a = &g->axis[0];
    const int64_t n = b->to - b->from;
    uint8_t *gathered = b->scratch, *turned = gathered + m->turned;
    if (g->rank == 1 && a->taps == 1 && a->step == 1 && a->first == 0 && a->count <= a->in) {
        b->transpose->fn[0]((const uint8_t *)b->x + b->from, g->plane, turned, m->k_row, k, n);
        return turned;
    }
    for (int64_t at = 0; at < n; at += TENON__CONV_MAX_COLS) {
        const int64_t cols = n - at < TENON__CONV_MAX_COLS ? n - at : TENON__CONV_MAX_COLS;
        tenon__conv_gather_bytes(g, b->x, (uint8_t)b->x_zero, 0, k, b->from + at, cols,
                                 TENON__CONV_MAX_COLS, gathered);
        b->transpose->fn[0](gathered, TENON__CONV_MAX_COLS, turned + at * m->k_row, m->k_row, k,
                            cols);
    }
    return turned;
}

void tenon__qconv_run(const tenon__qconv_block *b)
{
    const int64_t k = b->channels * b->grid->taps, n = b->to - b->from;
    const int64_t outputs = b->out_to - b->out_from, bytes = element_bytes(b->out);
    room m;
    if (!room_of(b->gemm, k, n, outputs, &m)) return; /* was checked when scratch was sized */
    const uint8_t *rows = gather_rows(b, &m, k);
    uint8_t *done = (uint8_t *)b->scratch + m.done;
    const tenon__qgemm product = {
        .m = n,
        .n = outputs,
        .k = k,
        .a = rows,
        .a_row = m.k_row,
        .a_col = 1,
        .a_signed = b->x_signed,
        .b_signed = b->w_signed,
        .a_zero = b->x_zero,
        .b = b->w,
        .b_zero = b->w_zero,
        .bias = b->bias,
        .out = b->out,
        .c = done,
        .c_row = outputs,
        .scale = b->scale,
        .y_zero = b->y_zero,
        .scratch = (uint8_t *)b->scratch + m.gemm,
    };
    b->gemm->run(&product);
    b->transpose->fn[bytes == 4 ? 2 : 0](done, outputs * bytes, b->y, b->stride * bytes, n,
                                         outputs);
}
