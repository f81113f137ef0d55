/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution with AVX2 and FMA. */
#include "kernels/epilogue_avx2.h"
#include "kernels/vec_avx2.h"

#define vf_activate tenon__activate_x8
#define vf_clip     tenon__clip_x8
#define ROW         tenon__dwconv_avx2
#define NAME        "avx2"
#define NEEDS       TENON__CPU_AVX2
#include "kernels/dwconv/dwconv_tmpl.h"
