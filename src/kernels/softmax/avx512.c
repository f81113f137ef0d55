/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax in sixteen lanes. */
#include "kernels/vec_avx512.h"

#include "kernels/softmax/softmax_tmpl.h"

extern const tenon__softmax_row tenon__softmax_avx512;
const tenon__softmax_row tenon__softmax_avx512 = {
    "softmax-avx512", TENON__CPU_AVX512, row, log_row, cols, log_cols};
