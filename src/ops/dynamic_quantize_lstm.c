/* SPDX-License-Identifier: Apache-2.0 */
/* DynamicQuantizeLSTM: LSTM (see lstm.c) whose W [directions, inputs, 4 hidden] and R [directions,
 * hidden, 4 hidden] are u8 or i8, with W_scale, W_zero_point, R_scale, R_zero_point for each
 * direction or each column. X as a whole, and in each step the states of all samples of a
 * direction, become u8: their range, 0 included, is cut into 255 steps; the products are exact. X
 * is f32. com.microsoft DynamicQuantizeLSTM-1 as onnxruntime computes it. */
#include "opkit/rnn.h"

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    tenon__rnn_attrs *a = attrs;
    (void)graph;
    tenon_status st = tenon__rnn_read(node, a, TENON__RNN_LSTM, err);
    a->bytes = true;
    if (!st && a->batch_first)
        return tenon__fail(err, TENON_EUNSUPPORTED, "layout 1 is not supported; 0 is");
    return st;
}

static const tenon__import imports[] = {
    {"onnx", "com.microsoft", "DynamicQuantizeLSTM", 1, 0, NULL}, {0}};

const tenon__op tenon__op_dynamic_quantize_lstm = {
    .name = "DynamicQuantizeLSTM",
    .doc = "LSTM with weights of bytes, its inputs and states made bytes on the way",
    .min_inputs = 3,
    .max_inputs = 12,
    .min_outputs = 0,
    .max_outputs = 3,
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
    .run = tenon__rnn_run,
};
