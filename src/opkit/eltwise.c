/* SPDX-License-Identifier: Apache-2.0 */
/* What element-wise operators share. */
#include "opkit/eltwise.h"

/* ---- read and infer ---- */

tenon_status tenon__eltwise_read(const tenon__node *node, tenon__eltwise_attrs *attrs,
                                 tenon__formula formula, tenon_error *err)
{
    attrs->formula = formula;
    attrs->dtypes = tenon__eltwise_dtypes(formula);
    if (attrs->dtypes & TENON__DTYPE_BIT(F32)) attrs->dtypes |= TENON__WIDENED_DTYPES;
    if (tenon__formula_operands(formula) != 2 || node->opset >= 7) return TENON_OK;
    tenon_status status = tenon__attr_check(node, "axis", TENON__ATTR_INT, err);
    if (!status) status = tenon__attr_check(node, "broadcast", TENON__ATTR_INT, err);
    if (!status && tenon__attr_int(node, "broadcast", 0) && tenon__attr_find(node, "axis")) {
        attrs->old_axis = true;
        attrs->axis = tenon__attr_int(node, "axis", 0);
    }
    return status;
}

tenon_status tenon__eltwise_parameter(const tenon__node *node, const char *name, float fallback,
                                      float *out, tenon_error *err)
{
    *out = tenon__attr_float(node, name, fallback);
    return tenon__attr_check(node, name, TENON__ATTR_FLOAT, err);
}

tenon_status tenon__eltwise_accepts(const tenon__infer *c, uint32_t i, uint32_t dtypes)
{
    const tenon__view *v = c->in[i];
    if (!v) return tenon__fail(c->err, TENON_EFORMAT, "input %u is absent; it is not optional", i);
    if (v->kind != TENON_VALUE_TENSOR)
        return tenon__fail(c->err, TENON_ETYPE, "input %u is no tensor", i);
    if (v->dtype == TENON_NONE || (dtypes >> v->dtype & 1)) return TENON_OK;
    return tenon__fail(c->err, TENON_ETYPE, "input %u is %s, which this operator does not take", i,
                       tenon_dtype_text(v->dtype));
}

/* The second operand as numpy would see it: dims of 1 behind it, so that its dims start at `axis`
 * of the first. */
static tenon_status aligned(const tenon__eltwise_attrs *a, const tenon__view *first,
                            const tenon__view *second, tenon__view *out, tenon_error *err)
{
    *out = *second;
    int64_t axis = a->axis < 0 ? a->axis + first->rank : a->axis;
    if (axis < 0 || axis + second->rank > first->rank)
        return tenon__fail(err, TENON_EFORMAT, "axis %lld does not place %d dims within %d",
                           (long long)a->axis, second->rank, first->rank);
    out->rank = (int32_t)(first->rank - axis);
    for (int i = second->rank; i < out->rank; i++)
        out->dims[i] = 1;
    return TENON_OK;
}

/* The operands as numpy would broadcast them, in the formula's order. `room` holds one that is not
 * as given. */
static tenon_status operands(const tenon__eltwise_attrs *a, const tenon__view *const *in, int count,
                             const tenon__view **out, tenon__view *room, tenon_error *err)
{
    for (int i = 0; i < count; i++)
        out[i] = in[i];
    if (count == 2 && a->old_axis && in[1]->rank >= 0 && in[1]->rank < in[0]->rank) {
        tenon_status status = aligned(a, in[0], in[1], room, err);
        if (status) return status;
        out[1] = room;
    }
    if (count == 2 && a->reversed) {
        const tenon__view *t = out[0];
        out[0] = out[1];
        out[1] = t;
    }
    return TENON_OK;
}

