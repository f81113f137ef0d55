/* SPDX-License-Identifier: Apache-2.0 */
/* Upsample: Resize before it had that name. ONNX Upsample-7, 9 (deprecated in 10).
 *
 * scales, one for each dim and at least 1: an attribute in Upsample-7, an input in 9. mode: nearest
 * (default) or linear (also called bilinear), at x / scale. */
#include "opkit/resample.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    tenon__resample_attrs *a = out;
    tenon__str mode = tenon__attr_str(node, "mode", "nearest");
    size_t count;
    const float *scales = tenon__attr_floats(node, "scales", &count);
    (void)graph;
    if (tenon__str_is(mode, "linear") || tenon__str_is(mode, "bilinear"))
        a->mode = TENON__RESAMPLE_LINEAR;
    else if (!tenon__str_is(mode, "nearest"))
        return tenon__fail(err, TENON_EFORMAT, "mode is '%.*s'; it must be nearest or linear",
                           TENON__STR_ARG(mode));
    a->coords = TENON__COORDS_ASYMMETRIC;
    a->round = TENON__ROUND_SIMPLE;
    a->axis_count = -1;
    a->roi_input = a->sizes_input = -1;
    a->scales_input = node->opset >= 9 ? 1 : -1;
    if (node->opset >= 9 || !scales) return TENON_OK;
    if (count > TENON_MAX_RANK)
        return tenon__fail(err, TENON_ELIMIT,
                           "scales has %zu numbers; ranks above %d are not supported", count,
                           TENON_MAX_RANK);
    a->scale_count = (int)count;
    memcpy(a->scales, scales, count * sizeof *scales);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Upsample", 7, 0, NULL}, {0}};

const tenon__op tenon__op_upsample = {
    .name = "Upsample",
    .doc = "Resize before it had that name",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__resample_attrs),
    .params_bytes = sizeof(tenon__resample_params),
    .read = read,
    .infer = tenon__resample_infer,
    .bind = tenon__resample_bind,
    .tiles = tenon__resample_tiles,
    .run = tenon__resample_run,
    .blocked = tenon__resample_blocked,
};
