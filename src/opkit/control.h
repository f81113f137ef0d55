/* SPDX-License-Identifier: Apache-2.0 */
/* What If, Loop and Scan share: handing values over, and collecting what each round of a body
 * gives. */
#ifndef TENON_OPKIT_CONTROL_H
#define TENON_OPKIT_CONTROL_H

#include "graph/op.h"

/* More rounds than any model means: a loop whose condition never turns ends here. */
#define TENON__MAX_ROUNDS (1 << 22)

/* Output i of the operator becomes a copy of `from` (a tensor's bytes, or one more reference to a
 * value). */
tenon_status tenon__control_copy(const tenon__control *c, uint32_t i, const tenon__view *from);

/* Loop-carried values live in outputs [0, count) of the operator; they become what the body gave. A
 * body may hand back its own inputs in another order, so that those are set aside (in buffers [0,
 * count)) first. */
tenon_status tenon__control_carry(const tenon__control *c, const tenon__view *const *from,
                                  uint32_t count);

/* Rounds of one scan output, stacked along a new first axis in buffer `buffer`. */
typedef struct tenon__stack {
    tenon__view item; /* of the first round: dtype, dims */
    uint8_t *data;
    size_t used_bytes;
    int64_t rounds;
} tenon__stack;
tenon_status tenon__stack_push(const tenon__control *c, tenon__stack *stack, uint32_t buffer,
                               const tenon__view *item);
/* Writes the stack to output i, the new axis at `axis` of the result, in reverse where asked. With
 * no rounds at all, the shape comes from `declared`. */
tenon_status tenon__stack_give(const tenon__control *c, const tenon__stack *stack, uint32_t i,
                               int axis, bool reverse, const tenon__view *declared);

/* Types of the operator's outputs from those of a body's outputs, from body output `skip` on; those
 * from `stacked` on get one more axis. Sizes are left open. */
void tenon__control_infer(tenon__infer *c, const tenon__graph *body, uint32_t skip,
                          uint32_t stacked);

#endif
