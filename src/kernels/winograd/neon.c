/* SPDX-License-Identifier: Apache-2.0 */
/* Winograd transforms on aarch64. */
#include "kernels/epilogue_neon.h"
#include "kernels/vec_neon.h"

#define vf_clip tenon__clip_x4
#define ROW     tenon__winograd_neon
#define NAME    "neon"
#define NEEDS   TENON__CPU_NEON
#include "kernels/winograd/winograd_tmpl.h"
