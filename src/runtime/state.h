/* SPDX-License-Identifier: Apache-2.0 */
/* What a session carries from run to run: the last value of an output, as an input of the next. Two
 * blocks take turns, so that a value may be made from any state, and a run that fails changes none:
 * first all states copy, then all commit. */
#ifndef TENON_RUNTIME_STATE_H
#define TENON_RUNTIME_STATE_H

#include "tensor/view.h"

typedef struct tenon__state {
    bool on;
    bool filled;      /* `view` is a value */
    size_t output;    /* whose value it takes; index in the model */
    tenon__view view; /* in the front block */
    tenon__view next; /* in the other one, copied and not yet committed */
    void *blocks[2];
    size_t room_bytes[2];
    int front;
} tenon__state;

void tenon__state_fini(tenon__state *state, const tenon_allocator *a);
/* Copies a dense value beside the present one. Meets the heap rarely: room grows by half. */
tenon_status tenon__state_copy(tenon__state *state, const tenon_allocator *a,
                               const tenon__view *value, tenon_error *err);
/* What was copied last is the value. */
void tenon__state_commit(tenon__state *state);
/* The first value: zeros. Shapes that are not wholly known have none. */
tenon_status tenon__state_zero(tenon__state *state, const tenon_allocator *a,
                               const tenon__view *shape, tenon_error *err);

#endif
