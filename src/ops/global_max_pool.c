/* SPDX-License-Identifier: Apache-2.0 */
/* GlobalMaxPool: ONNX GlobalMaxPool-1 .. 22.
 *
 * Y[n, c, 0, ...] = the largest element of X[n, c, ...]; NaN where there is one. X is [N, C, ...]
 * of rank 2 or more, its spatial axes not empty; f32 or f64 (f16 and bf16 are widened). */
#include <math.h>

#include "opkit/global_pool.h"
#include "opkit/index.h"
#ifdef TENON_TEST_REF
#include "tensor/convert.h"
#endif

static tenon_status bind(tenon__bind *c)
{
    return tenon__global_pool_bind(c, 0.1, c->params);
}

static double one_f64(const double *x, int64_t n)
{
    double best = x[0];
    for (int64_t i = 1; i < n; i++)
        if (x[i] > best || (isnan(x[i]) && !isnan(best))) best = x[i];
    return best;
}

static tenon_status run(const tenon__run *r)
{
    const tenon__global_pool *p = r->params;
    const int64_t n = p->plane;
    int64_t from, to;
    tenon__global_pool_planes(p, r->tile, &from, &to);
    for (int64_t i = from; i < to; i++) {
        const float *x = r->in[0]->data;
        float *y = r->out[0]->data;
        if (r->in[0]->dtype == TENON_F64) {
            ((double *)r->out[0]->data)[i] = one_f64((const double *)r->in[0]->data + i * n, n);
        } else if (p->blocked) {
            p->row->max_of_block(x + i * n * TENON__BLOCK, n, y + i * TENON__BLOCK);
        } else {
            y[i] = p->row->max_of(x + i * n, n);
        }
    }
    return TENON_OK;
}

static int blocked(const tenon__node *node, const void *attrs_, const tenon__view *const *in,
                   uint32_t in_count, tenon__cpu_bits cpu)
{
    (void)node, (void)attrs_, (void)in_count, (void)cpu;
    return tenon__global_pool_blocked(in);
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const tenon__view *x = r->in[0];
    const int64_t n = tenon__dims_product(x->dims, 2, x->rank);
    for (int64_t i = 0; i < x->dims[0] * x->dims[1]; i++) {
        double v = -(double)INFINITY;
        for (int64_t k = 0; k < n; k++) {
            const double e = tenon__get_f64(x->dtype, x->data, (size_t)(i * n + k));
            if (isnan(v) || e <= v) continue;
            v = e;
        }
        if (x->dtype == TENON_F64)
            ((double *)r->out[0]->data)[i] = v;
        else
            ((float *)r->out[0]->data)[i] = (float)v;
    }
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "GlobalMaxPool", 1, 0, NULL}, {0}};

const tenon__op tenon__op_global_max_pool = {.name = "GlobalMaxPool",
                                             .doc = "The largest element of each channel",
                                             .min_inputs = 1,
                                             .max_inputs = 1,
                                             .min_outputs = 1,
                                             .max_outputs = 1,
                                             .flags = TENON__OP_WIDEN,
                                             .accuracy = TENON__EXACT,
                                             .imports = imports,
                                             .params_bytes = sizeof(tenon__global_pool),
                                             .infer = tenon__global_pool_infer,
                                             .bind = bind,
                                             .run = run,
                                             .blocked = blocked,
                                             TENON__REF(ref)};
