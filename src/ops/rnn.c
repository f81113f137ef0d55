/* SPDX-License-Identifier: Apache-2.0 */
/* RNN: h' = f(x W + h R + b). Inputs X, W, R, B, sequence_lens, initial_h; outputs Y, Y_h. Past
 * the end of a sequence Y is 0 and the state stays; backwards, a sequence begins at its own end.
 * clip bounds the argument of f. Shapes by layout, as ONNX has them; f32, f64; f16 and bf16
 * widened. ONNX RNN-22. */
#include "opkit/rnn.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__rnn_read(node, attrs, TENON__RNN_SIMPLE, err);
}

#ifdef TENON_TEST_REF
#include "opkit/rnn_ref.h"
#endif

static const tenon__import imports[] = {{"onnx", "", "RNN", 7, 0, NULL}, {0}};

const tenon__op tenon__op_rnn = {
    .name = "RNN",
    .doc = "A simple recurrent layer over a sequence",
    .min_inputs = 3,
    .max_inputs = 6,
    .min_outputs = 0,
    .max_outputs = 2,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__rnn_attrs),
    .prepared_bytes = sizeof(tenon__rnn_prepared),
    .params_bytes = sizeof(tenon__rnn_params),
    .read = read,
    .infer = tenon__rnn_infer,
    .prepare = tenon__rnn_prepare,
    .bind = tenon__rnn_bind,
    .tiles = tenon__rnn_tiles,
    TENON__REF(rnn_ref).run = tenon__rnn_run,
};
