/* SPDX-License-Identifier: Apache-2.0 */
/* What the scattering operators share: a copy of the data (phase 0, in tiles), into which updates
 * are written or folded (phase 1, one tile: places may occur more than once). */
#ifndef TENON_OPKIT_SCATTER_H
#define TENON_OPKIT_SCATTER_H

#include "opkit/copy.h"

typedef enum tenon__scatter_how {
    TENON__SCATTER_SET,
    TENON__SCATTER_ADD,
    TENON__SCATTER_MUL,
    TENON__SCATTER_MAX,
    TENON__SCATTER_MIN,
} tenon__scatter_how;

/* dst[i] = dst[i] op src[i] for n neighbours; no aliasing. */
typedef void (*tenon__scatter_fn)(void *dst, const void *src, int64_t n);

/* An attribute's word; TENON_EFORMAT if it is none. */
tenon_status tenon__scatter_parse(tenon__str word, tenon__scatter_how *out, tenon_error *err);
/* For MIN and MAX a NaN on either side wins. 16-bit floats are computed in f32. NULL for SET, and
 * where the dtype cannot be computed with. */
tenon__scatter_fn tenon__scatter_find(tenon__scatter_how how, tenon_dtype dtype);

/* First in the params of an operator that scatters. */
typedef struct tenon__scatter {
    tenon__stretch stretch; /* of data */
    uint32_t copy_tiles, update_tiles;
    tenon__scatter_fn fn; /* NULL: set */
} tenon__scatter;

/* Checks types in infer: whole bytes; a dtype that `how` can compute with; updates like data. */
tenon_status tenon__scatter_check(tenon__infer *c, tenon__scatter_how how, uint32_t updates);
void tenon__scatter_bind(tenon__bind *c, tenon__scatter *s, tenon__scatter_how how,
                         int64_t updates);
/* For op->tiles. */
uint32_t tenon__scatter_tiles(const void *params, uint32_t phase);
/* Phase 0. */
void tenon__scatter_copy(const tenon__run *r, const tenon__scatter *s);
/* n neighbours at byte `at` of the output. */
static inline void tenon__scatter_put(const tenon__scatter *s, void *out, int64_t at,
                                      const void *src, int64_t n, int64_t bytes)
{
    uint8_t *dst = (uint8_t *)out + at;
    if (s->fn)
        s->fn(dst, src, n);
    else
        memcpy(dst, src, (size_t)(n * bytes));
}

#endif
