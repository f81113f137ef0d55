/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of single channels of bytes in plain C. */
#include "kernels/qconv/qconv.h"

const tenon__qconv_row tenon__qconv_ref = {
    .name = "ref", .needs = 0, .plane = tenon__qconv_plane_any};
