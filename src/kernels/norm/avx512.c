/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of normalizations in sixteen lanes. */
#include "kernels/vec_avx512.h"

#include "kernels/norm/norm_tmpl.h"

extern const tenon__norm_row tenon__norm_avx512;
const tenon__norm_row tenon__norm_avx512 = {
    "norm-avx512", TENON__CPU_AVX512, sum, sum_square, affine, linear, lrn};
