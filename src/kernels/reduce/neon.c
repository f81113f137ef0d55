/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions of f32 in four lanes. */
#include "kernels/vec_neon.h"

#include "kernels/reduce/reduce_tmpl.h"

extern const tenon__reduce_row tenon__reduce_neon;
const tenon__reduce_row tenon__reduce_neon = {"reduce-neon", TENON__CPU_NEON, REDUCE_F32_ROWS};
