/* SPDX-License-Identifier: Apache-2.0 */
/* Attention scores in sixteen lanes. */
#include "kernels/vec_avx512.h"

#include "kernels/attention/attention_tmpl.h"

extern const tenon__attention_row tenon__attention_avx512;
const tenon__attention_row tenon__attention_avx512 = {
    "attention-avx512", TENON__CPU_AVX512, few, values, softcap, mask_add, mask_select};
