/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax in four lanes. */
#include "kernels/vec_neon.h"

#include "kernels/softmax/softmax_tmpl.h"

extern const tenon__softmax_row tenon__softmax_neon;
const tenon__softmax_row tenon__softmax_neon = {"softmax-neon", TENON__CPU_NEON, row, log_row,
                                                cols,           log_cols};
