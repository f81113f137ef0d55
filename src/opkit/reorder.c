/* SPDX-License-Identifier: Apache-2.0 */
/* A unit is one block: sixteen lines of a plane on one side, a line of sixteen on the other;
 * transposed in squares of 16. */
#include "opkit/reorder.h"

#define ELEMENT_NS 0.15

tenon_status tenon__reorder_bind(tenon__bind *c)
{
    tenon__reorder_params *p = c->params;
    const tenon__view *x = c->in[0];
    p->channels = x->dims[1];
    p->blocks = (x->dims[1] + TENON__BLOCK - 1) / TENON__BLOCK;
    p->plane = tenon__dims_product(x->dims, 2, x->rank);
    p->units = x->dims[0] * p->blocks;
    c->tiles = p->plane ? tenon__tiles(p->units, (double)p->plane * TENON__BLOCK * ELEMENT_NS,
                                       &p->per_tile)
                        : 0;
    return TENON_OK;
}

/* to: `some` channels of `plane` positions each become positions of 16, lanes past them zero. from:
 * the way back. */
#define REORDER(T)                                                                                 \
    static void block_to_##T(const void *from_, int64_t plane, int64_t some, void *to_)            \
    {                                                                                              \
        const T *src = from_;                                                                      \
        T *dst = to_;                                                                              \
        int64_t i = 0;                                                                             \
        if (some == TENON__BLOCK)                                                                  \
            for (; i + TENON__BLOCK <= plane; i += TENON__BLOCK)                                   \
                for (int64_t k = i; k < i + TENON__BLOCK; k++)                                     \
                    for (int64_t lane = 0; lane < TENON__BLOCK; lane++)                            \
                        dst[k * TENON__BLOCK + lane] = src[lane * plane + k];                      \
        for (; i < plane; i++)                                                                     \
            for (int64_t lane = 0; lane < TENON__BLOCK; lane++)                                    \
                dst[i * TENON__BLOCK + lane] = lane < some ? src[lane * plane + i] : 0;            \
    }                                                                                              \
    static void block_from_##T(const void *from_, int64_t plane, int64_t some, void *to_)          \
    {                                                                                              \
        const T *src = from_;                                                                      \
        T *dst = to_;                                                                              \
        for (int64_t i = 0; i < plane; i += TENON__BLOCK) {                                        \
            int64_t end = i + TENON__BLOCK < plane ? i + TENON__BLOCK : plane;                     \
            for (int64_t lane = 0; lane < some; lane++)                                            \
                for (int64_t k = i; k < end; k++)                                                  \
                    dst[lane * plane + k] = src[k * TENON__BLOCK + lane];                          \
        }                                                                                          \
    }
REORDER(uint8_t)
REORDER(uint16_t)
REORDER(uint32_t)
REORDER(uint64_t)

typedef void (*block_fn)(const void *from, int64_t plane, int64_t some, void *to);
static const block_fn to_fns[] = {block_to_uint8_t, block_to_uint16_t, block_to_uint32_t,
                                  block_to_uint64_t};
static const block_fn from_fns[] = {block_from_uint8_t, block_from_uint16_t, block_from_uint32_t,
                                    block_from_uint64_t};

static int size_index(tenon_dtype dtype) /* -1: not blocked */
{
    switch (tenon_dtype_bits(dtype)) {
    case 8:
        return 0;
    case 16:
        return 1;
    case 32:
        return 2;
    case 64:
        return 3;
    default:
        return -1;
    }
}

tenon_status tenon__reorder_infer(tenon__infer *c, tenon__layout from, tenon__layout to)
{
    const tenon__view *x = c->in[0];
    if (x->dtype != TENON_NONE && size_index(x->dtype) < 0)
        return tenon__fail(c->err, TENON_ETYPE, "%s is not blocked", tenon_dtype_text(x->dtype));
    if (x->layout != from)
        return tenon__fail(c->err, TENON_EINTERNAL, "the input has the other layout");
    if (x->rank != TENON__RANK_UNKNOWN && x->rank < 3)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the input has rank %d; only rank 3 and more is blocked", x->rank);
    tenon__infer_like(c, 0, 0);
    c->out[0]->layout = (uint8_t)to;
    return TENON_OK;
}

static void run(const tenon__run *r, const block_fn *fns, bool to)
{
    const tenon__reorder_params *p = r->params;
    const int index = size_index(r->in[0]->dtype);
    const int64_t elem = (int64_t)1 << index;
    const uint8_t *src = r->in[0]->data;
    uint8_t *dst = r->out[0]->data;
    int64_t end = (r->tile + 1) * p->per_tile;
    if (end > p->units) end = p->units;
    for (int64_t u = r->tile * p->per_tile; u < end; u++) {
        int64_t n = u / p->blocks, b = u % p->blocks, first = b * TENON__BLOCK;
        int64_t some = p->channels - first < TENON__BLOCK ? p->channels - first : TENON__BLOCK;
        int64_t plain = (n * p->channels + first) * p->plane * elem,
                blocked = u * p->plane * TENON__BLOCK * elem;
        fns[index](src + (to ? plain : blocked), p->plane, some, dst + (to ? blocked : plain));
    }
}

tenon_status tenon__reorder_to_blocked(const tenon__run *r)
{
    run(r, to_fns, true);
    return TENON_OK;
}

tenon_status tenon__reorder_from_blocked(const tenon__run *r)
{
    run(r, from_fns, false);
    return TENON_OK;
}
