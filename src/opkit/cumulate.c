/* SPDX-License-Identifier: Apache-2.0 */
/* Running sums and products. Each step adds one element to the one before, in the order of the
 * axis. */
#include "opkit/cumulate.h"

#include "opkit/index.h"

#define BLOCK 64

tenon_status tenon__cumulate_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                                  tenon_error *err)
{
    tenon__cumulate_attrs *a = attrs;
    (void)graph;
    (void)err;
    a->exclusive = tenon__attr_int(node, "exclusive", 0) != 0;
    a->reverse = tenon__attr_int(node, "reverse", 0) != 0;
    return TENON_OK;
}

tenon_status tenon__cumulate_infer(tenon__infer *c)
{
    tenon_dtype dtype = c->in[0]->dtype;
    int64_t axis;
    int count, fixed;
    tenon__infer_like(c, 0, 0);
    if (dtype != TENON_NONE && !tenon__is_number(dtype) && dtype != TENON_F16 &&
        dtype != TENON_BF16)
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; it must be a number",
                           tenon_dtype_text(dtype));
    tenon_status st = tenon__infer_ints(c, 1, &axis, 1, &count);
    if (st || tenon__infer_rank_unknown(c, 1)) return st;
    if (count != 1) return tenon__fail(c->err, TENON_ESHAPE, "axis must be one number");
    return tenon__infer_axis(c, "axis", axis, c->in[0]->rank, &fixed);
}

tenon_status tenon__cumulate_bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0];
    tenon__cumulate_params *p = c->params;
    int64_t axis = 0;
    (void)tenon__view_ints(c->in[1], &axis, 1);
    tenon__around a = tenon__around_axis(in, tenon__axis_of(axis, in->rank));
    p->outer = a.outer;
    p->n = a.n;
    p->inner = a.inner;
    p->blocks = (a.inner + BLOCK - 1) / BLOCK;
    int64_t width = a.inner < BLOCK ? a.inner : BLOCK;
    c->tiles = a.n ? tenon__tiles(p->outer * p->blocks, (double)a.n * (1 + 0.3 * (double)width),
                                  &p->per_tile)
                   : 0;
    return TENON_OK;
}

/* [n, width] at `at` of a tensor whose rows lie `inner` apart. */
#define WALK(name, type, first, expr)                                                              \
    static void name##_##type(const tenon__cumulate_params *p, const tenon__cumulate_attrs *attrs, \
                              const void *src, void *dst, int64_t at, int64_t width)               \
    {                                                                                              \
        int64_t step = attrs->reverse ? -p->inner : p->inner;                                      \
        int64_t row = attrs->reverse ? at + (p->n - 1) * p->inner : at;                            \
        const type *in = src;                                                                      \
        type *out = dst;                                                                           \
        for (int64_t k = 0; k < width; k++)                                                        \
            out[row + k] = attrs->exclusive ? (type)(first) : in[row + k];                         \
        for (int64_t i = 1; i < p->n; i++) {                                                       \
            const int64_t before = row;                                                            \
            const type *next = in + (attrs->exclusive ? row : row + step);                         \
            row += step;                                                                           \
            for (int64_t k = 0; k < width; k++) {                                                  \
                type a = out[before + k], b = next[k];                                             \
                out[row + k] = (type)(expr);                                                       \
            }                                                                                      \
        }                                                                                          \
    }
#define INTEGER_WALKS(name, type)                                                                  \
    WALK(sum, type, 0, (uint64_t)a + (uint64_t)b)                                                  \
    WALK(product, type, 1, (uint64_t)a *(uint64_t)b)
WALK(sum, float, 0, a + b)
WALK(product, float, 1, a *b)
WALK(sum, double, 0, a + b)
WALK(product, double, 1, a *b)
TENON__INTEGER_MAP(INTEGER_WALKS)

tenon_status tenon__cumulate_run(const tenon__run *r, bool product)
{
    const tenon__cumulate_params *p = r->params;
    const tenon__cumulate_attrs *attrs = r->attrs;
    const void *in = r->in[0]->data;
    void *out = r->out[0]->data;
    int64_t k = (int64_t)r->tile * p->per_tile, end = k + p->per_tile;
    for (; k < end && k < p->outer * p->blocks; k++) {
        int64_t column = k % p->blocks * BLOCK;
        int64_t at = k / p->blocks * p->n * p->inner + column;
        int64_t width = p->inner - column < BLOCK ? p->inner - column : BLOCK;
        switch (r->in[0]->dtype) {
#define ROW(name, type)                                                                            \
    case name:                                                                                     \
        (product ? product_##type : sum_##type)(p, attrs, in, out, at, width);                     \
        break;
            TENON__NUMBER_MAP(ROW)
#undef ROW
        default:
            return tenon__fail(r->err, TENON_ETYPE, "the input is no number");
        }
    }
    return TENON_OK;
}
