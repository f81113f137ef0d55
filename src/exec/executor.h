/* SPDX-License-Identifier: Apache-2.0 */
/* The executor: the only loop in the engine. Hands the tiles of bound steps to threads and moves
 * the cursor. */
#ifndef TENON_EXEC_EXECUTOR_H
#define TENON_EXEC_EXECUTOR_H

#include <stdatomic.h>

#include "exec/frame.h"
#include "par/pool.h"

/* A budget that is never spent. */
#define TENON__EXEC_NO_BUDGET UINT64_MAX

typedef struct tenon__exec {
    struct tenon_env *env;
    const tenon_allocator *allocator;
    tenon__plan *plan;
    tenon__pool *pool;
    unsigned threads; /* participants at most */
    int priority;
    bool profile;
    const atomic_bool *cancel; /* may be NULL */
    uint64_t deadline_ns;      /* 0: none */

    tenon__frame *main, *top; /* top: the one whose cursor moves */
    size_t limit_bytes, used_bytes;
    void *scratch; /* one slot per participant */
    size_t scratch_each, scratch_total;

    /* while inside a call */
    tenon__team team;
    uint64_t end_ns;   /* the budget's end, 0: none */
    bool one_tile;     /* a budget of nothing */
    bool moved;        /* at least one tile ran in this call */
    bool packed_ready; /* the frames point at the packed copies */
} tenon__exec;

/* Frames for the plan; fields above `main` are set by the caller and stay. */
tenon_status tenon__exec_init(tenon__exec *x, tenon_error *err);
void tenon__exec_fini(tenon__exec *x);

/* The main frame's inputs are in place: binds and puts the cursor at the start. */
tenon_status tenon__exec_begin(tenon__exec *x, tenon_error *err);
/* Runs until done or the budget is spent. After a failure the run is over. */
tenon_status tenon__exec_run(tenon__exec *x, uint64_t budget_ns, bool *done, tenon_error *err);

#endif
