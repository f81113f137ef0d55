/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution on aarch64. */
#include "kernels/epilogue_neon.h"
#include "kernels/vec_neon.h"

#define vf_activate tenon__activate_x4
#define vf_clip     tenon__clip_x4
#define ROW         tenon__dwconv_neon
#define NAME        "neon"
#define NEEDS       TENON__CPU_NEON
#include "kernels/dwconv/dwconv_tmpl.h"
