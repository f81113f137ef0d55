/* SPDX-License-Identifier: Apache-2.0 */
/* Moving elements between two strided places: what Transpose, Slice, Expand, Tile and others come
 * down to. Dims are merged, runs of small elements become larger elements, and two dims that change
 * places go through the transposing kernels. */
#ifndef TENON_OPKIT_COPY_H
#define TENON_OPKIT_COPY_H

#include "graph/op.h"
#include "kernels/transpose/transpose.h"

#define TENON__COPY_RANK 32

typedef enum tenon__copy_kind {
    TENON__COPY_RUN,     /* innermost: contiguous on both sides */
    TENON__COPY_FILL,    /* one element repeated */
    TENON__COPY_STRIDED, /* anything */
    TENON__COPY_BLOCK,   /* the two innermost change places */
    TENON__COPY_PACKED,  /* elements below a byte, one by one */
} tenon__copy_kind;

/* Lives in an operator's params. Strides and offsets are in bytes (PACKED: in elements). */
typedef struct tenon__copy {
    tenon__copy_kind kind;
    tenon_dtype dtype;
    int rank;              /* at least 1 where tiles > 0 */
    uint32_t tiles;        /* 0: nothing to copy */
    int64_t elem_bytes;    /* of merged elements */
    int64_t lines;         /* what the outer dims come to */
    int64_t chunks, chunk; /* a line is cut into `chunks` pieces of `chunk` steps */
    int64_t pieces_per_tile;
    int64_t src_at, dst_at; /* where element 0 lies */
    tenon__transpose_fn transpose;
    int64_t dims[TENON__COPY_RANK], src[TENON__COPY_RANK], dst[TENON__COPY_RANK];
} tenon__copy;

/* dst[dst_at + i . dst] = src[src_at + i . src] for all i below dims; all in elements. Strides of
 * src may be zero or negative; dims are in the order of falling strides of dst, whose elements
 * differ. rank is at most TENON__COPY_RANK. */
void tenon__copy_init(tenon__copy *c, tenon__cpu_bits cpu, tenon_dtype dtype, int rank,
                      const int64_t *dims, int64_t src_at, const int64_t *src, int64_t dst_at,
                      const int64_t *dst);
/* The same into a dense dst. */
void tenon__copy_init_dense(tenon__copy *c, tenon__cpu_bits cpu, tenon_dtype dtype, int rank,
                            const int64_t *dims, int64_t src_at, const int64_t *src);
void tenon__copy_run(const tenon__copy *c, const void *src, void *dst, uint32_t tile);
/* All tiles, here and now. */
void tenon__copy_all(const tenon__copy *c, const void *src, void *dst);

/* Row-major strides in elements. */
void tenon__dense_strides(int rank, const int64_t *dims, int64_t *strides);
/* `count` copies of the element of `bytes` (1, 2, 4, 8 or 16) at `elem`; dst needs no alignment. */
void tenon__fill(void *dst, const void *elem, size_t bytes, int64_t count);
/* `rows` times `bytes` bytes. */
void tenon__rows_copy(void *dst, int64_t dst_stride, const void *src, int64_t src_stride,
                      int64_t bytes, int64_t rows);
/* memcpy that allows NULL where there is nothing to copy. */
static inline void tenon__bytes_copy(void *dst, const void *src, size_t size_bytes)
{
    if (size_bytes) memcpy(dst, src, size_bytes);
}
/* Bytes of one element. TENON_EUNSUPPORTED for those below a byte, which `what` cannot address. */
tenon_status tenon__elem_bytes(tenon_dtype dtype, const char *what, size_t *out, tenon_error *err);

/* A single stretch of memory, cut into tiles of whole units of `unit_bytes`. */
typedef struct tenon__stretch {
    int64_t bytes, per_tile; /* bytes */
} tenon__stretch;
uint32_t tenon__stretch_init(tenon__stretch *s, int64_t bytes, int64_t unit_bytes);
static inline void tenon__stretch_tile(const tenon__stretch *s, uint32_t tile, int64_t *from,
                                       int64_t *to)
{
    *from = (int64_t)tile * s->per_tile;
    *to = s->bytes - *from < s->per_tile ? s->bytes : *from + s->per_tile;
}

#endif
