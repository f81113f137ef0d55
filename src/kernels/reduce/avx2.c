/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions of f32 in eight lanes. */
#include "kernels/vec_avx2.h"

#include "kernels/reduce/reduce_tmpl.h"

extern const tenon__reduce_row tenon__reduce_avx2;
const tenon__reduce_row tenon__reduce_avx2 = {"reduce-avx2", TENON__CPU_AVX2, REDUCE_F32_ROWS};
