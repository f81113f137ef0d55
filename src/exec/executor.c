/* SPDX-License-Identifier: Apache-2.0 */
/* Threads take tiles; between two tiles everybody looks at cancel, deadline and budget. A cursor is
 * (frame, step, phase, tile), so that a run goes on where it stopped, inside a heavy layer if need
 * be. */
#include "exec/executor.h"

#include "base/os.h"
#include "exec/pack.h"

/* ---- services for operators that make values
 * -------------------------------------------------------------------- */

static void *service_alloc(void *ctx, size_t size_bytes)
{
    tenon__frame *f = ctx;
    while (f->parent)
        f = f->parent;
    return tenon__arena_alloc(&f->strings, size_bytes);
}

static tenon_status service_resize(void *ctx, tenon__view *out, tenon_dtype dtype, int rank,
                                   const int64_t *dims, tenon_error *err)
{
    return tenon__frame_resize(ctx, out, dtype, rank, dims, err);
}

static tenon_status service_give(void *ctx, tenon__view *out, tenon_value *value, tenon_error *err)
{
    return tenon__frame_give(ctx, out, value, err);
}

static tenon_status service_buffer(void *ctx, uint32_t index, size_t size_bytes, void **out,
                                   tenon_error *err)
{
    return tenon__frame_buffer(ctx, index, size_bytes, out, err);
}

static tenon__services services_of(tenon__frame *f)
{
    return (tenon__services){f,      service_alloc, service_resize, service_give,
                             f->env, service_buffer};
}

/* ---- stopping
 * ---------------------------------------------------------------------------------------------------
 */

static tenon_status look_around(tenon__exec *x)
{
    if (x->cancel && atomic_load_explicit(x->cancel, memory_order_relaxed)) return TENON_ECANCELED;
    if (!x->deadline_ns && !x->end_ns) return TENON_OK;
    uint64_t now = tenon__clock_ns();
    if (x->deadline_ns && now >= x->deadline_ns) return TENON_EDEADLINE;
    return x->end_ns && x->moved && now >= x->end_ns ? TENON_EAGAIN : TENON_OK;
}

static tenon_status stopped(tenon_status st, tenon_error *err)
{
    if (st == TENON_ECANCELED) return tenon__fail(err, st, "the run was canceled");
    if (st == TENON_EDEADLINE) return tenon__fail(err, st, "the run's deadline passed");
    return st;
}

/* ---- tiles
 * ------------------------------------------------------------------------------------------------------
 */

typedef struct tile_job {
    tenon__exec *exec;
    tenon__bound *bound;
    const tenon__services *services;
    uint32_t phase;
    atomic_flag failed;
    tenon_error *err;
} tile_job;

static tenon_status run_tile(const tile_job *job, uint32_t tile, uint32_t participant,
                             tenon_error *err)
{
    tenon__run run = job->bound->run;
    run.scratch = (uint8_t *)job->exec->scratch + participant * job->exec->scratch_each;
    run.tile = tile;
    run.phase = job->phase;
    run.participant = participant;
    run.services = job->services;
    run.err = err;
    return run.node->op->run(&run);
}

static tenon_status job_tile(void *ctx, uint32_t tile, uint32_t participant)
{
    tile_job *job = ctx;
    tenon_error detail;
    uint64_t mode = tenon__fp_mode_set();
    tenon_status st = run_tile(job, tile, participant, &detail);
    tenon__fp_mode_restore(mode);
    if (st && !atomic_flag_test_and_set(&job->failed) && job->err) *job->err = detail;
    return st;
}

static tenon_status job_stop(void *ctx)
{
    tile_job *job = ctx;
    return look_around(job->exec);
}

