/* SPDX-License-Identifier: Apache-2.0 */
/* What every layer above says about a value: type, shape, place. Dense and row-major unless
 * `layout` says otherwise. Shapes are logical: a blocked value keeps its [N, C, ...] dims. */
#ifndef TENON_TENSOR_VIEW_H
#define TENON_TENSOR_VIEW_H

#include "base/alloc.h"
#include "base/status.h"
#include <tenon/tensor.h>
#include <tenon/value.h>

typedef enum tenon__layout {
    TENON__PLAIN = 0,
    /* [N, ceil(C / 16), spatial..., 16]: channels in blocks of 16. Lanes past C hold anything
     * finite or not; they never reach a result. Rank >= 2. */
    TENON__C16 = 1,
} tenon__layout;

#define TENON__BLOCK 16

/* Dims below zero: TENON__DIM_UNKNOWN, or a symbol (the same number means the same extent). Only
 * before binding. */
#define TENON__DIM_UNKNOWN  (-1)
#define TENON__RANK_UNKNOWN (-1)

typedef struct tenon__view {
    void *data;        /* NULL: not known yet (while inferring), or absent, or no elements */
    tenon_dtype dtype; /* of the elements; of a sequence's or optional's elements too; TENON_NONE if
                          unknown */
    int32_t rank;      /* TENON__RANK_UNKNOWN, or 0..TENON_MAX_RANK */
    uint8_t kind;      /* tenon_value_kind */
    uint8_t layout;    /* tenon__layout */
    bool known;        /* while inferring: `data` (or a count of zero) holds the value */
    int64_t dims[TENON_MAX_RANK];
    tenon_value *value; /* kind is not a tensor: the value itself, when run; NULL while inferring */
} tenon__view;

/* Elements; -1 where a dim or the rank is unknown or the product overflows. */
int64_t tenon__view_count(const tenon__view *v);
/* Bytes of the dense storage in its layout; false where unknown or it overflows. */
bool tenon__view_bytes(const tenon__view *v, size_t *out);
/* The same for a dtype and a number of elements (sub-byte types are packed). */
bool tenon__dtype_bytes(tenon_dtype dtype, int64_t count, size_t *out);
/* Product of dims[from, to), all known. */
int64_t tenon__dims_product(const int64_t *dims, int from, int to);
bool tenon__dims_known(const tenon__view *v);
void tenon__view_set(tenon__view *v, tenon_dtype dtype, int rank, const int64_t *dims);
/* "float32[1,3,?,224]" into `out`, for messages. Returns out. */
char *tenon__view_print(const tenon__view *v, char *out, size_t size_bytes);

#endif
