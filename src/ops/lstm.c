/* SPDX-License-Identifier: Apache-2.0 */
/* LSTM: i = f(x Wi + h Ri + Pi c + b), f = f(x Wf + h Rf + Pf c + b) or 1 - i (input_forget), z
 * = g(x Wc + h Rc + b), c' = f c + i z, o = f(x Wo + h Ro + Po c' + b), h' = o h(c'), gates in
 * the order i, o, f, c. Inputs X, W, R, B, sequence_lens, initial_h, initial_c, P; outputs Y,
 * Y_h, Y_c. Past the end of a sequence Y is 0 and the states stay; backwards, a sequence begins
 * at its own end. clip bounds the arguments of f and g, not that of h. Shapes by layout, as ONNX
 * has them; f32, f64; f16 and bf16 widened. ONNX LSTM-22. */
#include "opkit/rnn.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    (void)graph;
    return tenon__rnn_read(node, attrs, TENON__RNN_LSTM, err);
}

#ifdef TENON_TEST_REF
#include "opkit/rnn_ref.h"
#endif

static const tenon__import imports[] = {{"onnx", "", "LSTM", 7, 0, NULL}, {0}};

const tenon__op tenon__op_lstm = {
    .name = "LSTM",
    .doc = "Long short-term memory over a sequence",
    .min_inputs = 3,
    .max_inputs = 8,
    .min_outputs = 0,
    .max_outputs = 3,
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
