/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax in eight lanes. */
#include "kernels/vec_avx2.h"

#include "kernels/softmax/softmax_tmpl.h"

extern const tenon__softmax_row tenon__softmax_avx2;
const tenon__softmax_row tenon__softmax_avx2 = {"softmax-avx2", TENON__CPU_AVX2, row, log_row,
                                                cols,           log_cols};
