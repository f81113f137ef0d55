/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of single channels of bytes with AVX2. */
#include "kernels/vec_avx2.h"

#define ROW   tenon__qconv_avx2
#define NAME  "avx2"
#define NEEDS TENON__CPU_AVX2
#include "kernels/qconv/plane_tmpl.h"
