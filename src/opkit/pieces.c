/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor and the pieces that lie side by side in it along an axis. */
#include "opkit/pieces.h"

#include "opkit/copy.h"

#define LONG_ROW_BYTES (1 << 19)
#define CHUNK_BYTES    (1 << 18)

uint32_t tenon__pieces_init(tenon__pieces *p, const tenon__view *whole, int axis, uint32_t count)
{
    unsigned bits = tenon_dtype_bits(whole->dtype);
    p->axis = axis;
    p->outer = tenon__dims_product(whole->dims, 0, axis);
    p->chunks = 1;
    p->rows_per_tile = p->outer;
    p->row_bytes = tenon__dims_product(whole->dims, axis, whole->rank) * (bits < 8 ? 1 : bits / 8);
    p->chunk_bytes = p->row_bytes;
    if (p->outer == 0 || p->row_bytes == 0) return 0;
    if (bits < 8) return 1; /* bytes are shared between pieces */
    if (p->row_bytes >= LONG_ROW_BYTES) {
        p->chunk_bytes = CHUNK_BYTES;
        p->chunks = (p->row_bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
        return (uint32_t)(p->outer * p->chunks);
    }
    return tenon__tiles(p->outer, 4.0 * count + 0.06 * (double)p->row_bytes, &p->rows_per_tile);
}

static int64_t piece_bytes(const tenon__pieces *p, const tenon__view *v)
{
    return tenon__dims_product(v->dims, p->axis, v->rank) * (tenon_dtype_bits(v->dtype) / 8);
}

static void run_packed(const tenon__pieces *p, const tenon__view *whole,
                       const tenon__view *const *pieces, uint32_t count, bool join)
{
    int64_t strides[TENON_MAX_RANK], own[TENON_MAX_RANK], at = 0;
    tenon__dense_strides(whole->rank, whole->dims, strides);
    for (uint32_t i = 0; i < count; i++) {
        const tenon__view *v = pieces[i];
        tenon__copy copy;
        tenon__dense_strides(v->rank, v->dims, own);
        if (join) {
            tenon__copy_init(&copy, 0, v->dtype, v->rank, v->dims, 0, own, at * strides[p->axis],
                             strides);
            tenon__copy_all(&copy, v->data, whole->data);
        } else {
            tenon__copy_init(&copy, 0, v->dtype, v->rank, v->dims, at * strides[p->axis], strides,
                             0, own);
            tenon__copy_all(&copy, whole->data, v->data);
        }
        at += v->dims[p->axis];
    }
}

/* Bytes [from, to) of a row of the whole. */
static void run_chunk(const tenon__pieces *p, uint8_t *whole, const tenon__view *const *pieces,
                      uint32_t count, bool join, int64_t row, int64_t from, int64_t to)
{
    int64_t at = 0;
    for (uint32_t i = 0; i < count && at < to; i++) {
        int64_t bytes = piece_bytes(p, pieces[i]);
        int64_t low = from > at ? from : at, high = to < at + bytes ? to : at + bytes;
        if (low < high) {
            uint8_t *one = (uint8_t *)pieces[i]->data + row * bytes + (low - at);
            uint8_t *all = whole + row * p->row_bytes + low;
            if (one != all) memcpy(join ? all : one, join ? one : all, (size_t)(high - low));
        }
        at += bytes;
    }
}

void tenon__pieces_run(const tenon__pieces *p, const tenon__view *whole,
                       const tenon__view *const *pieces, uint32_t count, bool join, uint32_t tile)
{
    if (tenon_dtype_bits(whole->dtype) < 8) {
        run_packed(p, whole, pieces, count, join);
        return;
    }
    if (p->chunks > 1) {
        int64_t from = tile % p->chunks * p->chunk_bytes;
        int64_t to = p->row_bytes - from < p->chunk_bytes ? p->row_bytes : from + p->chunk_bytes;
        run_chunk(p, whole->data, pieces, count, join, tile / p->chunks, from, to);
        return;
    }
    int64_t row = (int64_t)tile * p->rows_per_tile, rows = p->outer - row;
    if (rows > p->rows_per_tile) rows = p->rows_per_tile;
    uint8_t *all = (uint8_t *)whole->data + row * p->row_bytes;
    for (uint32_t i = 0; i < count; i++) {
        int64_t bytes = piece_bytes(p, pieces[i]);
        if (!bytes) continue;
        uint8_t *one = (uint8_t *)pieces[i]->data + row * bytes;
        const bool lies = one == all; /* it was made there */
        if (join && !lies) tenon__rows_copy(all, p->row_bytes, one, bytes, bytes, rows);
        if (!join) tenon__rows_copy(one, bytes, all, p->row_bytes, bytes, rows);
        all += bytes;
    }
}
