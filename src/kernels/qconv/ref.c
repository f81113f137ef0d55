/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of single channels of bytes in plain C. */
#define ROW   tenon__qconv_ref
#define NAME  "ref"
#define NEEDS 0
#include "kernels/qconv/plane_tmpl.h"
