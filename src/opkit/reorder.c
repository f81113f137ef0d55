/* SPDX-License-Identifier: Apache-2.0 */
/* A unit is one block: sixteen lines of a plane on one side, a line of sixteen on the other; transposed in squares of 16. */
#include "opkit/reorder.h"

#define ELEMENT_NS 0.15

tenon_status tenon__reorder_infer(tenon__infer *c, tenon__layout from, tenon__layout to)
{
    const tenon__view *x = c->in[0];
    if (x->dtype != TENON_F32 && x->dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; only float32 is blocked", tenon_dtype_text(x->dtype));
    if (x->layout != from) return tenon__fail(c->err, TENON_EINTERNAL, "the input has the other layout");
    if (x->rank != TENON__RANK_UNKNOWN && x->rank < 3)
        return tenon__fail(c->err, TENON_ESHAPE, "the input has rank %d; only rank 3 and more is blocked", x->rank);
    tenon__infer_like(c, 0, 0);
    c->out[0]->layout = (uint8_t)to;
    return TENON_OK;
}

tenon_status tenon__reorder_bind(tenon__bind *c)
{
    tenon__reorder_params *p = c->params;
    const tenon__view *x = c->in[0];
    p->channels = x->dims[1];
    p->blocks = (x->dims[1] + TENON__BLOCK - 1) / TENON__BLOCK;
    p->plane = tenon__dims_product(x->dims, 2, x->rank);
    p->units = x->dims[0] * p->blocks;
    c->tiles = p->plane ? tenon__tiles(p->units, (double)p->plane * TENON__BLOCK * ELEMENT_NS, &p->per_tile) : 0;
    return TENON_OK;
}

/* `some` channels of `plane` positions each, to positions of 16; lanes past them are zero. */
static void block_to(const float *src, int64_t plane, int64_t some, float *dst)
{
    int64_t i = 0;
    if (some == TENON__BLOCK)
        for (; i + TENON__BLOCK <= plane; i += TENON__BLOCK)
            for (int64_t k = 0; k < TENON__BLOCK; k++)
                for (int64_t lane = 0; lane < TENON__BLOCK; lane++)
                    dst[(i + k) * TENON__BLOCK + lane] = src[lane * plane + i + k];
    for (; i < plane; i++)
        for (int64_t lane = 0; lane < TENON__BLOCK; lane++)
            dst[i * TENON__BLOCK + lane] = lane < some ? src[lane * plane + i] : 0;
}

static void block_from(const float *src, int64_t plane, int64_t some, float *dst)
{
    for (int64_t i = 0; i < plane; i += TENON__BLOCK) {
        int64_t end = i + TENON__BLOCK < plane ? i + TENON__BLOCK : plane;
        for (int64_t lane = 0; lane < some; lane++)
            for (int64_t k = i; k < end; k++)
                dst[lane * plane + k] = src[k * TENON__BLOCK + lane];
    }
}

static void run(const tenon__run *r, bool to)
{
    const tenon__reorder_params *p = r->params;
    int64_t end = (r->tile + 1) * p->per_tile;
    if (end > p->units) end = p->units;
    for (int64_t u = r->tile * p->per_tile; u < end; u++) {
        int64_t n = u / p->blocks, b = u % p->blocks, first = b * TENON__BLOCK;
        int64_t some = p->channels - first < TENON__BLOCK ? p->channels - first : TENON__BLOCK;
        int64_t plain = (n * p->channels + first) * p->plane, blocked = u * p->plane * TENON__BLOCK;
        if (to) block_to((const float *)r->in[0]->data + plain, p->plane, some, (float *)r->out[0]->data + blocked);
        else block_from((const float *)r->in[0]->data + blocked, p->plane, some, (float *)r->out[0]->data + plain);
    }
}

tenon_status tenon__reorder_to_blocked(const tenon__run *r)
{
    run(r, true);
    return TENON_OK;
}

tenon_status tenon__reorder_from_blocked(const tenon__run *r)
{
    run(r, false);
    return TENON_OK;
}
