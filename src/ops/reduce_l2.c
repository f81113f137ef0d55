/* SPDX-License-Identifier: Apache-2.0 */
/* ReduceL2: y = sqrt(sum(x^2)). Of nothing: 0. axes (attribute or input 1), keepdims,
 * noop_with_empty_axes as in opkit/reduce.h. f32, f64, i32, i64, u32, u64; f16 and bf16 widened.
 * ONNX ReduceL2-18. */
#include "opkit/reduce.h"

static tenon_status infer(tenon__infer *c)
{
    return tenon__reduce_infer(c, false);
}

static tenon_status run(const tenon__run *r)
{
    return tenon__reduce_run(r, TENON__REDUCE_SUM_SQUARE, TENON__FINISH_SQRT);
}

#ifdef TENON_TEST_REF
#include "opkit/reduce_ref.h"

static tenon_status ref(const tenon__run *r)
{
    return reduce_ref(r, TENON__REDUCE_SUM_SQUARE, TENON__FINISH_SQRT);
}
#endif

static const tenon__import imports[] = {{"onnx", "", "ReduceL2", 1, 0, NULL}, {0}};

const tenon__op tenon__op_reduce_l2 = {
    .name = "ReduceL2",
    .doc = "Euclidean norm along axes",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__reduce_attrs),
    .params_bytes = sizeof(tenon__reduce_params),
    .read = tenon__reduce_read,
    .infer = infer,
    .bind = tenon__reduce_bind,
    TENON__REF(ref).run = run,
};
