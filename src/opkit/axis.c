/* SPDX-License-Identifier: Apache-2.0 */
/* See axis.h. */
#include "opkit/axis.h"

tenon_status tenon__axis_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                              tenon_error *err)
{
    tenon__axis_attrs *a = attrs;
    (void)graph;
    a->flat = node->opset < 13;
    a->axis = tenon__attr_int(node, "axis", a->flat ? 1 : -1);
    return tenon__attr_check(node, "axis", TENON__ATTR_INT, err);
}

tenon_status tenon__axis_infer(tenon__infer *c)
{
    const tenon__axis_attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    int axis;
    switch (x->dtype) {
    case TENON_NONE:
    case TENON_F32:
    case TENON_F64:
    case TENON_F16:
    case TENON_BF16:
        break;
    default:
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; floats are wanted",
                           tenon_dtype_text(x->dtype));
    }
    tenon__infer_like(c, 0, 0);
    /* axis == rank is legal where the axes are joined: each element is a line then. */
    if (x->rank < 0 || (a->flat && a->axis == x->rank)) return TENON_OK;
    if (x->rank == 0 && (a->axis == 0 || a->axis == -1)) return TENON_OK;
    return tenon__infer_axis(c, "axis", a->axis, x->rank, &axis);
}

void tenon__axis_bind(tenon__bind *c, tenon__axis_params *p, double elem_ns)
{
    const tenon__axis_attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
    if (axis < 0) axis = 0; /* of a scalar */
    p->outer = tenon__dims_product(x->dims, 0, axis);
    if (a->flat || axis >= x->rank) {
        p->n = tenon__dims_product(x->dims, axis, x->rank);
        p->inner = 1;
    } else {
        p->n = x->dims[axis];
        p->inner = tenon__dims_product(x->dims, axis + 1, x->rank);
    }
    p->lanes = p->inner == 1 ? 1 : 64;
    p->columns = (p->inner + p->lanes - 1) / p->lanes;
    int64_t pieces = p->n ? p->outer * p->columns : 0;
    int64_t wide = p->inner < p->lanes ? p->inner : p->lanes;
    if (wide < 1) wide = 1;
    c->tiles = tenon__tiles(pieces, 10 + elem_ns * (double)p->n * (double)wide, &p->per_tile);
    c->flops = 4.0 * (double)p->outer * (double)p->n * (double)p->inner;
}

tenon__axis_piece tenon__axis_piece_get(const tenon__axis_params *p, int64_t i)
{
    int64_t j = i % p->columns * p->lanes;
    tenon__axis_piece piece = {i / p->columns * p->n * p->inner + j, p->inner - j};
    if (piece.lanes > p->lanes) piece.lanes = p->lanes;
    return piece;
}

void tenon__axis_pieces(const tenon__axis_params *p, uint32_t tile, int64_t *from, int64_t *to)
{
    int64_t pieces = p->outer * p->columns;
    *from = (int64_t)tile * p->per_tile;
    *to = pieces - *from > p->per_tile ? *from + p->per_tile : pieces;
}
