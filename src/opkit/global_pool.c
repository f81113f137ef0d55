/* SPDX-License-Identifier: Apache-2.0 */
/* What the global pools share. */
#include "opkit/global_pool.h"

tenon_status tenon__global_pool_infer(tenon__infer *c)
{
    const tenon__view *x = c->in[0];
    if (x->dtype != TENON_NONE && x->dtype != TENON_F16 && x->dtype != TENON_BF16 &&
        x->dtype != TENON_F32 && x->dtype != TENON_F64)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; want a floating-point type",
                           tenon_dtype_text(x->dtype));
    c->out[0]->dtype = x->dtype;
    if (x->rank == TENON__RANK_UNKNOWN) return TENON_OK;
    tenon_status st = tenon__window_rank(c, 2);
    if (st) return st;
    int64_t dims[TENON_MAX_RANK];
    for (int i = 0; i < x->rank; i++) {
        dims[i] = i < 2 ? x->dims[i] : 1;
        if (i >= 2 && x->dims[i] == 0)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "spatial axis %d is empty; there is nothing to pool", i - 2);
    }
    tenon__infer_set(c, 0, x->dtype, x->rank, dims);
    c->out[0]->layout = x->layout;
    return TENON_OK;
}

tenon_status tenon__global_pool_bind(tenon__bind *c, double ns, tenon__global_pool *p)
{
    const tenon__view *x = c->in[0];
    p->row = tenon__pool_find(c->cpu);
    p->blocked = x->layout == TENON__C16;
    p->plane = tenon__dims_product(x->dims, 2, x->rank);
    int64_t channels = p->blocked ? (x->dims[1] + TENON__BLOCK - 1) / TENON__BLOCK : x->dims[1];
    p->planes = x->dims[0] * channels;
    c->tiles =
        tenon__tiles(p->planes, (double)p->plane * ns * (p->blocked ? 4 : 1) + 5, &p->per_tile);
    c->flops = (double)x->dims[0] * (double)x->dims[1] * (double)p->plane;
    return TENON_OK;
}

void tenon__global_pool_planes(const tenon__global_pool *p, uint32_t tile, int64_t *from,
                               int64_t *to)
{
    *from = tile * p->per_tile;
    *to = *from + p->per_tile < p->planes ? *from + p->per_tile : p->planes;
}

int tenon__global_pool_blocked(const tenon__view *const *in)
{
    return in[0] && in[0]->dtype == TENON_F32 && in[0]->rank >= 3;
}
