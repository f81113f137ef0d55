/* SPDX-License-Identifier: Apache-2.0 */
/* The thread pool: jobs of tiles, the caller takes part.
 *
 * A pool has `threads - 1` workers, started at first need. A caller opens a team for the length of
 * a run; within it, workers spin for up to 50 us waiting for the next job, between teams they park
 * on a futex within 5 us. Jobs of several callers share the workers: after each tile a worker turns
 * to the most urgent job that admits it; a caller works on its own job only and can finish it
 * alone. Survives fork (the child starts its own workers at need). */
#ifndef TENON_PAR_POOL_H
#define TENON_PAR_POOL_H

#include "base/alloc.h"
#include "base/status.h"

typedef struct tenon__pool tenon__pool;
typedef struct tenon__team tenon__team;

/* A host's own threads instead of ours: see tenon/env.h. */
struct tenon_executor;

/* One piece of work. `participant` is below the team's size and belongs to one thread at a time: it
 * names the scratch slot. Returns TENON_OK, or a status that stops the job (the first one wins). */
typedef tenon_status (*tenon__tile_fn)(void *ctx, uint32_t tile, uint32_t participant);
/* Looked at between tiles, by every participant, several at once: anything but TENON_OK stops the
 * handing out of further tiles. TENON_EAGAIN means a budget is spent. Not asked before the caller's
 * first tile: each call makes some progress. */
typedef tenon_status (*tenon__stop_fn)(void *ctx);

typedef struct tenon__job {
    tenon__tile_fn run;
    tenon__stop_fn stop; /* may be NULL */
    void *ctx;
    uint32_t first, tiles; /* tiles [first, tiles) are run */
} tenon__job;

/* threads: at least 1 (then no worker exists). The workers run at the pool's CPU set, which is that
 * of the creating thread. `executor` NULL: our own threads. */
tenon_status tenon__pool_create(const tenon_allocator *a, unsigned threads,
                                const struct tenon_executor *executor, tenon__pool **out,
                                tenon_error *err);
void tenon__pool_destroy(tenon__pool *pool); /* no team may be open */
unsigned tenon__pool_threads(const tenon__pool *pool);

/* A team lives in its session. Its memory is the caller's; limit: at most so many participants, the
 * caller counted; open lowers it to the pool's threads, and to 64. priority: higher is more urgent.
 */
struct tenon__team {
    tenon__pool *pool;
    unsigned limit;
    int priority;
    void *state[12]; /* the pool's own */
};
void tenon__team_open(tenon__pool *pool, tenon__team *team, unsigned limit, int priority);
void tenon__team_close(tenon__team *team);

/* Tiles [first, end) of a job. */
typedef struct tenon__tile_range {
    uint32_t first, end;
} tenon__tile_range;

/* Runs the tiles of a job on the caller and whichever workers join; returns when no participant is
 * inside any more. Tiles are handed out from both ends, the first to the caller: participants with
 * even numbers go upwards, those with odd ones downwards, so that from step to step each meets what
 * it wrote in its own cache. Each tile that is handed out is finished: on return all but those of
 * *left ran. The result: TENON_OK (then *left is empty), or what `run` or `stop` said. After an
 * error of `run`, which beats a stop, *left is not meaningful. A job of one tile never leaves the
 * caller. No heap calls once the workers are there. A tile may open a team of its own. */
tenon_status tenon__team_run(tenon__team *team, const tenon__job *job, tenon__tile_range *left);

#endif
