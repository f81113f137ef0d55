/* SPDX-License-Identifier: Apache-2.0 */
/* What element-wise operators share: a file in src/ops names its formula in `read` and takes the
 * rest from here. */
#ifndef TENON_OPKIT_ELTWISE_H
#define TENON_OPKIT_ELTWISE_H

#include "opkit/broadcast.h"

/* Attributes of every operator over the shared loop; one with more of its own puts this first. */
typedef struct tenon__eltwise_attrs {
    tenon__formula formula;
    uint32_t dtypes; /* bit d: dtype d may come in, f16 and bf16 where they are widened included */
    bool reversed;   /* the operands change places: a > b is b < a */
    bool mean;       /* variadic: divided by their number in the end */
    /* Broadcasting as it was before opset 7: the dims of b start at this axis of a. */
    bool old_axis;
    int64_t axis;
    float p[TENON__FORMULA_PARAMETERS];
} tenon__eltwise_attrs;

typedef struct tenon__eltwise_prepared {
    const tenon__eltwise_row *row; /* NULL where the dtype is not known before binding */
} tenon__eltwise_prepared;

typedef struct tenon__eltwise_params {
    const tenon__eltwise_row *row;
    tenon__broadcast broadcast;
} tenon__eltwise_params;

typedef struct tenon__variadic_params {
    const tenon__eltwise_row *row, *divide; /* `divide`: of the mean */
    int64_t total, per_tile;                /* elements */
} tenon__variadic_params;

/* For `read`: sets the formula and the dtypes it takes; the caller fills p. With two operands,
 * reads the attributes `broadcast` and `axis` of opsets before 7. */
tenon_status tenon__eltwise_read(const tenon__node *node, tenon__eltwise_attrs *attrs,
                                 tenon__formula formula, tenon_error *err);

/* A float attribute; TENON_EFORMAT where it is something else. */
tenon_status tenon__eltwise_parameter(const tenon__node *node, const char *name, float fallback,
                                      float *out, tenon_error *err);

/* All operands have one dtype (WHERE: all but the first, which is bool), the output the same or
 * bool. */
tenon_status tenon__eltwise_infer(tenon__infer *c);
tenon_status tenon__eltwise_prepare(tenon__prepare *c);
tenon_status tenon__eltwise_bind(tenon__bind *c);
tenon_status tenon__eltwise_run(const tenon__run *r);
int tenon__eltwise_blocked(const tenon__node *node, const void *attrs, const tenon__view *const *in,
                           uint32_t in_count, tenon__cpu_bits cpu);

/* TENON_ETYPE, naming the operand, unless view i is a tensor of a dtype in `dtypes` (or of an
 * unknown one). */
tenon_status tenon__eltwise_accepts(const tenon__infer *c, uint32_t i, uint32_t dtypes);

/* The fields of tenon__op for an operator with `operands` inputs. */
#define TENON__ELTWISE(operands)                                                                   \
    .min_inputs = (operands), .max_inputs = (operands), .min_outputs = 1, .max_outputs = 1,        \
    .attrs_bytes = sizeof(tenon__eltwise_attrs),                                                   \
    .prepared_bytes = sizeof(tenon__eltwise_prepared),                                             \
    .params_bytes = sizeof(tenon__eltwise_params), .infer = tenon__eltwise_infer,                  \
    .prepare = tenon__eltwise_prepare, .bind = tenon__eltwise_bind, .run = tenon__eltwise_run,     \
    .blocked = tenon__eltwise_blocked

/* Any number of operands, folded two by two from the left. */
tenon_status tenon__variadic_infer(tenon__infer *c);
tenon_status tenon__variadic_bind(tenon__bind *c);
tenon_status tenon__variadic_run(const tenon__run *r);

#define TENON__VARIADIC                                                                            \
    .min_inputs = 1, .max_inputs = 255, .min_outputs = 1, .max_outputs = 1,                        \
    .flags = TENON__OP_WIDEN, .attrs_bytes = sizeof(tenon__eltwise_attrs),                         \
    .prepared_bytes = sizeof(tenon__eltwise_prepared),                                             \
    .params_bytes = sizeof(tenon__variadic_params), .infer = tenon__variadic_infer,                \
    .prepare = tenon__eltwise_prepare, .bind = tenon__variadic_bind, .run = tenon__variadic_run,   \
    .blocked = tenon__eltwise_blocked

#define TENON__DTYPE_BIT(name) (1u << TENON_##name)
#define TENON__SIGNED_DTYPES                                                                       \
    (TENON__DTYPE_BIT(I8) | TENON__DTYPE_BIT(I16) | TENON__DTYPE_BIT(I32) | TENON__DTYPE_BIT(I64))
#define TENON__UNSIGNED_DTYPES                                                                     \
    (TENON__DTYPE_BIT(U8) | TENON__DTYPE_BIT(U16) | TENON__DTYPE_BIT(U32) | TENON__DTYPE_BIT(U64))
#define TENON__WIDENED_DTYPES (TENON__DTYPE_BIT(F16) | TENON__DTYPE_BIT(BF16))
#define TENON__F8_DTYPES                                                                           \
    (TENON__DTYPE_BIT(F8E4M3FN) | TENON__DTYPE_BIT(F8E4M3FNUZ) | TENON__DTYPE_BIT(F8E5M2) |        \
     TENON__DTYPE_BIT(F8E5M2FNUZ))
#define TENON__REAL_DTYPES (TENON__DTYPE_BIT(F32) | TENON__DTYPE_BIT(F64) | TENON__WIDENED_DTYPES)

#endif
