/* SPDX-License-Identifier: Apache-2.0 */
/* Size: the number of elements as an int64 scalar. ONNX Size-1 .. 25. Any dtype. Computed while
 * sizes are inferred wherever the dims are numbers. */
#include "opkit/index.h"

static tenon_status infer(tenon__infer *c)
{
    tenon__infer_set(c, 0, TENON_I64, 0, NULL);
    int64_t count = tenon__view_count(c->in[0]);
    void *value = count >= 0 ? tenon__infer_emit(c, 0) : NULL;
    if (value) memcpy(value, &count, sizeof count);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    int64_t count = tenon__view_count(r->in[0]);
    memcpy(r->out[0]->data, &count, sizeof count);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Size", 1, 0, NULL}, {0}};

const tenon__op tenon__op_size = {
    .name = "Size",
    .doc = "The number of elements",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .run = run,
};
