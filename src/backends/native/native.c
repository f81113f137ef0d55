/* SPDX-License-Identifier: Apache-2.0 */
/* The engine in the box, as a backend: a plan is what is compiled, an executor what runs. */
#include "backends/backend.h"
#include "base/os.h"
#include "exec/executor.h"
#include "plan/plan.h"
#include <tenon/version.h>

struct tenon__compiled {
    tenon__plan *plan;
    const tenon_allocator *allocator;
};

struct tenon__request {
    tenon__plan *plan;
    const tenon_allocator *allocator;
    tenon__exec exec;
};

static tenon_status devices(tenon__device *out, size_t most, size_t *count, tenon_error *err)
{
    (void)err;
    *count = 1;
    if (most) out[0] = (tenon__device){"cpu", tenon__memory_bytes(), -1};
    return TENON_OK;
}

static void release(tenon__compiled *c)
{
    if (!c) return;
    tenon__plan_destroy(c->plan);
    tenon__free(c->allocator, c);
}

static tenon_status compile(const tenon__graph *graph, const tenon__compile_options *options,
                            tenon__compiled **out, tenon_error *err)
{
    tenon__plan_options o = {options->allocator, options->cpu, options->accuracy,
                             options->limit_bytes};
    tenon__compiled *c = tenon__alloc_zeroed(options->allocator, sizeof *c);
    *out = NULL;
    if (!c) return tenon__fail(err, TENON_ENOMEM, "no memory for a plan");
    c->allocator = options->allocator;
    tenon_status st = tenon__plan_create(graph, &o, &c->plan, err);
    if (st) {
        release(c);
        return st;
    }
    c->plan->discard = options->discard;
    c->plan->discard_ctx = options->discard_ctx;
    *out = c;
    return TENON_OK;
}

static size_t packed_bytes(const tenon__compiled *c)
{
    return atomic_load(&c->plan->packed_bytes);
}

static void destroy(tenon__request *r)
{
    if (!r) return;
    tenon__exec_fini(&r->exec);
    tenon__free(r->allocator, r);
}

static tenon_status create(tenon__compiled *c, const tenon__request_options *o,
                           tenon__request **out, tenon_error *err)
{
    tenon__request *r = tenon__alloc_zeroed(o->allocator, sizeof *r);
    *out = NULL;
    if (!r) return tenon__fail(err, TENON_ENOMEM, "no memory for a session");
    r->plan = c->plan;
    r->allocator = o->allocator;
    r->exec = (tenon__exec){.env = o->env,
                            .allocator = o->allocator,
                            .plan = c->plan,
                            .pool = o->pool,
                            .threads = o->threads,
                            .priority = o->priority,
                            .profile = o->profile,
                            .cancel = o->cancel,
                            .limit_bytes = o->limit_bytes};
    tenon_status st = tenon__exec_init(&r->exec, err);
    if (st) {
        destroy(r);
        return st;
    }
    *out = r;
    return TENON_OK;
}

static void set_input(tenon__request *r, uint32_t index, const tenon__view *view)
{
    r->exec.main->views[r->plan->inputs[index]] = *view;
}

/* Only an output that a step makes, in storage of its own, is written where it is wanted. */
static void set_output(tenon__request *r, uint32_t index, void *data, size_t size_bytes)
{
    uint32_t slot = r->plan->outputs[index];
    const tenon__slot *info = &r->plan->slots[slot];
    tenon__place *p = &r->exec.main->places[slot];
    if (info->role != TENON__ROLE_NODE || info->root != slot) data = NULL;
    if ((data != NULL) != (p->user != NULL)) r->exec.main->is_bound = false;
    p->user = data;
    p->user_bytes = size_bytes;
}

static void set_deadline(tenon__request *r, uint64_t deadline_ns)
{
    r->exec.deadline_ns = deadline_ns;
}

static tenon_status begin(tenon__request *r, tenon_error *err)
{
    return tenon__exec_begin(&r->exec, err);
}

