/* SPDX-License-Identifier: Apache-2.0 */
/* Transposing, plain. */
#include "kernels/transpose/transpose_tmpl.h"

TENON__TRANSPOSE_WHOLE(whole1, plain1)
TENON__TRANSPOSE_WHOLE(whole2, plain2)
TENON__TRANSPOSE_WHOLE(whole4, plain4)
TENON__TRANSPOSE_WHOLE(whole8, plain8)
TENON__TRANSPOSE_WHOLE(whole16, plain16)

extern const tenon__transpose_row tenon__transpose_ref;
const tenon__transpose_row tenon__transpose_ref = {
    "ref", 0, {whole1, whole2, whole4, whole8, whole16}};
