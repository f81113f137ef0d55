/* SPDX-License-Identifier: Apache-2.0 */
/* Attention scores in eight lanes. */
#include "kernels/vec_avx2.h"

#include "kernels/attention/attention_tmpl.h"

extern const tenon__attention_row tenon__attention_avx2;
const tenon__attention_row tenon__attention_avx2 = {
    "attention-avx2", TENON__CPU_AVX2, few, values, softcap, mask_add, mask_select};
