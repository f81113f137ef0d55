/* SPDX-License-Identifier: Apache-2.0 */
/* QGemm: Y = alpha * a_scale * b_scale * ((A' - a_zero) x (B' - b_zero) + C), where A' and B' are A
 * and B, turned with transA, transB, of i8 or u8; C, optional, of i32, broadcasts to [m, n]. With
 * y_scale and y_zero Y is quantised by them, to y_zero's dtype; without, it is f32. Scales and zero
 * points of B are one number or one per column. onnxruntime's com.microsoft QGemm-1. */
#include "opkit/qmatmul.h"

typedef struct attrs {
    float alpha;
    bool turn_a, turn_b;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph, (void)err;
    a->alpha = tenon__attr_float(node, "alpha", 1);
    a->turn_a = tenon__attr_int(node, "transA", 0) != 0;
    a->turn_b = tenon__attr_int(node, "transB", 0) != 0;
    return TENON_OK;
}

static tenon__qmatmul_operands operands(const attrs *a, const tenon__view *const *in,
                                        uint32_t count)
{
    const tenon__view *v[9] = {NULL};
    for (uint32_t i = 0; i < count && i < 9; i++)
        v[i] = in[i];
    return (tenon__qmatmul_operands){.a = v[0],
                                     .a_scale = v[1],
                                     .a_zero = v[2],
                                     .b = v[3],
                                     .b_scale = v[4],
                                     .b_zero = v[5],
                                     .bias = v[6],
                                     .y_scale = v[7],
                                     .y_zero = v[8],
                                     .turn_a = a->turn_a,
                                     .turn_b = a->turn_b,
                                     .alpha = a->alpha};
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__qmatmul_operands o = operands(c->attrs, c->in, c->in_count);
    for (uint32_t i = 0; i < 6; i++)
        if (!c->in[i]) return tenon__fail(c->err, TENON_EFORMAT, "input %u is absent", i);
    if (!o.y_scale != !o.y_zero)
        return tenon__fail(c->err, TENON_EFORMAT, "Y has %s alone; it needs both or none",
                           o.y_scale ? "a scale" : "a zero point");
    const tenon_dtype dtype = o.y_zero ? o.y_zero->dtype : TENON_F32;
    if (o.y_zero && dtype != TENON_NONE && dtype != TENON_U8 && dtype != TENON_I8)
        return tenon__fail(c->err, TENON_ETYPE,
                           "the zero point of Y is %s; it must be int8 or uint8",
                           tenon_dtype_text(dtype));
    for (uint32_t i = 0; i < 4; i += 3)
        if (c->in[i]->rank >= 0 && c->in[i]->rank != 2)
            return tenon__fail(c->err, TENON_ESHAPE, "input %u has rank %d; it must be 2", i,
                               c->in[i]->rank);
    return tenon__qmatmul_infer(c, &o, dtype);
}

static tenon_status prepare(tenon__prepare *c)
{
    const tenon__qmatmul_operands o = operands(c->attrs, c->in, c->in_count);
    return tenon__qmatmul_prepare(c, &o, 3);
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__qmatmul_operands o = operands(c->attrs, c->in, c->in_count);
    return tenon__qmatmul_bind(c, c->params, &o);
}

static uint32_t tiles(const void *params, uint32_t phase)
{
    const tenon__qmatmul *q = params;
    return tenon__matmul_tiles(&q->shape, phase);
}

static tenon_status run(const tenon__run *r)
{
    const tenon__qmatmul_operands o = operands(r->attrs, r->in, r->in_count);
    return tenon__qmatmul_run(r, r->params, &o, NULL);
}

#ifdef TENON_TEST_REF
#include "opkit/qmatmul_ref.h"

static tenon_status ref(const tenon__run *r)
{
    const tenon__qmatmul_operands o = operands(r->attrs, r->in, r->in_count);
    return qmatmul_ref(r, &o, NULL);
}
#endif

static const tenon__import imports[] = {{"onnx", "com.microsoft", "QGemm", 1, 0, NULL}, {0}};

const tenon__op tenon__op_qgemm = {.name = "QGemm",
                                   .doc = "Matrix product of quantised bytes with a bias",
                                   .min_inputs = 6,
                                   .max_inputs = 9,
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
