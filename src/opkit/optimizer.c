/* SPDX-License-Identifier: Apache-2.0 */
/* See optimizer.h. One tile takes one of the optimized tensors. */
#include "opkit/optimizer.h"

#include "tensor/convert.h"

static tenon_status check_scalar(tenon__infer *c, uint32_t i, const char *name, bool integer)
{
    const tenon__view *v = c->in[i];
    char text[128];
    bool dtype_ok =
        integer ? v->dtype == TENON_I64 : v->dtype == TENON_F32 || v->dtype == TENON_F64;
    if (v->dtype != TENON_NONE && !dtype_ok)
        return tenon__fail(c->err, TENON_ETYPE, "%s is %s; %s is wanted", name,
                           tenon_dtype_text(v->dtype), integer ? "int64" : "float32 or float64");
    int64_t count = tenon__view_count(v);
    if (c->binding && count != 1)
        return tenon__fail(c->err, TENON_ESHAPE, "%s is %s; one number is wanted", name,
                           tenon__view_print(v, text, sizeof text));
    return TENON_OK;
}

tenon_status tenon__optimizer_infer(tenon__infer *c, uint32_t kinds)
{
    uint32_t n = (c->in_count - 2) / kinds;
    if (n * kinds + 2 != c->in_count || n * (kinds - 1) != c->out_count)
        return tenon__fail(c->err, TENON_EFORMAT,
                           "%u inputs and %u outputs; 2 + %u n and %u n are wanted", c->in_count,
                           c->out_count, kinds, kinds - 1);
    for (uint32_t i = 0; i < c->in_count; i++)
        if (!c->in[i]) return tenon__fail(c->err, TENON_EFORMAT, "input %u is absent", i);
    tenon_status st = check_scalar(c, 0, "R", false);
    if (!st) st = check_scalar(c, 1, "T", true);
    for (uint32_t i = 0; i < n && !st; i++) {
        const tenon__view *x = c->in[2 + i];
        if (x->dtype != TENON_NONE && x->dtype != TENON_F32 && x->dtype != TENON_F64)
            return tenon__fail(c->err, TENON_ETYPE, "input %u is %s; float32 or float64 is wanted",
                               2 + i, tenon_dtype_text(x->dtype));
        for (uint32_t k = 1; k < kinds; k++) {
            const tenon__view *v = c->in[2 + k * n + i];
            bool same = v->dtype == x->dtype && v->rank == x->rank;
            for (int d = 0; same && d < x->rank; d++)
                same = v->dims[d] == x->dims[d];
            if (c->binding && !same)
                return tenon__fail(c->err, TENON_ESHAPE,
                                   "inputs %u and %u must have the same shape and type", 2 + i,
                                   2 + k * n + i);
        }
        for (uint32_t k = 0; k < kinds - 1; k++)
            tenon__infer_like(c, k * n + i, 2 + i);
    }
    return st;
}

tenon_status tenon__optimizer_bind(tenon__bind *c, uint32_t kinds)
{
    c->tiles = (c->in_count - 2) / kinds;
    return TENON_OK;
}

tenon_status tenon__optimizer_run(const tenon__run *r, uint32_t kinds, tenon__optimizer_step step)
{
    uint32_t n = (r->in_count - 2) / kinds, i = r->tile;
    double rate = tenon__get_f64(r->in[0]->dtype, r->in[0]->data, 0);
    int64_t updates = tenon__get_i64(r->in[1]->dtype, r->in[1]->data, 0);
    int64_t count = tenon__view_count(r->in[2 + i]);
    for (int64_t at = 0; at < count; at++) {
        double v[4] = {0};
        for (uint32_t k = 0; k < kinds; k++) {
            const tenon__view *in = r->in[2 + k * n + i];
            v[k] = tenon__get_f64(in->dtype, in->data, (size_t)at);
        }
        step(r->attrs, rate, updates, v);
        for (uint32_t k = 0; k < kinds - 1; k++) {
            tenon__view *out = r->out[k * n + i];
            double value = v[k ? k + 1 : 0]; /* the gradient is no output */
            if (out->dtype == TENON_F64)
                ((double *)out->data)[at] = value;
            else
                ((float *)out->data)[at] = (float)value;
        }
    }
    return TENON_OK;
}
