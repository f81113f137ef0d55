/* SPDX-License-Identifier: Apache-2.0 */
/* Integers that steer an operator: lists read while binding, indices read while running; and the
 * walk over a tensor as [outer, axis, inner]. */
#ifndef TENON_OPKIT_INDEX_H
#define TENON_OPKIT_INDEX_H

#include "graph/op.h"

/* Whether the optional input i of a tenon__infer, tenon__bind or tenon__run is there. */
#define TENON__HAS(c, i) ((i) < (c)->in_count && (c)->in[i] != NULL)

/* Types of numbers that are computed with as they are. X(dtype, C type). */
#define TENON__INTEGER_MAP(X)                                                                      \
    X(TENON_I8, int8_t)                                                                            \
    X(TENON_I16, int16_t)                                                                          \
    X(TENON_I32, int32_t)                                                                          \
    X(TENON_I64, int64_t)                                                                          \
    X(TENON_U8, uint8_t)                                                                           \
    X(TENON_U16, uint16_t)                                                                         \
    X(TENON_U32, uint32_t)                                                                         \
    X(TENON_U64, uint64_t)
#define TENON__NUMBER_MAP(X)                                                                       \
    X(TENON_F32, float)                                                                            \
    X(TENON_F64, double)                                                                           \
    TENON__INTEGER_MAP(X)

bool tenon__is_number(tenon_dtype dtype); /* of TENON__NUMBER_MAP */
bool tenon__is_index(tenon_dtype dtype);  /* I32 or I64 */
/* TENON_ETYPE unless input i is an index tensor (or its type is not known yet). */
tenon_status tenon__check_index(const tenon__infer *c, uint32_t i, const char *what);
/* TENON_ETYPE unless inputs i and j are of one type. */
tenon_status tenon__check_same(const tenon__infer *c, uint32_t i, uint32_t j);
/* TENON_ESHAPE unless input i has this rank. */
tenon_status tenon__check_rank(const tenon__infer *c, uint32_t i, int rank, const char *what);

/* The integers of a view whose value `infer` asked for (bind, run): at most `max` of them; returns
 * how many. An absent view gives -1. */
int tenon__view_ints(const tenon__view *v, int64_t *out, int max);
/* Element k of an I32 or I64 tensor. */
static inline int64_t tenon__index_at(const tenon__view *v, int64_t k)
{
    return v->dtype == TENON_I64 ? ((const int64_t *)v->data)[k] : ((const int32_t *)v->data)[k];
}
/* [-extent, extent) made non-negative; false, and left as it is, out of range. */
static inline bool tenon__index_fix(int64_t *index, int64_t extent)
{
    int64_t i = *index < 0 ? *index + extent : *index;
    if (i < 0 || i >= extent) return false;
    *index = i;
    return true;
}
/* The status for an index that is not in [-extent, extent). */
tenon_status tenon__index_error(tenon_error *err, int64_t index, int64_t extent);

/* A tensor seen as [outer, n, inner] around an axis. */
typedef struct tenon__around {
    int64_t outer, n, inner;
} tenon__around;
tenon__around tenon__around_axis(const tenon__view *v, int axis);
/* axis in [-rank, rank) made non-negative, where infer has checked it. */
static inline int tenon__axis_of(int64_t axis, int rank)
{
    return (int)(axis < 0 ? axis + rank : axis);
}

#endif
