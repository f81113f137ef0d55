/* SPDX-License-Identifier: Apache-2.0 */
/* Batched matrix products of bytes for operators: shapes and cuts as in matmul.h, zero points and
 * scales of any granularity that ONNX knows. */
#ifndef TENON_OPKIT_QMATMUL_H
#define TENON_OPKIT_QMATMUL_H

#include "kernels/qgemm/qgemm.h"
#include "opkit/matmul.h"

/* Made in prepare, kept in c->prepared. */
typedef struct tenon__qmatmul_prepared {
    const tenon__qgemm_row *row;
    bool packed;    /* slot 0 of c->packed */
    uint32_t input; /* B */
    int64_t k, n, count, b_row, b_col;
    size_t panel_bytes;
    int64_t per_tile;
} tenon__qmatmul_prepared;

/* The operands, NULL where absent. Parameters of A and Y: one, or one per row (of all matrices, or
 * of each); of B: one, or one per column (likewise). `bias` (i32): one, per column, per row, or
 * whole. */
typedef struct tenon__qmatmul_operands {
    const tenon__view *a, *a_zero, *a_scale;
    const tenon__view *b, *b_zero, *b_scale;
    const tenon__view *y_zero, *y_scale;
    const tenon__view *bias;       /* added to sums */
    const tenon__view *float_bias; /* by column, added behind the scale */
    const tenon__view *residual;   /* added last */
    bool turn_a, turn_b;           /* of rank 2 */
    float alpha;                   /* of the scales */
} tenon__qmatmul_operands;

typedef struct tenon__qmatmul {
    tenon__matmul shape; /* its steps are bytes */
    bool by_row;         /* something differs from row to row: one row at a time */
    size_t panel_bytes, scratch_bytes;
} tenon__qmatmul;

/* infer: dtypes of A, B and their zero points, the output's shape. */
tenon_status tenon__qmatmul_infer(tenon__infer *c, const tenon__qmatmul_operands *o,
                                  tenon_dtype dtype);
/* prepare: B, input `input`, is packed where it is constant. */
tenon_status tenon__qmatmul_prepare(tenon__prepare *c, const tenon__qmatmul_operands *o,
                                    uint32_t input);
tenon_status tenon__qmatmul_bind(tenon__bind *c, tenon__qmatmul *q,
                                 const tenon__qmatmul_operands *o);
/* The output's dtype says what becomes of the sums: i32, u8, i8 or f32. `tail`: an activation for
 * f32. */
tenon_status tenon__qmatmul_run(const tenon__run *r, const tenon__qmatmul *q,
                                const tenon__qmatmul_operands *o, const tenon__epilogue *tail);
#endif
