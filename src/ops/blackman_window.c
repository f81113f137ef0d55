/* SPDX-License-Identifier: Apache-2.0 */
/* BlackmanWindow: 0.42 - 0.5 cos(2 pi i / n) + 0.08 cos(4 pi i / n), for i below a size.
 * ONNX BlackmanWindow-17.
 *
 * The size is a scalar input; n is the size, or one less where periodic (default 1) is 0.
 * output_datatype (default float32) is any number of whole bytes. */
#include "opkit/taper.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    static const double c[3] = {0.42, 0.5, 0.08};
    (void)graph;
    memcpy(((tenon__taper_attrs *)out)->c, c, sizeof c);
    return tenon__taper_read(node, out, err);
}

static const tenon__import imports[] = {{"onnx", "", "BlackmanWindow", 17, 0, NULL}, {0}};

const tenon__op tenon__op_blackman_window = {
    .name = "BlackmanWindow",
    .doc = "The Blackman window",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__taper_attrs),
    .params_bytes = sizeof(tenon__taper_params),
    .read = read,
    .infer = tenon__taper_infer,
    .bind = tenon__taper_bind,
    .run = tenon__taper_run,
};
