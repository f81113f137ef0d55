/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of normalizations in eight lanes. */
#include "kernels/vec_avx2.h"

#include "kernels/norm/norm_tmpl.h"

extern const tenon__norm_row tenon__norm_avx2;
const tenon__norm_row tenon__norm_avx2 = {"norm-avx2", TENON__CPU_AVX2, sum, sum_square,
                                          affine,      linear,          lrn};
