/* SPDX-License-Identifier: Apache-2.0 */
/* Blocked convolution with NEON: 6 positions by one block. */
#include "kernels/epilogue_neon.h"
#include "kernels/vec_neon.h"

#define vf_activate tenon__activate_x4
#define ROW         tenon__blocked_neon
#define NAME        "blocked_neon_6x16"
#define NEEDS       TENON__CPU_NEON
#define PIXELS      6
#define BLOCKS      1
#include "kernels/blocked/blocked_tmpl.h"
