/* SPDX-License-Identifier: Apache-2.0 */
/* Packed copies belong to the plan and lie in one block. Sessions that start at the same time take
 * turns at the lock; the tiles of one copy are shared by the threads of the session that holds it.
 */
#include "exec/pack.h"

#include "base/os.h"

typedef struct pack_job {
    tenon__exec *exec;
    tenon__pack pack;
    tenon__pack_fn run;
    atomic_flag failed;
    tenon_error *err;
} pack_job;

static tenon_status pack_tile(void *ctx, uint32_t tile, uint32_t participant)
{
    pack_job *job = ctx;
    tenon__pack p = job->pack;
    tenon_error detail;
    (void)participant;
    p.tile = tile;
    p.err = &detail;
    tenon_status st = job->run(&p);
    if (st && !atomic_flag_test_and_set(&job->failed) && job->err) *job->err = detail;
    return st;
}

static tenon_status pack_stop(void *ctx)
{
    tenon__exec *x = ((pack_job *)ctx)->exec;
    if (x->cancel && atomic_load_explicit(x->cancel, memory_order_relaxed)) return TENON_ECANCELED;
    if (!x->deadline_ns && !x->end_ns) return TENON_OK;
    uint64_t now = tenon__clock_ns();
    if (x->deadline_ns && now >= x->deadline_ns) return TENON_EDEADLINE;
    return x->end_ns && now >= x->end_ns ? TENON_EAGAIN : TENON_OK;
}

/* The step's operands as constant views: what pack functions read. */
static tenon_status pack_one(tenon__exec *x, tenon__packed *k, tenon_error *err)
{
    tenon__plan *plan = x->plan;
    const tenon__step *step = k->owner;
    const tenon__view *in[TENON__MAX_PACK_INPUTS];
    for (uint32_t i = 0; i < step->in_count && i < TENON__MAX_PACK_INPUTS; i++)
        in[i] = step->in[i] == TENON__NO_SLOT ? NULL : &k->plan->slots[step->in[i]].view;
    pack_job job = {.exec = x, .run = k->pack, .err = err};
    atomic_flag_clear(&job.failed);
    job.pack = (tenon__pack){.node = step->node,
                             .attrs = step->attrs,
                             .prepared = step->prepared,
                             .in = in,
                             .dst = plan->packed_block + k->offset};
    if (x->one_tile || (x->end_ns && !x->moved)) { /* progress whatever the budget */
        tenon_status st = pack_tile(&job, plan->pack_tile, 0);
        plan->pack_tile += !st;
        return st ? tenon__node_error(step->node, st, err) : TENON_OK;
    }
    tenon__job j = {pack_tile, pack_stop, &job, plan->pack_tile, plan->pack_end};
    tenon__tile_range left;
    tenon_status st = tenon__team_run(&x->team, &j, &left);
    plan->pack_tile = left.first;
    plan->pack_end = left.end;
    x->moved = true;
    if (st && st != TENON_EAGAIN && st != TENON_ECANCELED && st != TENON_EDEADLINE) {
        plan->pack_end = 0; /* from its beginning, should somebody run again */
        return tenon__node_error(step->node, st, err);
    }
    return st;
}

static tenon_status pack_rest(tenon__exec *x, tenon_error *err)
{
    tenon__plan *plan = x->plan;
    if (plan->packed_count && !plan->packed_block) {
        plan->packed_block = tenon__alloc(plan->allocator, plan->packed_room);
        if (!plan->packed_block)
            return tenon__fail(err, TENON_ENOMEM, "no memory for %zu bytes of packed weights",
                               plan->packed_room);
    }
    while (plan->pack_next < plan->packed_count) {
        tenon__packed *k = &plan->packed[plan->pack_next];
        if (!plan->pack_end) {
            plan->pack_tile = 0;
            plan->pack_end = k->tiles;
        }
        while (plan->pack_tile < plan->pack_end) {
            if (x->one_tile && x->moved) return TENON_EAGAIN;
            tenon_status st = pack_one(x, k, err);
            if (st) return st;
            x->moved = true;
        }
        memset(plan->packed_block + k->offset + k->size_bytes, 0, TENON_TENSOR_PAD_BYTES);
        atomic_fetch_add(&plan->packed_bytes, k->size_bytes);
        if (k->only && plan->discard) plan->discard(plan->discard_ctx, k->source, k->source_bytes);
        plan->pack_next++;
        plan->pack_end = 0;
    }
    return TENON_OK;
}

static void point_frame(tenon__frame *f)
{
    const tenon__plan *plan = f->plan;
    const tenon__plan *main = tenon__plan_main(plan);
    for (uint32_t s = 0; s < plan->step_count; s++) {
        const tenon__step *step = &plan->steps[s];
        for (int i = 0; i < TENON__MAX_PACKED; i++)
            if (step->packed[i] != TENON__NO_SLOT)
                f->packed[(size_t)s * TENON__MAX_PACKED + (size_t)i] =
                    main->packed_block + main->packed[step->packed[i]].offset;
        for (uint32_t b = 0; b < step->body_count; b++)
            if (f->bound[s].bodies[b]) point_frame(f->bound[s].bodies[b]);
    }
}

tenon_status tenon__pack_run(tenon__exec *x, tenon_error *err)
{
    tenon__plan *plan = x->plan;
    if (x->packed_ready) return TENON_OK;
    if (!atomic_load_explicit(&plan->pack_done, memory_order_acquire)) {
        pthread_mutex_lock(&plan->pack_lock);
        tenon_status st = pack_rest(x, err);
        if (st == TENON_OK) atomic_store_explicit(&plan->pack_done, true, memory_order_release);
        pthread_mutex_unlock(&plan->pack_lock);
        if (st) return st;
    }
    point_frame(x->main);
    x->packed_ready = true;
    return TENON_OK;
}
