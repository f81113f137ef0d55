/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearMatMul: Y = saturate(round((A - a_zero) x (B - b_zero) * a_scale * b_scale / y_scale) +
 * y_zero) as numpy's matmul, A, B and Y of i8 or u8, rounding half to even. Scales and zero points
 * of A and Y are one number or one per row, of B one or one per column. f32 scales; f16 and bf16
 * widened. ONNX QLinearMatMul-21. */
#include "opkit/qmatmul.h"

static tenon__qmatmul_operands operands(const tenon__view *const *in)
{
    return (tenon__qmatmul_operands){.a = in[0],
                                     .a_scale = in[1],
                                     .a_zero = in[2],
                                     .b = in[3],
                                     .b_scale = in[4],
                                     .b_zero = in[5],
                                     .y_scale = in[6],
                                     .y_zero = in[7],
                                     .alpha = 1};
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__qmatmul_operands o = operands(c->in);
    for (uint32_t i = 0; i < 8; i++)
        if (!c->in[i]) return tenon__fail(c->err, TENON_EFORMAT, "input %u is absent", i);
    const tenon_dtype dtype = o.y_zero->dtype;
    if (dtype != TENON_NONE && dtype != TENON_U8 && dtype != TENON_I8)
        return tenon__fail(c->err, TENON_ETYPE,
                           "the zero point of Y is %s; it must be int8 or uint8",
                           tenon_dtype_text(dtype));
    return tenon__qmatmul_infer(c, &o, dtype);
}

static tenon_status prepare(tenon__prepare *c)
{
    const tenon__qmatmul_operands o = operands(c->in);
    return tenon__qmatmul_prepare(c, &o, 3);
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__qmatmul_operands o = operands(c->in);
    return tenon__qmatmul_bind(c, c->params, &o);
}

static uint32_t tiles(const void *params, uint32_t phase)
{
    const tenon__qmatmul *q = params;
    return tenon__matmul_tiles(&q->shape, phase);
}

static tenon_status run(const tenon__run *r)
{
    const tenon__qmatmul_operands o = operands(r->in);
    return tenon__qmatmul_run(r, r->params, &o, NULL);
}

#ifdef TENON_TEST_REF
#include "opkit/qmatmul_ref.h"

static tenon_status ref(const tenon__run *r)
{
    const tenon__qmatmul_operands o = operands(r->in);
    return qmatmul_ref(r, &o, NULL);
}
#endif

static const tenon__import imports[] = {{"onnx", "", "QLinearMatMul", 1, 0, NULL}, {0}};

const tenon__op tenon__op_qlinear_matmul = {.name = "QLinearMatMul",
                                            .doc = "Matrix product of quantised bytes",
                                            .min_inputs = 8,
                                            .max_inputs = 8,
                                            .min_outputs = 1,
                                            .max_outputs = 1,
                                            .flags = TENON__OP_WIDEN,
                                            .accuracy = TENON__ROUNDS,
                                            .imports = imports,
                                            .prepared_bytes = sizeof(tenon__qmatmul_prepared),
                                            .params_bytes = sizeof(tenon__qmatmul),
                                            .infer = infer,
                                            .prepare = prepare,
                                            .bind = bind,
                                            .tiles = tiles,
                                            .run = run,
                                            TENON__REF(ref)};
