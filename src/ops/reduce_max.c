/* SPDX-License-Identifier: Apache-2.0 */
/* ReduceMax: y = max(x), NaN where any is. Of nothing: -inf, or the least of the type. axes
 * (attribute or input 1), keepdims, noop_with_empty_axes as in opkit/reduce.h. f32, f64, i32,
 * i64, u32, u64, i8, u8, bool; f16 and bf16 widened. ONNX ReduceMax-20. */
#include "opkit/reduce.h"

static tenon_status infer(tenon__infer *c)
{
    return tenon__reduce_infer(c, true);
}

static tenon_status run(const tenon__run *r)
{
    return tenon__reduce_run(r, TENON__REDUCE_MAX, TENON__FINISH_NONE);
}

#ifdef TENON_TEST_REF
#include "opkit/reduce_ref.h"

static tenon_status ref(const tenon__run *r)
{
    return reduce_ref(r, TENON__REDUCE_MAX, TENON__FINISH_NONE);
}
#endif

static const tenon__import imports[] = {{"onnx", "", "ReduceMax", 1, 0, NULL}, {0}};

const tenon__op tenon__op_reduce_max = {
    .name = "ReduceMax",
    .doc = "Largest element along axes",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__reduce_attrs),
    .params_bytes = sizeof(tenon__reduce_params),
    .read = tenon__reduce_read,
    .infer = infer,
    .bind = tenon__reduce_bind,
    TENON__REF(ref).run = run,
};
