/* SPDX-License-Identifier: Apache-2.0 */
/* MatMulInteger: Y = (A - a_zero) x (B - b_zero) as numpy's matmul, A and B of i8 or u8, Y of i32,
 * exact modulo 2^32. a_zero is one number or one per row, b_zero one or one per column; absent: 0.
 * ONNX MatMulInteger-10.
 *
 * Passes add input 4, a scale (f32, one or one per column): then Y is f32, activation(sum * scale +
 * input 5 (a bias of [n]) + input 6 (of Y's shape)), the activation as in opkit/convolve.h. */
#include "opkit/convolve.h"
#include "opkit/qmatmul.h"

typedef struct attrs {
    tenon__epilogue tail;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    return tenon__convolve_activation(node, &a->tail, err);
}

static tenon__qmatmul_operands operands(const tenon__view *const *in, uint32_t count)
{
    const tenon__view *v[7] = {NULL};
    for (uint32_t i = 0; i < count && i < 7; i++)
        v[i] = in[i];
    return (tenon__qmatmul_operands){.a = v[0],
                                     .b = v[1],
                                     .a_zero = v[2],
                                     .b_zero = v[3],
                                     .b_scale = v[4],
                                     .float_bias = v[5],
                                     .residual = v[6],
                                     .alpha = 1};
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__qmatmul_operands o = operands(c->in, c->in_count);
    const tenon__view *y = c->out[0], *z = o.residual;
    if (!o.b_scale && (o.float_bias || z || a->tail.kind != TENON__ACT_NONE))
        return tenon__fail(c->err, TENON_EFORMAT, "a bias, residual or activation needs a scale");
    tenon_status st = tenon__qmatmul_infer(c, &o, o.b_scale ? TENON_F32 : TENON_I32);
    if (st) return st;
    const bool typed =
        (!o.float_bias || o.float_bias->dtype == TENON_F32 || !o.float_bias->dtype) &&
        (!z || z->dtype == TENON_F32 || !z->dtype);
    if (!typed) return tenon__fail(c->err, TENON_ETYPE, "bias and residual must be float32");
    for (int i = 0; z && z->rank >= 0 && y->rank >= 0 && i < y->rank; i++)
        if (z->rank != y->rank || !tenon__dim_agrees(z->dims[i], y->dims[i]))
            return tenon__fail(c->err, TENON_ESHAPE, "the residual must have the output's shape");
    return TENON_OK;
}

static tenon_status prepare(tenon__prepare *c)
{
    const tenon__qmatmul_operands o = operands(c->in, c->in_count);
    return tenon__qmatmul_prepare(c, &o, 1);
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__qmatmul_operands o = operands(c->in, c->in_count);
    return tenon__qmatmul_bind(c, c->params, &o);
}

static uint32_t tiles(const void *params, uint32_t phase)
{
    const tenon__qmatmul *q = params;
    return tenon__matmul_tiles(&q->shape, phase);
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__qmatmul_operands o = operands(r->in, r->in_count);
    return tenon__qmatmul_run(r, r->params, &o, &a->tail);
}

#ifdef TENON_TEST_REF
#include "opkit/qmatmul_ref.h"

static tenon_status ref(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__qmatmul_operands o = operands(r->in, r->in_count);
    return qmatmul_ref(r, &o, &a->tail);
}
#endif

static const tenon__import imports[] = {{"onnx", "", "MatMulInteger", 1, 0, NULL}, {0}};

const tenon__op tenon__op_matmul_integer = {.name = "MatMulInteger",
                                            .doc = "Matrix product of bytes into 32-bit integers",
                                            .min_inputs = 2,
                                            .max_inputs = 7,
                                            .min_outputs = 1,
                                            .max_outputs = 1,
                                            .accuracy = TENON__ROUNDS,
                                            .imports = imports,
                                            .attrs_bytes = sizeof(attrs),
                                            .prepared_bytes = sizeof(tenon__qmatmul_prepared),
                                            .params_bytes = sizeof(tenon__qmatmul),
                                            .read = read,
                                            .infer = infer,
                                            .prepare = prepare,
                                            .bind = bind,
                                            .tiles = tiles,
                                            .run = run,
                                            TENON__REF(ref)};
