/* SPDX-License-Identifier: Apache-2.0 */
/* Pools over bytes with channels last. */
#include "opkit/pool_last.h"

#define TAP_NS   0.05      /* of a channel */
#define MAX_TAPS (1 << 24) /* sums of bytes fit 32 bits */

static tenon_status fit(const tenon__view *x, const tenon__window_attrs *a, tenon__window *w,
                        tenon_error *err)
{
    if (x->rank != 3 && x->rank != 4)
        return tenon__fail(err, TENON_EUNSUPPORTED,
                           "the input has rank %d; with channels last it must be 3 or 4", x->rank);
    return tenon__window_fit(a, x->rank - 2, x->dims + 1, NULL, w, err);
}

tenon_status tenon__pool_last_infer(tenon__infer *c, const tenon__window_attrs *a)
{
    const tenon__view *x = c->in[0];
    int64_t dims[TENON_MAX_RANK];
    tenon__window w;
    c->out[0]->dtype = x->dtype;
    if (x->rank == TENON__RANK_UNKNOWN) return TENON_OK;
    tenon_status st = fit(x, a, &w, c->err);
    if (st) return st;
    dims[0] = x->dims[0];
    for (int i = 0; i < w.rank; i++)
        dims[1 + i] = w.axis[i].out;
    dims[x->rank - 1] = x->dims[x->rank - 1];
    tenon__infer_set(c, 0, x->dtype, x->rank, dims);
    return TENON_OK;
}

static size_t list_bytes(const tenon__pool_last *p)
{
    return tenon__align_up((size_t)p->taps * sizeof(uint8_t *), 64);
}

tenon_status tenon__pool_last_bind(tenon__bind *c, const tenon__window_attrs *a, size_t more,
                                   tenon__pool_last *p)
{
    const tenon__view *x = c->in[0];
    const tenon__window_axis one = {.in = 1, .out = 1, .kernel = 1, .stride = 1, .dilation = 1};
    tenon__window w;
    tenon_status st = fit(x, a, &w, c->err);
    if (st) return st;
    tenon__quant_find(c->cpu, &p->row);
    p->w = w.axis[w.rank - 1];
    p->h = w.rank == 2 ? w.axis[0] : one;
    p->channels = x->dims[x->rank - 1];
    p->lines = x->dims[0] * p->h.out;
    /* A window holds no more than there is inside. */
    const int64_t down = p->h.kernel < p->h.in ? p->h.kernel : p->h.in,
                  across = p->w.kernel < p->w.in ? p->w.kernel : p->w.in;
    p->taps = down * across;
    const double line_ns = (double)p->w.out * ((double)(p->taps * p->channels) * TAP_NS + 20);
    c->tiles = p->channels && p->w.out ? tenon__tiles(p->lines, line_ns, &p->per_tile) : 0;
    if (p->taps > MAX_TAPS || !tenon__add(list_bytes(p), more, &c->scratch_bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "the window is too large");
    return TENON_OK;
}

void *tenon__pool_last_scratch(const tenon__run *r, const tenon__pool_last *p)
{
    return (uint8_t *)r->scratch + list_bytes(p);
}

void tenon__pool_last_run(const tenon__run *r, const tenon__pool_last *p, tenon__pool_last_fn fn,
                          void *ctx)
{
    const int64_t channels = p->channels;
    const uint8_t **at = r->scratch;
    int64_t end = (r->tile + (int64_t)1) * p->per_tile;
    if (end > p->lines) end = p->lines;
    for (int64_t line = r->tile * p->per_tile; line < end; line++) {
        const int64_t n = line / p->h.out, oh = line % p->h.out;
        const uint8_t *image = (const uint8_t *)r->in[0]->data + n * p->h.in * p->w.in * channels;
        uint8_t *y = (uint8_t *)r->out[0]->data + line * p->w.out * channels;
        int64_t top, bottom;
        tenon__window_taps(&p->h, oh, &top, &bottom);
        for (int64_t ow = 0; ow < p->w.out; ow++, y += channels) {
            int64_t left, right, taps = 0;
            tenon__window_taps(&p->w, ow, &left, &right);
            for (int64_t a = top; a < bottom; a++) {
                const int64_t h = oh * p->h.stride - p->h.before + a * p->h.dilation;
                for (int64_t b = left; b < right; b++) {
                    const int64_t w = ow * p->w.stride - p->w.before + b * p->w.dilation;
                    at[taps++] = image + (h * p->w.in + w) * channels;
                }
            }
            fn(ctx, at, taps, y);
        }
    }
}