static tenon_status run_phase(tenon__exec *x, tenon__frame *f, tenon__bound *b, tenon_error *err)
{
    tenon__services services = services_of(f);
    tile_job job = {.exec = x, .bound = b, .services = &services, .phase = f->phase, .err = err};
    atomic_flag_clear(&job.failed);
    tenon_status st = look_around(x);
    if (st) return st;
    if (f->tile_end - f->tile <= 1 || x->one_tile || x->threads == 1) {
        for (; f->tile < f->tile_end; f->tile++) {
            if ((st = look_around(x)) != TENON_OK) return st;
            if (x->one_tile && x->moved) return TENON_EAGAIN;
            if ((st = run_tile(&job, f->tile, 0, err)) != TENON_OK) return st;
            x->moved = true;
        }
        return TENON_OK;
    }
    x->moved = true; /* before the others look: the first tile of a call is always run */
    if (x->end_ns && tenon__clock_ns() >= x->end_ns) {
        st = run_tile(&job, f->tile, 0, err);
        if (st) return st;
        f->tile++;
        return f->tile < f->tile_end ? TENON_EAGAIN : TENON_OK;
    }
    tenon__job j = {job_tile, job_stop, &job, f->tile, f->tile_end};
    tenon__tile_range left;
    st = tenon__team_run(&x->team, &j, &left);
    f->tile = left.first;
    f->tile_end = left.end;
    return st;
}

static tenon_status run_step(tenon__exec *x, tenon__frame *f, tenon_error *err)
{
    tenon__bound *b = &f->bound[f->step];
    const tenon__op *op = b->run.node->op;
    uint64_t start = x->profile ? tenon__clock_ns() : 0;
    tenon_status st = TENON_OK;
    while (st == TENON_OK && f->phase < b->phases) {
        if (!f->tile_end) {
            f->tile = 0;
            f->tile_end = op->tiles ? op->tiles(b->run.params, f->phase) : b->tiles;
        }
        st = run_phase(x, f, b, err);
        if (st == TENON_OK) {
            f->phase++;
            f->tile_end = 0;
        }
    }
    if (x->profile) {
        b->total_ns += tenon__clock_ns() - start;
        b->runs += st == TENON_OK;
    }
    if (st == TENON_OK) {
        f->step++;
        f->phase = f->tile_end = 0;
    } else if (st != TENON_EAGAIN && st != TENON_ECANCELED && st != TENON_EDEADLINE) {
        return tenon__node_error(b->run.node, st, err);
    }
    return st;
}

/* ---- control flow
 * -----------------------------------------------------------------------------------------------
 */

static tenon_status enter_body(tenon__exec *x, tenon__frame *f, tenon__frame *body,
                               const tenon__control *c, tenon_error *err)
{
    const tenon__plan *plan = body->plan;
    if (c->body_in_count != plan->input_count)
        return tenon__fail(err, TENON_EFORMAT, "its body takes %u inputs and is given %u",
                           plan->input_count, c->body_in_count);
    for (uint32_t i = 0; i < plan->input_count; i++)
        body->views[plan->inputs[i]] = *c->body_in[i];
    f->round++;
    f->body = body;
    x->top = body;
    return tenon__frame_begin(body, err);
}

static tenon_status run_control(tenon__exec *x, tenon__frame *f, tenon_error *err)
{
    tenon__bound *b = &f->bound[f->step];
    const tenon__view *body_in[TENON__MAX_BODY_INPUTS], *body_out[TENON__MAX_BODY_INPUTS];
    tenon__services services = services_of(f);
    tenon__control c = {.run = b->run, .round = f->round, .body_in = body_in};
    c.state = f->params + f->plan->steps[f->step].params_offset;
    c.run.services = &services;
    c.run.err = err;
    tenon_status st = look_around(x);
    if (st) return st;
    if (f->round) {
        const tenon__plan *plan = f->body->plan;
        c.body_out_count = plan->output_count;
        c.body_out = body_out;
        for (uint32_t i = 0; i < plan->output_count; i++)
            body_out[i] = &f->body->views[plan->outputs[i]];
    }
    int body = -1;
    st = b->run.node->op->next(&c, &body);
    if (st == TENON_OK && body >= 0) {
        if ((uint32_t)body >= f->plan->steps[f->step].body_count || !b->bodies[body])
            st = tenon__fail(err, TENON_EFORMAT, "it has no body number %d", body);
        else
            return enter_body(x, f, b->bodies[body], &c, err);
    }
    if (st) return tenon__node_error(b->run.node, st, err);
    f->round = 0;
    f->body = NULL;
    f->step++;
    return TENON_OK;
}

