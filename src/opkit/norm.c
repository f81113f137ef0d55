/* SPDX-License-Identifier: Apache-2.0 */
/* See norm.h. */
#include "opkit/norm.h"

#include "tensor/convert.h"

bool tenon__norm_dtype_ok(tenon_dtype dtype)
{
    return dtype == TENON_NONE || dtype == TENON_F32 || dtype == TENON_F64 || dtype == TENON_F16 ||
           dtype == TENON_BF16;
}

tenon_status tenon__norm_check_dtype(tenon__infer *c, uint32_t i)
{
    if (i >= c->in_count || !c->in[i] || tenon__norm_dtype_ok(c->in[i]->dtype)) return TENON_OK;
    return tenon__fail(c->err, TENON_ETYPE, "input %u is %s; floats are wanted", i,
                       tenon_dtype_text(c->in[i]->dtype));
}

tenon_status tenon__norm_check_vector(tenon__infer *c, uint32_t i, const char *what, int64_t count)
{
    const tenon__view *v = i < c->in_count ? c->in[i] : NULL;
    char text[200];
    if (!v) return TENON_OK;
    tenon_status st = tenon__norm_check_dtype(c, i);
    if (st) return st;
    if (v->rank < 0 || (v->rank == 1 && tenon__dim_agrees(v->dims[0], count))) return TENON_OK;
    return tenon__fail(c->err, TENON_ESHAPE, "%s is %s; a vector of %lld is wanted", what,
                       tenon__view_print(v, text, sizeof text), (long long)count);
}

tenon_status tenon__norm_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                              tenon_error *err)
{
    tenon__norm_attrs *a = attrs;
    (void)graph;
    tenon_status st = tenon__attr_check(node, "epsilon", TENON__ATTR_FLOAT, err);
    if (!st) st = tenon__attr_check(node, "axis", TENON__ATTR_INT, err);
    if (!st) st = tenon__attr_check(node, "num_groups", TENON__ATTR_INT, err);
    if (!st) st = tenon__attr_check(node, "stash_type", TENON__ATTR_INT, err);
    if (st) return st;
    a->epsilon = tenon__attr_float(node, "epsilon", 1e-5f);
    a->axis = tenon__attr_int(node, "axis", -1);
    a->groups = tenon__attr_int(node, "num_groups", 0);
    int64_t stash = tenon__attr_int(node, "stash_type", 1);
    a->stash = stash == 1    ? TENON_F32
               : stash == 10 ? TENON_F16
               : stash == 11 ? TENON_F64
               : stash == 16 ? TENON_BF16
                             : TENON_NONE;
    if (a->stash == TENON_NONE)
        return tenon__fail(err, TENON_EFORMAT,
                           "stash_type %lld is no float type; 1, 10, 11 or 16 are",
                           (long long)stash);
    return TENON_OK;
}

tenon_status tenon__norm_bind_rows(tenon__bind *c, int64_t rows, int64_t n, double elem_ns)
{
    tenon__norm_params *p = c->params;
    p->rows = rows;
    p->n = n;
    p->kernel = tenon__norm_find(c->cpu);
    c->tiles =
        tenon__tiles(n || c->out_count > 1 ? rows : 0, 15 + elem_ns * (double)n, &p->per_tile);
    c->flops = 6.0 * (double)rows * (double)n;
    return TENON_OK;
}

void tenon__norm_tile(const tenon__norm_params *p, uint32_t tile, int64_t *from, int64_t *to)
{
    *from = (int64_t)tile * p->per_tile;
    *to = p->rows - *from > p->per_tile ? *from + p->per_tile : p->rows;
}

double tenon__norm_get(const tenon__view *v, int64_t i)
{
    return tenon__get_f64(v->dtype, v->data, (size_t)i);
}

void tenon__norm_put(tenon__view *v, int64_t i, double value)
{
    switch (v->dtype) {
    case TENON_F64:
        ((double *)v->data)[i] = value;
        break;
    case TENON_F16:
        ((uint16_t *)v->data)[i] = tenon__f32_to_f16((float)value);
        break;
    case TENON_BF16:
        ((uint16_t *)v->data)[i] = tenon__f32_to_bf16((float)value);
        break;
    default:
        ((float *)v->data)[i] = (float)value;
        break;
    }
}

void tenon__norm_moments(const tenon__view *x, int64_t at, int64_t n, double *mean,
                         double *variance)
{
    double sum = 0, square = 0;
    for (int64_t i = at; i < at + n; i++)
        sum += tenon__norm_get(x, i);
    *mean = sum / (double)n;
    for (int64_t i = at; i < at + n; i++) {
        double d = tenon__norm_get(x, i) - *mean;
        square += d * d;
    }
    *variance = square / (double)n;
}

/* ---- parameters ---- */

/* Where element `i` of the row that starts at `row` of x lies in v, whose dims are those of x from
 * the right, or 1. */
static int64_t param_index(const tenon__view *v, const tenon__view *x, int64_t row, int64_t i)
{
    int64_t flat = row + i, at = 0, stride = 1;
    for (int k = 0; k < v->rank; k++) {
        int64_t dim = x->dims[x->rank - 1 - k], own = v->dims[v->rank - 1 - k];
        if (own != 1) {
            at += flat % dim * stride;
            stride *= own;
        }
        flat /= dim;
    }
    return at;
}

bool tenon__norm_param_needs_room(const tenon__view *v, const tenon__view *x, int axis)
{
    if (!v) return false;
    return v->rank < x->rank - axis ||
           tenon__view_count(v) != tenon__dims_product(x->dims, axis, x->rank);
}

double tenon__norm_param_get(const tenon__view *v, const tenon__view *x, int axis, int64_t row,
                             int64_t i)
{
    bool dense = !tenon__norm_param_needs_room(v, x, axis);
    return tenon__norm_get(v, dense ? i : param_index(v, x, row, i));
}

const float *tenon__norm_param_row(const tenon__view *v, const tenon__view *x, int axis,
                                   int64_t row, float *room)
{
    if (!v) return NULL;
    if (!tenon__norm_param_needs_room(v, x, axis)) return v->data;
    int64_t n = tenon__dims_product(x->dims, axis, x->rank);
    for (int64_t i = 0; i < n; i++)
        room[i] = ((const float *)v->data)[param_index(v, x, row, i)];
    return room;
}
