/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of normalizations in four lanes. */
#include "kernels/vec_neon.h"

#include "kernels/norm/norm_tmpl.h"

extern const tenon__norm_row tenon__norm_neon;
const tenon__norm_row tenon__norm_neon = {"norm-neon", TENON__CPU_NEON, sum, sum_square,
                                          affine,      linear,          lrn};