static tenon_status run(tenon__request *r, uint64_t budget_ns, bool *done, tenon_error *err)
{
    return tenon__exec_run(&r->exec, budget_ns, done, err);
}

static const tenon__view *output(const tenon__request *r, uint32_t index)
{
    return &r->exec.main->views[r->plan->outputs[index]];
}

/* The frame that holds step `*index` of those of `f` and of its bodies, each body behind the step
 * that runs it; *index is then the step in it. NULL: there are fewer, and *index is less by those.
 */
static const tenon__frame *find_step(const tenon__frame *f, size_t *index)
{
    const tenon__frame *found = NULL;
    if (f->plan->depth == 0) { /* no bodies: nothing to walk */
        found = *index < f->plan->step_count ? f : NULL;
        *index -= found ? 0 : f->plan->step_count;
        return found;
    }
    for (uint32_t s = 0; s < f->plan->step_count && !found; s++) {
        if (*index == 0) {
            *index = s;
            return f;
        }
        --*index;
        for (uint32_t i = 0; i < f->plan->steps[s].body_count && !found; i++)
            if (f->bound[s].bodies[i]) found = find_step(f->bound[s].bodies[i], index);
    }
    return found;
}

static size_t step_count(const tenon__request *r)
{
    size_t rest = SIZE_MAX;
    if (!r->exec.main->is_bound) return 0;
    (void)find_step(r->exec.main, &rest);
    return SIZE_MAX - rest;
}

static void step(const tenon__request *r, size_t index, tenon_step_info *out, tenon__str *node)
{
    const tenon__frame *f = find_step(r->exec.main, &index);
    const tenon__step *s = &f->plan->steps[index];
    const tenon__bound *b = &f->bound[index];
    const tenon__place *p = s->out_count ? &f->places[s->out[0]] : NULL;
    const tenon__view *v = s->out_count ? &f->views[s->out[0]] : NULL;
    size_t bytes = 0;
    *node = s->node->name;
    out->op = s->op->name;
    out->kernel = b->how != TENON__HOW_NOTHING && s->kernel ? s->kernel : "";
    out->layout = v && v->layout == TENON__C16 ? "c16" : "plain";
    if (v) tenon__view_print(v, out->shape, sizeof out->shape);
    out->tiles = b->how == TENON__HOW_TILES ? b->tiles : 0;
    out->phases = b->phases;
    out->flops = b->flops;
    if (p && p->base == TENON__BASE_ARENA) out->arena_offset_bytes = p->offset;
    if (v && v->kind == TENON_VALUE_TENSOR && tenon__view_bytes(v, &bytes))
        out->output_bytes = bytes;
    out->scratch_bytes = b->scratch_bytes;
    out->runs = b->runs;
    out->total_ns = b->total_ns;
}

static void info(const tenon__request *r, tenon_session_info *out)
{
    const tenon__frame *f = r->exec.main;
    out->arena_bytes = f->arena_bytes;
    out->scratch_bytes = r->exec.scratch_total;
    out->binds = f->binds;
    out->bind_ns = f->bind_ns;
    out->flops = f->flops;
    out->threads = r->exec.threads;
}

static const char *const formats[] = {"onnx", NULL};
static const char *const precisions[] = {"f32", NULL};

const tenon__backend tenon__backend_native = {
    .name = "native",
    .version = tenon_version_text,
    .caps = TENON__CAP_STEP | TENON__CAP_CANCEL | TENON__CAP_DYNAMIC,
    .formats = formats,
    .precisions = precisions,
    .devices = devices,
    .compile = compile,
    .release = release,
    .packed_bytes = packed_bytes,
    .create = create,
    .destroy = destroy,
    .set_input = set_input,
    .set_output = set_output,
    .set_deadline = set_deadline,
    .begin = begin,
    .run = run,
    .output = output,
    .step_count = step_count,
    .step = step,
    .info = info,
};
