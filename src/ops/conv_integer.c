/* SPDX-License-Identifier: Apache-2.0 */
/* ConvInteger: ONNX ConvInteger-10.
 *
 * Y = the convolution of (x - x_zero_point) with (w - w_zero_point), int32, modulo 2^32. x [N, C,
 * D1, ...] and w [M, C / group, k1,
 * ...] are uint8 or int8; what lies in the padding is x_zero_point. x_zero_point has one element,
 * w_zero_point one or M; absent they are 0. Attributes as Conv. */
#include "opkit/index.h"
#include "opkit/qconvolve.h"
#ifdef TENON_TEST_REF
#include "opkit/qconvolve_ref.h"
#endif

static const tenon__qconvolve_inputs inputs = {.x = 0, .w = 1, .x_zero = 2, .w_zero = 3};

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    return tenon__convolve_read(node, out, err);
}

static tenon_status infer(tenon__infer *c)
{
    return tenon__qconvolve_infer(c, c->attrs, &inputs, UINT32_MAX, TENON_I32);
}

static tenon_status prepare(tenon__prepare *c)
{
    return tenon__qconvolve_prepare(c, c->attrs, &inputs);
}

static tenon_status bind(tenon__bind *c)
{
    return tenon__qconvolve_bind(c, c->attrs, &inputs);
}

static tenon_status run(const tenon__run *r)
{
    tenon__qconvolve_run(r, &inputs, NULL);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
static tenon_status ref(const tenon__run *r)
{
    qconvolve_ref(r, &inputs, NULL);
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "ConvInteger", 10, 0, NULL}, {0}};

const tenon__op tenon__op_conv_integer = {.name = "ConvInteger",
                                          .doc = "Convolution of bytes into 32-bit integers",
                                          .min_inputs = 2,
                                          .max_inputs = 4,
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
