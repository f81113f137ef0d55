/* SPDX-License-Identifier: Apache-2.0 */
/* A unit is a stretch of one block: of sixteen lines of a plane on one side, of a line of sixteen
 * on the other; transposed in squares of 16. */
#include "opkit/reorder.h"

#define ELEMENT_NS 0.15
#define STRETCH    2048 /* positions */

tenon_status tenon__reorder_bind(tenon__bind *c)
{
    tenon__reorder_params *p = c->params;
    const tenon__view *x = c->in[0];
    p->row = tenon__transpose_find(c->cpu);
    p->channels = x->dims[1];
    p->blocks = (x->dims[1] + TENON__BLOCK - 1) / TENON__BLOCK;
    p->plane = tenon__dims_product(x->dims, 2, x->rank);
    p->stretches = (p->plane + STRETCH - 1) / STRETCH;
    p->units = x->dims[0] * p->blocks * p->stretches;
    const double positions = (double)(p->plane < STRETCH ? p->plane : STRETCH);
    c->tiles = tenon__tiles(p->units, positions * TENON__BLOCK * ELEMENT_NS, &p->per_tile);
    return TENON_OK;
}

/* to: `some` channels of `plane` positions each become positions of 16, lanes past them zero. from:
 * the way back. */
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
    if (c->binding && x->layout != from)
        return tenon__fail(c->err, TENON_EINTERNAL, "the input has the other layout");
    if (x->rank != TENON__RANK_UNKNOWN && x->rank < 3)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "the input has rank %d; only rank 3 and more is blocked", x->rank);
    tenon__infer_like(c, 0, 0);
    c->out[0]->layout = (uint8_t)to;
    return TENON_OK;
}

/* The lanes past the last channel of `plane` positions. */
static void clear_lanes(uint8_t *dst, int64_t plane, int64_t some, int64_t elem)
{
    for (int64_t i = 0; i < plane && some < TENON__BLOCK; i++)
        memset(dst + (i * TENON__BLOCK + some) * elem, 0, (size_t)((TENON__BLOCK - some) * elem));
}

static tenon_status run(const tenon__run *r, bool to)
{
    const tenon__reorder_params *p = r->params;
    const int index = size_index(r->in[0]->dtype);
    const tenon__transpose_fn turn = p->row->fn[index];
    const int64_t elem = (int64_t)1 << index, line = p->plane * elem,
                  position = TENON__BLOCK * elem;
    const uint8_t *src = r->in[0]->data;
    uint8_t *dst = r->out[0]->data;
    int64_t end = (r->tile + (int64_t)1) * p->per_tile;
    if (end > p->units) end = p->units;
    for (int64_t u = r->tile * p->per_tile; u < end; u++) {
        const int64_t block = u / p->stretches, at = u % p->stretches * STRETCH;
        const int64_t n = block / p->blocks, first = block % p->blocks * TENON__BLOCK;
        const int64_t left = p->channels - first, some = left < TENON__BLOCK ? left : TENON__BLOCK;
        const int64_t count = p->plane - at < STRETCH ? p->plane - at : STRETCH;
        const int64_t plain = (n * p->channels + first) * line + at * elem,
                      blocked = (block * p->plane + at) * position;
        if (to) {
            clear_lanes(dst + blocked, count, some, elem);
            turn(src + plain, line, dst + blocked, position, some, count);
        } else {
            turn(src + blocked, position, dst + plain, line, count, some);
        }
    }
    return TENON_OK;
}

tenon_status tenon__reorder_to_blocked(const tenon__run *r)
{
    return run(r, true);
}

tenon_status tenon__reorder_from_blocked(const tenon__run *r)
{
    return run(r, false);
}
