/* SPDX-License-Identifier: Apache-2.0 */
/* The equation of Einsum, and the loops that it stands for. */
#ifndef TENON_OPKIT_EINSUM_H
#define TENON_OPKIT_EINSUM_H

#include "graph/op.h"

/* A label is 0..25 (A to Z), 26..51 (a to z), or 52 and on for the dims of "...", counted from the
 * right. */
#define TENON__EINSUM_DOTS   52
#define TENON__EINSUM_LABELS (TENON__EINSUM_DOTS + TENON_MAX_RANK)

/* Labels of an operand or of the output, in order; TENON__EINSUM_DOTS once, where "..." stands. */
typedef struct tenon__einsum_term {
    uint8_t count;
    bool dots;
    uint8_t label[TENON_MAX_RANK + 1];
} tenon__einsum_term;

typedef struct tenon__einsum_equation {
    uint32_t count; /* of operands */
    tenon__einsum_term *in, out;
} tenon__einsum_equation;

/* TENON_EFORMAT says what is wrong with the text. Takes memory from `arena`. Without "->" the
 * output has
 * "..." and then every label that occurs once, in alphabetical order. */
tenon_status tenon__einsum_parse(tenon__str text, tenon__arena *arena, tenon__einsum_equation *out,
                                 tenon_error *err);
/* "ij,jk->ik" into `text`; false where it does not fit. */
bool tenon__einsum_print(const tenon__einsum_term *in, uint32_t count,
                         const tenon__einsum_term *out, char *text, size_t size_bytes);

/* The labels of a term for an operand of this rank, "..." made 52 and on; `labels` has room for
 * rank. TENON_ESHAPE where the rank does not fit the term. */
tenon_status tenon__einsum_labels(const tenon__einsum_term *term, int rank, uint8_t *labels,
                                  tenon_error *err);
/* Extents of all labels (-1: not met) and the output's labels, from operands of known rank; dims
 * may be unknown. */
tenon_status tenon__einsum_extents(const tenon__einsum_equation *e, const tenon__view *const *in,
                                   int64_t extents[TENON__EINSUM_LABELS], uint8_t *out_labels,
                                   int *out_rank, tenon_error *err);

/* One loop: how far each operand and the output go a turn, in elements. */
typedef struct tenon__einsum_loop {
    int64_t extent, in[2], out;
} tenon__einsum_loop;

/* The loops of one or two operands of known shape: those over the output, outermost first, then
 * those that sum. Neighbours that walk memory as one loop would are one. */
typedef struct tenon__einsum_loops {
    int out_count, sum_count;
    tenon__einsum_loop out[TENON_MAX_RANK], sum[2 * TENON_MAX_RANK];
} tenon__einsum_loops;
tenon_status tenon__einsum_loops_set(const tenon__einsum_equation *e, const tenon__view *const *in,
                                     tenon__einsum_loops *out, tenon_error *err);

#endif
