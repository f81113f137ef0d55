/* SPDX-License-Identifier: Apache-2.0 */
/* LRN: y = x / (bias + alpha / size * s)^beta, where s sums x^2 over `size` neighbouring channels:
 * floor((size - 1) / 2) before, ceil((size - 1) / 2) behind. x [N, C, ...]; f32, f64; f16 and bf16
 * widened. ONNX LRN-13. */
#include <math.h>

#include "opkit/norm.h"

typedef struct attrs {
    float alpha, beta, bias;
    int64_t size;
} attrs;

/* A piece is up to LANES neighbouring places of one sample, all channels. */
enum { LANES = 64 };

typedef struct params {
    const tenon__norm_row *kernel;
    int64_t places, chunks, pieces, per_tile;
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    static const char *const floats[] = {"alpha", "beta", "bias"};
    for (int i = 0; i < 3; i++) {
        tenon_status st = tenon__attr_check(node, floats[i], TENON__ATTR_FLOAT, err);
        if (st) return st;
    }
    tenon_status st = tenon__attr_check(node, "size", TENON__ATTR_INT, err);
    if (st) return st;
    a->alpha = tenon__attr_float(node, "alpha", 1e-4f);
    a->beta = tenon__attr_float(node, "beta", 0.75f);
    a->bias = tenon__attr_float(node, "bias", 1.0f);
    a->size = tenon__attr_int(node, "size", 0);
    if (a->size < 1)
        return tenon__fail(err, TENON_EFORMAT, "size is %lld; at least 1 is wanted",
                           (long long)a->size);
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *x = c->in[0];
    tenon_status st = tenon__norm_check_dtype(c, 0);
    if (st) return st;
    tenon__infer_like(c, 0, 0);
    if (x->rank == 0 || x->rank == 1)
        return tenon__fail(c->err, TENON_ESHAPE, "X has rank %d; [N, C, ...] is wanted", x->rank);
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    c->kernel = tenon__norm_find(c->cpu)->name;
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *p = c->params;
    const tenon__view *x = c->in[0];
    p->kernel = tenon__norm_find(c->cpu);
    p->places = tenon__dims_product(x->dims, 2, x->rank);
    p->chunks = (p->places + LANES - 1) / LANES;
    p->pieces = x->dims[1] ? x->dims[0] * p->chunks : 0;
    int64_t window = a->size < x->dims[1] ? a->size : x->dims[1];
    double elem_ns = x->dtype == TENON_F32 ? 0.5 + 0.05 * (double)window : 50;
    c->tiles = tenon__tiles(p->pieces, elem_ns * (double)x->dims[1] * LANES, &p->per_tile);
    c->flops = (double)tenon__view_count(x) * (double)(2 * window + 4);
    return TENON_OK;
}

static double get_square(const tenon__view *x, int64_t i)
{
    double v = tenon__norm_get(x, i);
    return v * v;
}

/* `lanes` places from `at` on, all channels, in double. */
static void lrn_plain(const tenon__run *r, int64_t places, int64_t at, int64_t lanes)
{
    const attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    int64_t channels = x->dims[1], below = (a->size - 1) / 2, above = a->size - 1 - below;
    for (int64_t j = at; j < at + lanes; j++)
        for (int64_t k = 0; k < channels; k++) {
            int64_t from = k < below ? 0 : k - below;
            int64_t to = channels - k <= above ? channels : k + above + 1;
            double s = 0;
            for (int64_t i = from; i < to; i++)
                s += get_square(x, i * places + j);
            s = a->bias + (double)a->alpha / (double)a->size * s;
            tenon__norm_put(r->out[0], k * places + j,
                            tenon__norm_get(x, k * places + j) / pow(s, a->beta));
        }
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const tenon__view *x = r->in[0];
    tenon__lrn lrn = {(a->size - 1) / 2, a->size - 1 - (a->size - 1) / 2,
                      (float)((double)a->alpha / (double)a->size), a->bias, a->beta};
    int64_t end = ((int64_t)r->tile + 1) * p->per_tile;
    for (int64_t i = (int64_t)r->tile * p->per_tile; i < end && i < p->pieces; i++) {
        int64_t j = i % p->chunks * LANES, at = i / p->chunks * x->dims[1] * p->places + j;
        int64_t lanes = p->places - j < LANES ? p->places - j : LANES;
        if (x->dtype == TENON_F32)
            p->kernel->lrn((const float *)x->data + at, (float *)r->out[0]->data + at, x->dims[1],
                           p->places, lanes, &lrn);
        else
            lrn_plain(r, p->places, at, lanes);
    }
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const tenon__view *x = r->in[0];
    int64_t places = tenon__dims_product(x->dims, 2, x->rank);
    for (int64_t i = 0; i < x->dims[0]; i++)
        lrn_plain(r, places, i * x->dims[1] * places, places);
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "LRN", 1, 0, NULL}, {0}};

const tenon__op tenon__op_lrn = {
    .name = "LRN",
    .doc = "Each element divided by a power of its neighbouring channels' squares",
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
    .infer = infer,
    .prepare = prepare,
    .bind = bind,
    TENON__REF(ref).run = run,
};
