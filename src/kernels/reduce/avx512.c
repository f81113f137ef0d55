/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions of f32 in sixteen lanes. */
#include "kernels/vec_avx512.h"

#include "kernels/reduce/reduce_tmpl.h"

extern const tenon__reduce_row tenon__reduce_avx512;
const tenon__reduce_row tenon__reduce_avx512 = {"reduce-avx512", TENON__CPU_AVX512,
                                                REDUCE_F32_ROWS};
