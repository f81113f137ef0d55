/* SPDX-License-Identifier: Apache-2.0 */
/* GlobalLpPool: ONNX GlobalLpPool-1 .. 22.
 *
 * Y[n, c, 0, ...] = (sum of |X[n, c, ...]|^p)^(1 / p), p (2) a whole number from 1 on. X is [N, C,
 * ...] of rank 2 or more, its spatial axes not empty; f32 or f64 (f16 and bf16 are widened). */
#include <math.h>

#include "opkit/global_pool.h"
#include "opkit/index.h"
#include "opkit/pool.h"
#ifdef TENON_TEST_REF
#include "tensor/convert.h"
#endif

typedef struct attrs {
    int64_t power;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    return tenon__pool_read_power(node, &a->power, err);
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    return tenon__global_pool_bind(c, a->power > 2 ? 20 : 1, c->params);
}

static double norm(const tenon__view *x, int64_t at, int64_t n, int64_t power)
{
    double sum = 0;
    for (int64_t i = at; i < at + n; i++) {
        const double v = fabs(x->dtype == TENON_F64 ? ((const double *)x->data)[i]
                                                    : (double)((const float *)x->data)[i]);
        sum += power == 1 ? v : power == 2 ? v * v : pow(v, (double)power);
    }
    return power == 1 ? sum : power == 2 ? sqrt(sum) : pow(sum, 1.0 / (double)power);
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__global_pool *p = r->params;
    const int64_t n = p->plane;
    int64_t from, to;
    tenon__global_pool_planes(p, r->tile, &from, &to);
    for (int64_t i = from; i < to; i++) {
        const double v = norm(r->in[0], i * n, n, a->power);
        if (r->in[0]->dtype == TENON_F64)
            ((double *)r->out[0]->data)[i] = v;
        else
            ((float *)r->out[0]->data)[i] = (float)v;
    }
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    const int64_t n = tenon__dims_product(x->dims, 2, x->rank);
    for (int64_t i = 0; i < x->dims[0] * x->dims[1]; i++) {
        double v = 0;
        for (int64_t k = 0; k < n; k++)
            v +=
                pow(fabs(tenon__get_f64(x->dtype, x->data, (size_t)(i * n + k))), (double)a->power);
        v = pow(v, 1.0 / (double)a->power);
        if (x->dtype == TENON_F64)
            ((double *)r->out[0]->data)[i] = v;
        else
            ((float *)r->out[0]->data)[i] = (float)v;
    }
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "GlobalLpPool", 1, 0, NULL}, {0}};

const tenon__op tenon__op_global_lp_pool = {.name = "GlobalLpPool",
                                            .doc = "The p-norm of each channel",
                                            .min_inputs = 1,
                                            .max_inputs = 1,
                                            .min_outputs = 1,
                                            .max_outputs = 1,
                                            .flags = TENON__OP_WIDEN,
                                            .accuracy = TENON__SUMS,
                                            .imports = imports,
                                            .attrs_bytes = sizeof(attrs),
                                            .params_bytes = sizeof(tenon__global_pool),
                                            .read = read,
                                            .infer = tenon__global_pool_infer,
                                            .bind = bind,
                                            .run = run,
                                            TENON__REF(ref)};