/* The one dtype of all operands, TENON_NONE where none is known. */
static tenon_status common_dtype(const tenon__infer *c, tenon_dtype *dtype)
{
    const tenon__eltwise_attrs *a = c->attrs;
    *dtype = TENON_NONE;
    for (uint32_t i = 0; i < c->in_count; i++) {
        bool condition = a->formula == TENON__F_WHERE && i == 0;
        tenon_status status =
            tenon__eltwise_accepts(c, i, condition ? TENON__DTYPE_BIT(BOOL) : a->dtypes);
        if (status) return status;
        if (condition || c->in[i]->dtype == TENON_NONE) continue;
        if (*dtype != TENON_NONE && *dtype != c->in[i]->dtype)
            return tenon__fail(c->err, TENON_ETYPE, "inputs are %s and %s; all must have one type",
                               tenon_dtype_text(*dtype), tenon_dtype_text(c->in[i]->dtype));
        *dtype = c->in[i]->dtype;
    }
    return TENON_OK;
}

tenon_status tenon__eltwise_infer(tenon__infer *c)
{
    const tenon__eltwise_attrs *a = c->attrs;
    const tenon__view *in[TENON__FORMULA_OPERANDS];
    tenon__view room, *out = c->out[0];
    tenon_dtype dtype;
    tenon_status status = common_dtype(c, &dtype);
    if (status) return status;
    out->dtype = tenon__formula_tests(a->formula) ? TENON_BOOL : dtype;
    if (tenon__infer_rank_unknown(c, c->in_count)) return TENON_OK;
    status = operands(a, c->in, (int)c->in_count, in, &room, c->err);
    if (!status) status = tenon__infer_broadcast(c, in, c->in_count, out);
    out->layout = status ? TENON__PLAIN : tenon__broadcast_layout(in, c->in_count, out);
    return status;
}

/* ---- prepare, bind, run ---- */

/* The operand whose dtype names the row. */
static const tenon__view *leader(const tenon__eltwise_attrs *a, const tenon__view *const *in)
{
    return in[a->formula == TENON__F_WHERE ? 1 : 0];
}

tenon_status tenon__eltwise_prepare(tenon__prepare *c)
{
    const tenon__eltwise_attrs *a = c->attrs;
    tenon__eltwise_prepared *p = c->prepared;
    p->row = tenon__eltwise_find(c->cpu, a->formula, leader(a, c->in)->dtype, &c->kernel);
    return TENON_OK;
}

tenon_status tenon__eltwise_bind(tenon__bind *c)
{
    const tenon__eltwise_attrs *a = c->attrs;
    const tenon__eltwise_prepared *prepared = c->prepared;
    tenon__eltwise_params *p = c->params;
    const tenon__view *in[TENON__FORMULA_OPERANDS];
    tenon__view room;
    tenon_dtype dtype = leader(a, c->in)->dtype;
    p->row = prepared->row ? prepared->row : tenon__eltwise_find(c->cpu, a->formula, dtype, NULL);
    if (!p->row)
        return tenon__fail(c->err, TENON_ETYPE, "no kernel for %s", tenon_dtype_text(dtype));
    tenon_status status = operands(a, c->in, (int)c->in_count, in, &room, c->err);
    if (!status)
        status = tenon__broadcast_bind(&p->broadcast, c->out[0], in, (int)c->in_count,
                                       (double)p->row->cost_ns, &c->tiles, c->err);
    c->flops = (double)p->broadcast.total;
    return status;
}

tenon_status tenon__eltwise_run(const tenon__run *r)
{
    const tenon__eltwise_attrs *a = r->attrs;
    const tenon__eltwise_params *p = r->params;
    const void *in[TENON__FORMULA_OPERANDS];
    for (uint32_t i = 0; i < r->in_count; i++)
        in[a->reversed ? r->in_count - 1 - i : i] = r->in[i]->data;
    tenon__broadcast_run(&p->broadcast, r->tile, r->out[0]->data, in, p->row->fn, a->p);
    return TENON_OK;
}

int tenon__eltwise_blocked(const tenon__node *node, const void *attrs, const tenon__view *const *in,
                           uint32_t in_count, tenon__cpu_bits cpu)
{
    const tenon__eltwise_attrs *a = attrs;
    (void)node;
    (void)cpu;
    return !a->old_axis && !tenon__formula_tests(a->formula) &&
           tenon__broadcast_blocked(in, in_count);
}

