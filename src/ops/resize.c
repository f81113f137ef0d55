/* SPDX-License-Identifier: Apache-2.0 */
/* Resize: resampling along any axes. ONNX Resize-10 .. 19.
 *
 * Inputs: X, roi (from 11; only for tf_crop_and_resize), scales or sizes, for the `axes` (18; all
 * by default). Output extents are sizes, perhaps adjusted by keep_aspect_ratio_policy, or
 * floor(extent * scale). A place x of the output lies at x' of the input, by
 * coordinate_transformation_mode; mode is nearest (nearest_mode), linear or cubic (cubic_coeff_a),
 * along each axis by itself, with the edge repeated, or left out and the weights made to add up to
 * 1 again (exclude_outside). antialias stretches the filter where an axis shrinks. Places outside
 * are extrapolation_value for tf_crop_and_resize. Resize-10 is asymmetric, and its nearest place is
 * the next one where an axis shrinks, else the one before.
 *
 * nearest moves any dtype of whole bytes; others compute numbers, integers being rounded to nearest
 * even and clamped. */
#include "opkit/resample.h"

static tenon_status parse(const tenon__node *node, const char *name, const char *const *words,
                          int count, int *out, tenon_error *err)
{
    tenon__str text = tenon__attr_str(node, name, words[0]);
    for (*out = 0; *out < count; ++*out)
        if (tenon__str_is(text, words[*out])) return TENON_OK;
    return tenon__fail(err, TENON_EFORMAT, "%s is '%.*s', which is not known", name,
                       TENON__STR_ARG(text));
}

static tenon_status read_words(const tenon__node *node, tenon__resample_attrs *a, tenon_error *err)
{
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    static const char *const coords[] = {
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",  "align_corners",
        "asymmetric", "tf_crop_and_resize",   "tf_half_pixel_for_nn"};
    static const char *const rounds[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                         "ceil"};
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller"};
    int mode, coord, round, policy;
    tenon_status st = parse(node, "mode", modes, 3, &mode, err);
    if (st == TENON_OK) st = parse(node, "coordinate_transformation_mode", coords, 7, &coord, err);
    if (st == TENON_OK) st = parse(node, "nearest_mode", rounds, 4, &round, err);
    if (st == TENON_OK) st = parse(node, "keep_aspect_ratio_policy", policies, 3, &policy, err);
    if (st) return st;
    a->mode = (tenon__resample_mode)mode;
    a->coords = (tenon__resample_coords)coord;
    a->round = (tenon__resample_round)round;
    a->policy = (tenon__resample_policy)policy;
    return TENON_OK;
}

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    tenon__resample_attrs *a = out;
    size_t count;
    const int64_t *axes = tenon__attr_ints(node, "axes", &count);
    (void)graph;
    tenon_status st = read_words(node, a, err);
    if (st) return st;
    if (count > TENON_MAX_RANK)
        return tenon__fail(err, TENON_EFORMAT, "axes has %zu numbers; at most %d make sense", count,
                           TENON_MAX_RANK);
    a->axis_count = axes ? (int)count : -1;
    if (axes) memcpy(a->axes, axes, count * sizeof *axes);
    a->antialias = tenon__attr_int(node, "antialias", 0) != 0;
    a->exclude_outside = tenon__attr_int(node, "exclude_outside", 0) != 0;
    a->cubic_a = tenon__attr_float(node, "cubic_coeff_a", -0.75f);
    a->extrapolation = tenon__attr_float(node, "extrapolation_value", 0);
    a->roi_input = 1;
    a->scales_input = 2;
    a->sizes_input = 3;
    if (node->opset >= 11) return TENON_OK;
    a->coords = TENON__COORDS_ASYMMETRIC;
    a->round = TENON__ROUND_SIMPLE;
    a->roi_input = a->sizes_input = -1;
    a->scales_input = 1;
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Resize", 10, 0, NULL}, {0}};

const tenon__op tenon__op_resize = {
    .name = "Resize",
    .doc = "Resampling along any axes",
    .min_inputs = 1,
    .max_inputs = 4,
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
