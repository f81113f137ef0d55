/* SPDX-License-Identifier: Apache-2.0 */
/* The table of depthwise convolutions of bytes, and their packed weights. */
#include <string.h>

#include "kernels/qconv/qconv.h"

#define ROWS(family, stem) extern const tenon__qconv_row tenon__##family##_##stem;
#include "kernels_qconv.inc"
#undef ROWS

const tenon__qconv_row *const tenon__qconv_rows[] = {
#define ROWS(family, stem) &tenon__##family##_##stem,
#include "kernels_qconv.inc"
#undef ROWS
    NULL};

static int32_t byte_at(const void *data, int64_t i, bool is_signed)
{
    return is_signed ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
}

static int32_t zero_of(const tenon__qconv_weights *w, int64_t channel)
{
    return w->zero ? byte_at(w->zero, channel * w->zero_step, w->is_signed) : 0;
}

static bool is_narrow(const tenon__qconv_weights *w)
{
    for (int64_t c = 0; c < w->channels; c++) {
        const int32_t zero = zero_of(w, c);
        if (w->is_signed && zero == 0) continue;
        for (int64_t t = 0; t < w->taps; t++) {
            const int32_t v = byte_at(w->w, c * w->taps + t, w->is_signed) - zero;
            if (v < INT8_MIN || v > INT8_MAX) return false;
        }
    }
    return true;
}

const tenon__qconv_row *tenon__qconv_find(tenon__cpu_bits cpu, const tenon__qconv_weights *w)
{
    const tenon__qconv_row *const *row = tenon__qconv_rows;
    while (row[1] && ((row[0]->needs & ~cpu) != 0 || (row[0]->narrow && !is_narrow(w))))
        row++;
    return row[0];
}

static int64_t blocks_of(const tenon__qconv_row *row, int64_t channels)
{
    return channels / row->block + (channels % row->block != 0);
}

bool tenon__qconv_packed_bytes(const tenon__qconv_row *row, int64_t channels, int64_t taps,
                               size_t *sums_at, size_t *out)
{
    const size_t lanes = (size_t)blocks_of(row, channels) * (size_t)row->block;
    const size_t depth = (size_t)(taps + row->taps - 1) / (size_t)row->taps * (size_t)row->taps;
    return tenon__mul(lanes * (row->narrow ? 1 : 2), depth, sums_at) &&
           tenon__add(*sums_at, lanes * sizeof(int32_t), out);
}

/* The tap that lies in a place of a lane, counted over all lanes; `taps` and more: none. */
static int64_t tap_of(const tenon__qconv_row *row, int64_t place, int64_t taps)
{
    if (!row->by_column || taps != 9) return place;
    return place % 4 < 3 ? place % 4 * 3 + place / 4 : taps;
}

void tenon__qconv_pack(const tenon__qconv_row *row, const tenon__qconv_weights *w, void *dst)
{
    size_t sums_at, bytes, at = 0;
    if (!tenon__qconv_packed_bytes(row, w->channels, w->taps, &sums_at, &bytes)) return;
    int32_t *sums = (int32_t *)(void *)((uint8_t *)dst + sums_at);
    memset(dst, 0, bytes);
    for (int64_t b = 0; b * row->block < w->channels; b++) {
        const int64_t first = tenon__qconv_block_first(w->channels, row->block, b);
        for (int64_t tap = 0; tap < w->taps; tap += row->taps)
            for (int p = 0; p < row->block; p++)
                for (int t = 0; t < row->taps; t++, at++) {
                    const int64_t c = first + (row->order ? row->order[p] : p);
                    const int64_t from = tap_of(row, tap + t, w->taps);
                    if (c >= w->channels || from >= w->taps) continue;
                    const int32_t v =
                        byte_at(w->w, c * w->taps + from, w->is_signed) - zero_of(w, c);
                    if (row->narrow)
                        ((int8_t *)dst)[at] = (int8_t)v;
                    else
                        ((int16_t *)dst)[at] = (int16_t)v;
                }
    }
    for (int64_t c = 0; c < w->channels; c++)
        for (int64_t t = 0; t < w->taps; t++)
            sums[c] += byte_at(w->w, c * w->taps + t, w->is_signed) - zero_of(w, c);
}
