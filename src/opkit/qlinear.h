/* SPDX-License-Identifier: Apache-2.0 */
/* What onnxruntime's operators on bytes with scales share: uint8 or int8 tensors, each with a scale
 * and a zero point of one element. */
#ifndef TENON_OPKIT_QLINEAR_H
#define TENON_OPKIT_QLINEAR_H

#include "kernels/quant/quant.h"
#include "opkit/broadcast.h"

/* TENON_ETYPE or TENON_ESHAPE unless inputs `scale` and `zero` (which may be absent) are those of a
 * uint8 or int8 tensor of `dtype`. */
tenon_status tenon__qlinear_check(const tenon__infer *c, uint32_t scale, uint32_t zero,
                                  tenon_dtype dtype);
/* Input i is a tensor of uint8 or int8 (or not known). */
tenon_status tenon__qlinear_check_tensor(const tenon__infer *c, uint32_t i);
float tenon__qlinear_scale(const tenon__run *r, uint32_t i);
int32_t tenon__qlinear_zero(const tenon__run *r, uint32_t i); /* 0 where absent */

/* table[q] is the byte of f(p, (q - x_zero) * x_scale), quantised, for each byte q. */
typedef double (*tenon__qlinear_function)(const void *p, double x);
void tenon__qlinear_table(tenon_dtype from, float x_scale, int32_t x_zero, tenon_dtype to,
                          float y_scale, int32_t y_zero, tenon__qlinear_function f, const void *p,
                          uint8_t *table);

/* Operators of one tensor: inputs are x, its scale and zero point, and those of y. */
typedef struct tenon__qlinear_params {
    tenon__quant_row row;
    tenon__broadcast broadcast; /* of operators of two tensors */
    int64_t total, per_tile;
} tenon__qlinear_params;
tenon_status tenon__qlinear_unary_infer(tenon__infer *c);
tenon_status tenon__qlinear_unary_bind(tenon__bind *c);
tenon_status tenon__qlinear_unary_run(const tenon__run *r, tenon__qlinear_function f);

/* Operators of two tensors: inputs are a, its scale and zero point, the same of b, and those of y.
 */
tenon_status tenon__qlinear_binary_infer(tenon__infer *c);
tenon_status tenon__qlinear_binary_bind(tenon__bind *c);
tenon_status tenon__qlinear_binary_run(const tenon__run *r, bool product);

#endif
