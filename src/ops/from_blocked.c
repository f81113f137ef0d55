/* SPDX-License-Identifier: Apache-2.0 */
/* FromBlocked: Channels in blocks of 16 (TENON__C16) to plain ones. Numbers of 1 to 8 bytes, rank 3
 * and more; the logical shape stays. Put in by pass `layout`. */
#include "opkit/reorder.h"

static tenon_status infer(tenon__infer *c)
{
    return tenon__reorder_infer(c, TENON__C16, TENON__PLAIN);
}

static const tenon__import imports[] = {{0}};

const tenon__op tenon__op_from_blocked = {
    .name = "FromBlocked",
    .doc = "Channels in blocks of 16 (TENON__C16) to plain ones.",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .params_bytes = sizeof(tenon__reorder_params),
    .infer = infer,
    .bind = tenon__reorder_bind,
    .run = tenon__reorder_from_blocked,
};
