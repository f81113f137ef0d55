/* SPDX-License-Identifier: Apache-2.0 */
/* LpNormalization: y = x / (sum |x|^p)^(1/p) along axis, p 1 or 2; 0 where the norm is 0. f32, f64;
 * f16 and bf16 widened. ONNX LpNormalization-22. */
#include <math.h>

#include "kernels/reduce/reduce.h"
#include "opkit/axis.h"
#include "opkit/norm.h"

typedef struct attrs {
    tenon__axis_attrs axis; /* first: as tenon__axis_infer has it */
    int64_t p;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    tenon_status st = tenon__attr_check(node, "axis", TENON__ATTR_INT, err);
    if (!st) st = tenon__attr_check(node, "p", TENON__ATTR_INT, err);
    if (st) return st;
    a->axis.axis = tenon__attr_int(node, "axis", -1);
    a->p = tenon__attr_int(node, "p", 2);
    if (a->p != 1 && a->p != 2)
        return tenon__fail(err, TENON_EFORMAT, "p is %lld; 1 or 2 is wanted", (long long)a->p);
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    c->kernel = tenon__norm_find(c->cpu)->name;
    return TENON_OK;
}

typedef struct params {
    tenon__axis_params axis;
    const tenon__norm_row *norm;
    const tenon__reduce_row *reduce;
} params;

static tenon_status bind(tenon__bind *c)
{
    params *p = c->params;
    p->norm = tenon__norm_find(c->cpu);
    p->reduce = tenon__reduce_find(c->cpu);
    bool fast = c->in[0]->dtype == TENON_F32 && c->in[0]->rank > 0;
    tenon__axis_bind(c, &p->axis, fast ? 0.2 : 8);
    return TENON_OK;
}

static void line_plain(const tenon__run *r, int64_t n, int64_t stride, int64_t at)
{
    const attrs *a = r->attrs;
    double norm = 0;
    for (int64_t i = 0; i < n; i++) {
        double v = tenon__norm_get(r->in[0], at + i * stride);
        norm += a->p == 1 ? fabs(v) : v * v;
    }
    if (a->p == 2) norm = sqrt(norm);
    for (int64_t i = 0; i < n; i++) {
        double v = tenon__norm_get(r->in[0], at + i * stride);
        tenon__norm_put(r->out[0], at + i * stride, norm == 0 ? 0 : v / norm);
    }
}

static void line_f32(const tenon__run *r, const params *p, int64_t at)
{
    const attrs *a = r->attrs;
    const float *x = (const float *)r->in[0]->data + at;
    float norm = 0;
    if (a->p == 1)
        p->reduce->f32[TENON__REDUCE_SUM_ABS].row(x, p->axis.n, NULL, &norm);
    else
        norm = sqrtf(p->norm->sum_square(x, p->axis.n, 0));
    p->norm->linear(x, (float *)r->out[0]->data + at, p->axis.n, 0, norm == 0 ? 0 : 1 / norm, 0);
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    int64_t from, to;
    tenon__axis_pieces(&p->axis, r->tile, &from, &to);
    for (int64_t i = from; i < to; i++) {
        tenon__axis_piece piece = tenon__axis_piece_get(&p->axis, i);
        if (p->axis.inner == 1 && r->in[0]->dtype == TENON_F32)
            line_f32(r, p, piece.at);
        else
            for (int64_t j = piece.at; j < piece.at + piece.lanes; j++)
                line_plain(r, p->axis.n, p->axis.inner, j);
    }
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    int axis = (int)(a->axis.axis < 0 ? a->axis.axis + x->rank : a->axis.axis);
    if (x->rank == 0) {
        line_plain(r, 1, 1, 0);
        return TENON_OK;
    }
    int64_t inner = tenon__dims_product(x->dims, axis + 1, x->rank);
    for (int64_t i = 0; i < tenon__dims_product(x->dims, 0, axis); i++)
        for (int64_t j = 0; j < inner; j++)
            line_plain(r, x->dims[axis], inner, i * x->dims[axis] * inner + j);
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "LpNormalization", 1, 0, NULL}, {0}};

const tenon__op tenon__op_lp_normalization = {
    .name = "LpNormalization",
    .doc = "Norm 1 along an axis",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = tenon__axis_infer,
    .prepare = prepare,
    .bind = bind,
    TENON__REF(ref).run = run,
};
