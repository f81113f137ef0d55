/* SPDX-License-Identifier: Apache-2.0 */
/* Pow: y = a to the power of b, with broadcasting; reals (f16 and bf16 widened) and integers, the
 * exponent of any such dtype whatever that of a, which is the output's. Integers by integers wrap;
 * a negative exponent leaves the whole part of the quotient. Mixed dtypes are computed in double.
 * Source: ONNX Pow-15, and with attributes axis and broadcast before opset 7. */
#include "opkit/eltwise_ref.h"

#include <math.h>

#include "tensor/convert.h"

/* Elements of a piece that is converted to double at a time. */
#define PIECE 128

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__eltwise_read(node, attrs, TENON__F_POW, err);
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__eltwise_attrs *a = c->attrs;
    const tenon__view *base = c->in[0], *exponent = c->in[1];
    for (uint32_t i = 0; i < 2; i++) {
        tenon_status status = tenon__eltwise_accepts(c, i, a->dtypes);
        if (status) return status;
    }
    /* As if they had one dtype. */
    tenon__view like = *exponent;
    like.dtype = base->dtype;
    const tenon__view *in[] = {base, &like};
    tenon__infer same = *c;
    same.in = in;
    return tenon__eltwise_infer(&same);
}

static tenon_status prepare(tenon__prepare *c)
{
    if (c->in[0]->dtype == c->in[1]->dtype) return tenon__eltwise_prepare(c);
    c->kernel = "mixed";
    return TENON_OK;
}

/* What the elements of a mixed power are; stands where formulas have parameters. */
typedef struct dtypes {
    tenon_dtype base, exponent;
} dtypes;

static void power_mixed(void *y, const void *const *x, const int *step, int64_t n, const void *p)
{
    const dtypes *d = p;
    double base[PIECE], exponent[PIECE];
    const size_t base_bytes = tenon_dtype_bits(d->base) / 8;
    const size_t exponent_bytes = tenon_dtype_bits(d->exponent) / 8;
    for (int64_t i = 0; i < n; i += PIECE) {
        size_t count = (size_t)(n - i < PIECE ? n - i : PIECE);
        const char *a = (const char *)x[0] + (size_t)(step[0] ? i : 0) * base_bytes;
        const char *b = (const char *)x[1] + (size_t)(step[1] ? i : 0) * exponent_bytes;
        /* Numbers to numbers: these cannot fail. */
        (void)tenon__convert(d->base, a, TENON_F64, base, 0, step[0] ? count : 1, true, NULL);
        (void)tenon__convert(d->exponent, b, TENON_F64, exponent, 0, step[1] ? count : 1, true,
                             NULL);
        for (size_t k = count;
             k-- > 0;) /* backwards: element 0 stands for all of an operand of step 0 */
            base[k] = pow(base[step[0] ? k : 0], exponent[step[1] ? k : 0]);
        (void)tenon__convert(TENON_F64, base, d->base, (char *)y + (size_t)i * base_bytes, 0, count,
                             true, NULL);
    }
}

static tenon_status bind(tenon__bind *c)
{
    static const tenon__eltwise_row mixed = {TENON__F_POW, TENON_NONE, 30, power_mixed};
    tenon__eltwise_prepared prepared = *(const tenon__eltwise_prepared *)c->prepared;
    if (c->in[0]->dtype != c->in[1]->dtype) prepared.row = &mixed;
    tenon__bind with = *c;
    with.prepared = &prepared;
    tenon_status status = tenon__eltwise_bind(&with);
    with.prepared = c->prepared;
    *c = with;
    return status;
}

static tenon_status run(const tenon__run *r)
{
    const tenon__eltwise_params *p = r->params;
    const dtypes d = {r->in[0]->dtype, r->in[1]->dtype};
    tenon__broadcast_run(&p->broadcast, r->tile, r->out[0]->data,
                         (const void *[]){r->in[0]->data, r->in[1]->data}, p->row->fn, &d);
    return TENON_OK;
}

TENON__ELTWISE_REF(pow(x[0], x[1]))

static const tenon__import imports[] = {{"onnx", "", "Pow", 1, 0, NULL}, {0}};

const tenon__op tenon__op_pow = {.name = "Pow",
                                 .doc = "The power of one tensor by another",
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .min_outputs = 1,
                                 .max_outputs = 1,
                                 .flags = TENON__OP_WIDEN | TENON__OP_INPLACE,
                                 .accuracy = TENON__ROUNDS,
                                 .imports = imports,
                                 .attrs_bytes = sizeof(tenon__eltwise_attrs),
                                 .prepared_bytes = sizeof(tenon__eltwise_prepared),
                                 .params_bytes = sizeof(tenon__eltwise_params),
                                 .read = read,
                                 .infer = infer,
                                 .prepare = prepare,
                                 .bind = bind,
                                 .run = run,
                                 .blocked = tenon__eltwise_blocked,
                                 TENON__REF(ref)};
