/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling on aarch64. */
#include "kernels/vec_neon.h"

static inline vf vf_even(const float *p)
{
    return vuzp1q_f32(vld1q_f32(p), vld1q_f32(p + VF));
}

#define ROW   tenon__pool_neon
#define NAME  "neon"
#define NEEDS TENON__CPU_NEON
#include "kernels/pool/pool_tmpl.h"
