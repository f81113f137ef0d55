/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of single channels of bytes with AVX-512. */
#include "kernels/vec_avx512.h"

#define ROW   tenon__qconv_avx512
#define NAME  "avx512"
#define NEEDS (TENON__CPU_AVX512 | TENON__CPU_AVX2)
#include "kernels/qconv/plane_tmpl.h"