/* ---- any number of operands ---- */

/* Elements that are taken through all operands before the next: they stay in the cache. */
#define STRIP 16384
/* Tiles are whole numbers of these. */
#define GRAIN 64

tenon_status tenon__variadic_infer(tenon__infer *c)
{
    tenon_status status = common_dtype(c, &c->out[0]->dtype);
    if (status || tenon__infer_rank_unknown(c, c->in_count)) return status;
    status = tenon__infer_broadcast(c, c->in, c->in_count, c->out[0]);
    if (!status) c->out[0]->layout = tenon__broadcast_layout(c->in, c->in_count, c->out[0]);
    return status;
}

tenon_status tenon__variadic_bind(tenon__bind *c)
{
    const tenon__eltwise_attrs *a = c->attrs;
    const tenon__eltwise_prepared *prepared = c->prepared;
    tenon__variadic_params *p = c->params;
    tenon__broadcast g;
    uint32_t tiles;
    tenon_dtype dtype = c->in[0]->dtype;
    p->row = prepared->row ? prepared->row : tenon__eltwise_find(c->cpu, a->formula, dtype, NULL);
    p->divide = a->mean ? tenon__eltwise_find(c->cpu, TENON__F_DIV, dtype, NULL) : NULL;
    if (!p->row || (a->mean && !p->divide))
        return tenon__fail(c->err, TENON_ETYPE, "no kernel for %s", tenon_dtype_text(dtype));
    for (uint32_t i = 0; i < c->in_count;
         i++) { /* each goes with the output, so that run cannot fail */
        tenon_status status =
            tenon__broadcast_bind(&g, c->out[0], &c->in[i], 1, 1.0, &tiles, c->err);
        if (status) return status;
    }
    double cost_ns = (double)p->row->cost_ns * c->in_count * GRAIN;
    p->total = g.total;
    c->tiles = tenon__tiles((p->total + GRAIN - 1) / GRAIN, cost_ns, &p->per_tile);
    p->per_tile *= GRAIN;
    c->flops = (double)p->total * c->in_count;
    return TENON_OK;
}

/* out = fn(a, b) for elements [begin, end). */
static tenon_status fold(const tenon__run *r, tenon__eltwise_fn fn, const tenon__view *a,
                         const tenon__view *b, int64_t begin, int64_t end)
{
    const tenon__view *in[] = {a, b};
    tenon__broadcast g;
    uint32_t tiles;
    tenon_status status = tenon__broadcast_bind(&g, r->out[0], in, 2, 1.0, &tiles, r->err);
    if (!status)
        tenon__broadcast_range(&g, begin, end, r->out[0]->data, (const void *[]){a->data, b->data},
                               fn, NULL);
    return status;
}

tenon_status tenon__variadic_run(const tenon__run *r)
{
    const tenon__variadic_params *p = r->params;
    const tenon__view *out = r->out[0];
    size_t bytes = tenon_dtype_bits(out->dtype) / 8;
    float f32 = (float)r->in_count;
    double f64 = r->in_count;
    tenon__view number = {.data = out->dtype == TENON_F64 ? (void *)&f64 : (void *)&f32,
                          .dtype = out->dtype};
    int64_t begin = (int64_t)r->tile * p->per_tile, end = begin + p->per_tile;
    end = end < p->total ? end : p->total;
    tenon_status status = TENON_OK;
    for (int64_t to; begin < end && !status; begin = to) {
        to = begin + STRIP < end ? begin + STRIP : end;
        if (r->in_count == 1)
            memcpy((char *)out->data + (size_t)begin * bytes,
                   (const char *)r->in[0]->data + (size_t)begin * bytes,
                   (size_t)(to - begin) * bytes);
        for (uint32_t i = 1; i < r->in_count && !status; i++)
            status = fold(r, p->row->fn, i == 1 ? r->in[0] : out, r->in[i], begin, to);
        if (p->divide && !status) status = fold(r, p->divide->fn, out, &number, begin, to);
    }
    return status;
}
