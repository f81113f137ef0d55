/* SPDX-License-Identifier: Apache-2.0 */
/* The place of the largest or smallest element along an axis. */
#include "opkit/arg.h"

#include "opkit/index.h"

#define BLOCK 64

tenon_status tenon__arg_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                             tenon_error *err)
{
    tenon__arg_attrs *a = attrs;
    (void)graph;
    (void)err;
    a->axis = tenon__attr_int(node, "axis", 0);
    a->keepdims = tenon__attr_int(node, "keepdims", 1) != 0;
    a->last = tenon__attr_int(node, "select_last_index", 0) != 0;
    return TENON_OK;
}

tenon_status tenon__arg_infer(tenon__infer *c)
{
    const tenon__arg_attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t dims[TENON_MAX_RANK];
    int axis, rank = 0;
    tenon__infer_set(c, 0, TENON_I64, TENON__RANK_UNKNOWN, NULL);
    if (in->dtype != TENON_NONE && !tenon__is_number(in->dtype) && in->dtype != TENON_F16 &&
        in->dtype != TENON_BF16)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; it must be a number",
                           tenon_dtype_text(in->dtype));
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    tenon_status st = tenon__infer_axis(c, "axis", a->axis, in->rank, &axis);
    if (st) return st;
    if (in->dims[axis] == 0)
        return tenon__fail(c->err, TENON_ESHAPE, "dim %d is 0: there is no element to find", axis);
    for (int d = 0; d < in->rank; d++) {
        if (d != axis)
            dims[rank++] = in->dims[d];
        else if (a->keepdims)
            dims[rank++] = 1;
    }
    tenon__infer_set(c, 0, TENON_I64, rank, dims);
    return TENON_OK;
}

tenon_status tenon__arg_bind(tenon__bind *c)
{
    const tenon__arg_attrs *a = c->attrs;
    tenon__arg_params *p = c->params;
    tenon__around v = tenon__around_axis(c->in[0], tenon__axis_of(a->axis, c->in[0]->rank));
    p->outer = v.outer;
    p->n = v.n;
    p->inner = v.inner;
    p->blocks = (v.inner + BLOCK - 1) / BLOCK;
    int64_t width = v.inner < BLOCK ? v.inner : BLOCK;
    c->tiles =
        tenon__tiles(p->outer * p->blocks, (double)v.n * (1 + 0.5 * (double)width), &p->per_tile);
    return TENON_OK;
}

/* Whether a comes before b: `x != x` is a NaN. */
#define FIND(name, type, before)                                                                   \
    static void name##_##type(const void *src, int64_t *out, int64_t n, int64_t inner,             \
                              int64_t width, bool last)                                            \
    {                                                                                              \
        const type *in = src;                                                                      \
        type best[BLOCK];                                                                          \
        for (int64_t k = 0; k < width; k++) {                                                      \
            best[k] = in[k];                                                                       \
            out[k] = 0;                                                                            \
        }                                                                                          \
        for (int64_t i = 1; i < n; i++) {                                                          \
            for (int64_t k = 0; k < width; k++) {                                                  \
                const type a = in[i * inner + k], b = best[k];                                     \
                const bool takes = last ? !(before(b, a)) : (before(a, b));                        \
                best[k] = takes ? a : b;                                                           \
                out[k] = takes ? i : out[k];                                                       \
            }                                                                                      \
        }                                                                                          \
    }
#define ABOVE(a, b)        ((a) > (b))
#define BELOW(a, b)        ((a) < (b))
#define ABOVE_OR_NAN(a, b) ((b) == (b) && !((a) <= (b)))
#define BELOW_OR_NAN(a, b) ((b) == (b) && !((a) >= (b)))
#define INTEGER_FINDS(name, type)                                                                  \
    FIND(largest, type, ABOVE)                                                                     \
    FIND(smallest, type, BELOW)
FIND(largest, float, ABOVE_OR_NAN)
FIND(smallest, float, BELOW_OR_NAN)
FIND(largest, double, ABOVE_OR_NAN)
FIND(smallest, double, BELOW_OR_NAN)
TENON__INTEGER_MAP(INTEGER_FINDS)

tenon_status tenon__arg_run(const tenon__run *r, bool largest)
{
    const tenon__arg_params *p = r->params;
    bool last = ((const tenon__arg_attrs *)r->attrs)->last;
    int64_t b = (int64_t)r->tile * p->per_tile, end = b + p->per_tile;
    for (; b < end && b < p->outer * p->blocks; b++) {
        int64_t column = b % p->blocks * BLOCK, outer = b / p->blocks;
        int64_t width = p->inner - column < BLOCK ? p->inner - column : BLOCK;
        int64_t *out = (int64_t *)r->out[0]->data + outer * p->inner + column;
        int64_t at = outer * p->n * p->inner + column;
        switch (r->in[0]->dtype) {
#define ROW(name, type)                                                                            \
    case name:                                                                                     \
        (largest ? largest_##type : smallest_##type)((const type *)r->in[0]->data + at, out, p->n, \
                                                     p->inner, width, last);                       \
        break;
            TENON__NUMBER_MAP(ROW)
#undef ROW
        default:
            return tenon__fail(r->err, TENON_ETYPE, "the input is no number");
        }
    }
    return TENON_OK;
}
