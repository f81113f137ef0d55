/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of single channels of bytes on aarch64. */
#include "kernels/vec_neon.h"

#define ROW   tenon__qconv_neon
#define NAME  "neon"
#define NEEDS TENON__CPU_NEON
#include "kernels/qconv/plane_tmpl.h"