/* ---- the loop
 * ---------------------------------------------------------------------------------------------------
 */

static tenon_status fit_scratch(tenon__exec *x, size_t each, tenon_error *err)
{
    if (each <= x->scratch_each && x->scratch) return TENON_OK;
    size_t total, old = x->scratch ? x->scratch_total : 0;
    if (!tenon__mul(each, x->threads, &total))
        return tenon__fail(err, TENON_ELIMIT, "scratch memory overflows");
    tenon_status st = tenon__frame_take(x->main, old, total + 64, &x->scratch, false, err);
    x->scratch_total = x->scratch ? total + 64 : 0;
    x->scratch_each = x->scratch ? each : 0;
    return st;
}

static tenon_status advance(tenon__exec *x, bool *done, tenon_error *err)
{
    tenon__frame *f = x->top;
    if (f->step == f->bound_end) {
        if (f->step == f->plan->step_count) {
            f->running = false;
            if (!f->parent) *done = true;
            x->top = f->parent ? f->parent : f;
            return TENON_OK;
        }
        return tenon__frame_continue(f, err);
    }
    tenon__bound *b = &f->bound[f->step];
    if (b->how == TENON__HOW_NOTHING) {
        f->step++;
        return TENON_OK;
    }
    if (b->how == TENON__HOW_CONTROL) return run_control(x, f, err);
    tenon_status st = b->scratch_bytes > x->scratch_each || !x->scratch
                          ? fit_scratch(x, b->scratch_bytes, err)
                          : TENON_OK;
    return st ? st : run_step(x, f, err);
}

tenon_status tenon__exec_begin(tenon__exec *x, tenon_error *err)
{
    x->top = x->main;
    tenon_status st = tenon__frame_begin(x->main, err);
    return st ? st : fit_scratch(x, x->main->scratch_bytes, err);
}

tenon_status tenon__exec_run(tenon__exec *x, uint64_t budget_ns, bool *done, tenon_error *err)
{
    uint64_t mode = tenon__fp_mode_set();
    x->moved = false;
    x->one_tile = budget_ns == 0;
    x->end_ns = 0;
    if (budget_ns && budget_ns != TENON__EXEC_NO_BUDGET) {
        uint64_t now = tenon__clock_ns();
        x->end_ns = budget_ns > UINT64_MAX - now ? UINT64_MAX : now + budget_ns;
    }
    *done = false;
    tenon__team_open(x->pool, &x->team, x->threads, x->priority);
    tenon_status st = tenon__pack_run(x, err);
    while (st == TENON_OK && !*done)
        st = advance(x, done, err);
    tenon__team_close(&x->team);
    tenon__fp_mode_restore(mode);
    if (st == TENON_EAGAIN) return TENON_OK;
    return stopped(st, err);
}

tenon_status tenon__exec_init(tenon__exec *x, tenon_error *err)
{
    x->used_bytes = 0;
    x->scratch = NULL;
    x->scratch_each = x->scratch_total = 0;
    tenon_status st = tenon__frame_create(x->plan, NULL, x->env, x->allocator, x->limit_bytes,
                                          &x->used_bytes, &x->main, err);
    x->top = x->main;
    return st;
}

void tenon__exec_fini(tenon__exec *x)
{
    tenon__frame_destroy(x->main);
    tenon__free(x->allocator, x->scratch);
    x->main = x->top = NULL;
    x->scratch = NULL;
}
