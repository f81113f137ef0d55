/* SPDX-License-Identifier: Apache-2.0 */
/* GRU: z = f(x Wz + h Rz + b), r = f(x Wr + h Rr + b), v = g(x Wh + (r h) Rh + b), or with
 * linear_before_reset g(x Wh + Wbh + r (h Rh + Rbh)), h' = (1 - z) v + z h. Inputs X, W, R, B,
 * sequence_lens, initial_h; outputs Y, Y_h. Past the end of a sequence Y is 0 and the state
 * stays; backwards, a sequence begins at its own end. clip bounds the arguments of f and g.
 * Shapes by layout, as ONNX has them; f32, f64; f16 and bf16 widened. ONNX GRU-22. */
#include "opkit/rnn.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__rnn_read(node, attrs, TENON__RNN_GRU, err);
}

#ifdef TENON_TEST_REF
#include "opkit/rnn_ref.h"
#endif

static const tenon__import imports[] = {{"onnx", "", "GRU", 7, 0, NULL}, {0}};

const tenon__op tenon__op_gru = {
    .name = "GRU",
    .doc = "Gated recurrent unit over a sequence",
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
