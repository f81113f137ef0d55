/* SPDX-License-Identifier: Apache-2.0 */
/* Attention scores in four lanes. */
#include "kernels/vec_neon.h"

#include "kernels/attention/attention_tmpl.h"

extern const tenon__attention_row tenon__attention_neon;
const tenon__attention_row tenon__attention_neon = {
    "attention-neon", TENON__CPU_NEON, few, values, softcap, mask_add, mask_select};
