/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearConv: ONNX QLinearConv-10.
 *
 * Y = saturate(round(S * (x_scale * w_scale / y_scale)) + y_zero_point), halves to even, S being
 * the sum in int32 of the convolution of (x - x_zero_point) with (w - w_zero_point), and of the
 * bias B (int32 [M], optional). x [N, C, D1, ...] and w [M, C / group, k1, ...] are uint8 or int8,
 * y is of y_zero_point's type; what lies in the padding is x_zero_point. Scales are f32. Those of x
 * and y have one element, those of w one or M. Attributes as Conv. */
#include "opkit/index.h"
#include "opkit/qconvolve.h"
#ifdef TENON_TEST_REF
#include "opkit/qconvolve_ref.h"
#endif

enum { X, X_SCALE, X_ZERO, W, W_SCALE, W_ZERO, Y_SCALE, Y_ZERO, BIAS };

static const tenon__qconvolve_inputs inputs = {.x = X, .w = W, .x_zero = X_ZERO, .w_zero = W_ZERO};

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    return tenon__convolve_read(node, out, err);
}

static tenon_status check_type(const tenon__infer *c, uint32_t i, const char *what,
                               tenon_dtype want)
{
    if (!TENON__HAS(c, i) || c->in[i]->dtype == want || c->in[i]->dtype == TENON_NONE)
        return TENON_OK;
    return tenon__fail(c->err, TENON_ETYPE, "%s is %s; want %s", what,
                       tenon_dtype_text(c->in[i]->dtype), tenon_dtype_text(want));
}

static tenon_status infer(tenon__infer *c)
{
    tenon_status st;
    const tenon_dtype out = TENON__HAS(c, Y_ZERO) ? c->in[Y_ZERO]->dtype : TENON_U8;
    if (out != TENON_U8 && out != TENON_I8 && out != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "the output's zero point is %s; want int8 or uint8",
                           tenon_dtype_text(out));
    if ((st = check_type(c, X_SCALE, "the input's scale", TENON_F32))) return st;
    if ((st = check_type(c, W_SCALE, "the weights' scale", TENON_F32))) return st;
    if ((st = check_type(c, Y_SCALE, "the output's scale", TENON_F32))) return st;
    if ((st = check_type(c, BIAS, "the bias", TENON_I32))) return st;
    if ((st = tenon__qconvolve_check_scale(c, X_SCALE, "the input's scale", 1))) return st;
    if ((st = tenon__qconvolve_check_scale(c, Y_SCALE, "the output's scale", 1))) return st;
    if ((st = tenon__qconvolve_check_scale(c, Y_ZERO, "the output's zero point", 1))) return st;
    const int64_t m = c->in[W]->rank > 0 ? c->in[W]->dims[0] : TENON__DIM_UNKNOWN;
    if ((st = tenon__qconvolve_check_scale(c, W_SCALE, "the weights' scale", m))) return st;
    return tenon__qconvolve_infer(c, c->attrs, &inputs, BIAS, out);
}

static tenon_status prepare(tenon__prepare *c)
{
    return tenon__qconvolve_prepare(c, c->attrs, &inputs);
}

static tenon_status bind(tenon__bind *c)
{
    return tenon__qconvolve_bind(c, c->attrs, &inputs);
}

static tenon__qconvolve_tail tail_of(const tenon__run *r)
{
    return (tenon__qconvolve_tail){
        .x_scale = *(const float *)r->in[X_SCALE]->data,
        .y_scale = *(const float *)r->in[Y_SCALE]->data,
        .w_scale = r->in[W_SCALE]->data,
        .w_scale_step = tenon__view_count(r->in[W_SCALE]) == 1 ? 0 : 1,
        .y_zero = tenon__qconvolve_zero(r, Y_ZERO, 0),
        .bias = TENON__HAS(r, BIAS) ? r->in[BIAS]->data : NULL,
    };
}

static tenon_status run(const tenon__run *r)
{
    const tenon__qconvolve_tail tail = tail_of(r);
    tenon__qconvolve_run(r, &inputs, &tail);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    const tenon__qconvolve_tail tail = tail_of(r);
    qconvolve_ref(r, &inputs, &tail);
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "QLinearConv", 10, 0, NULL}, {0}};

const tenon__op tenon__op_qlinear_conv = {.name = "QLinearConv",
                                          .doc = "Convolution of bytes with scales",
                                          .min_inputs = 8,
                                          .max_inputs = 9,
                                          .min_outputs = 1,
                                          .max_outputs = 1,
                                          .accuracy = TENON__EXACT,
                                          .imports = imports,
                                          .attrs_bytes = sizeof(tenon__convolve_attrs),
                                          .prepared_bytes = sizeof(tenon__qconvolve_prepared),
                                          .params_bytes = sizeof(tenon__qconvolve_params),
                                          .read = read,
                                          .infer = infer,
                                          .prepare = prepare,
                                          .bind = bind,
                                          .tiles = tenon__qconvolve_tiles,
                                          .run = run,
                                          TENON__REF(ref)};
